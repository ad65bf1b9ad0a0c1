"""What is known about finished layers, and which layer a name stands for."""

from pathlib import Path
from typing import Literal

import msgspec

from engine._exceptions import RuntimeUnavailableError

from ._layout import GUEST_PYTHON, MANIFEST, SETUP_HINT, environment_folder, interpreter_root

CURRENT = "current"
PACKAGES = "packages"

type Source = Literal["built-in", "requirements", "wheels"]


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides over the content of an environment, beside the interpreter.

    Attributes:
        name: Of the environment.
        source: Where the lock comes from.
        lock: Pinned requirements with hashes; empty for an environment without packages.
        wheels: Folder of wheels to install from, in place of the package index.
        preload: Modules that a process may import before it takes programs.
        unneeded: Patterns of what guests never use, below the packages folder; removed once installed.
    """

    name: str
    source: Source
    lock: str = ""
    wheels: str | None = None
    preload: tuple[str, ...] = ()
    unneeded: tuple[str, ...] = ()


class InterpreterManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a finished interpreter layer.

    Attributes:
        hash: Its name.
        version: Of Python.
        modules: Importable top-level names.
        bytes: Size on disk.
    """

    hash: str
    version: str
    modules: tuple[str, ...]
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Written last into a layer.

    Attributes:
        hash: Name of the layer.
        python: Version of Python.
        interpreter: The interpreter layer that it was built for.
        recipe: What it was built from.
        modules: Importable top-level names of its packages.
        env: Environment variables that its programs need.
        links: Symbolic links that a jail makes, with the folders above them: guest path -> target.
        created: UTC, ISO 8601.
        bytes: Size on disk, without the interpreter.
    """

    hash: str
    python: str
    interpreter: str
    recipe: Recipe
    modules: tuple[str, ...]
    env: dict[str, str]
    links: dict[str, str]
    created: str
    bytes: int


def current_layer(cache: Path, name: str) -> str | None:
    """Return the layer that `name` stands for, or None if there is none."""
    try:
        return (environment_folder(cache, name) / CURRENT).readlink().name
    except OSError:
        return None


def read_manifest(cache: Path, name: str, layer: str) -> Manifest:
    """Read the manifest of a layer.

    Raises:
        RuntimeUnavailableError: It is missing or not readable as one.
    """
    path = environment_folder(cache, name) / layer / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise RuntimeUnavailableError(
            f"environment `{name}` is damaged: `{path}` cannot be read", hint=SETUP_HINT
        ) from error


def load_interpreter(cache: Path, layer: str) -> InterpreterManifest:
    """Read the manifest of an interpreter layer and see that its executable is there.

    Raises:
        RuntimeUnavailableError: The layer is missing or damaged.
    """
    root = interpreter_root(cache, layer)
    try:
        manifest = msgspec.json.decode((root.parent / MANIFEST).read_bytes(), type=InterpreterManifest)
    except (OSError, msgspec.DecodeError) as error:
        raise RuntimeUnavailableError(
            f"interpreter layer `{layer}` is missing or damaged", hint=SETUP_HINT
        ) from error
    if not (root / GUEST_PYTHON[1:]).is_file():
        raise RuntimeUnavailableError(f"interpreter layer `{layer}` has lost its executable", hint=SETUP_HINT)
    return manifest
