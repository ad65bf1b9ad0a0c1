"""Looking up finished environments: cheap enough for every run."""

from functools import lru_cache
from pathlib import Path

import msgspec

from engine._exceptions import ConfigError, EngineError, RuntimeUnavailableError

from ._layout import (
    BASE,
    DATA,
    GUEST_PYTHON,
    SETUP_HINT,
    checked_name,
    environment_folder,
    environments_folder,
    interpreter_root,
)
from ._manifest import CURRENT, PACKAGES, current_layer, load_interpreter, read_manifest


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """A guest environment that is ready to be mounted.

    Attributes:
        name: As users write it.
        hash: Of its content; equal hashes are equal environments.
        root: Host folder that becomes `/`, read-only.
        packages: Host folder for `/opt/packages`, read-only; None if it has no packages.
        python: Path of the interpreter as the guest sees it.
        version: Of Python.
        modules: Importable top-level names, the standard library's among them.
        env: Environment variables that its programs need.
        links: Symbolic links to make in the jail, with the folders above them: guest path -> target.
        preload: Modules that a process may import before it takes programs.
        bytes: Size of the packages on disk.
    """

    name: str
    hash: str
    root: Path
    packages: Path | None
    python: str
    version: str
    modules: frozenset[str]
    env: dict[str, str]
    links: dict[str, str]
    preload: tuple[str, ...]
    bytes: int


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a listing.

    Attributes:
        name: Of the environment.
        environment: None if it cannot be used.
        reason: Why it cannot be used.
        hint: What to do about that.
    """

    name: str
    environment: Environment | None = None
    reason: str = ""
    hint: str = ""


def load_environment(cache: Path, name: str) -> Environment:
    """Return the environment that `name` stands for at this moment.

    Raises:
        ConfigError: There is no such environment.
        RuntimeUnavailableError: It is damaged, or not set up yet.
    """
    checked_name(name)
    layer = current_layer(cache, name)
    if layer is None:
        raise _unknown(cache, name)
    environment = _read(cache, name, layer)
    for path in (environment.root / GUEST_PYTHON[1:], environment.packages):
        if path is not None and not path.exists():
            raise RuntimeUnavailableError(
                f"environment `{name}` is damaged: `{path}` is missing", hint=_setup_hint(name)
            )
    return environment


def list_environments(cache: Path) -> list[Listed]:
    """Return all environments by name, those that cannot be used with the reason."""
    folder = environments_folder(cache)
    if not folder.is_dir():
        return []
    names = sorted(entry.name for entry in folder.iterdir() if (entry / CURRENT).is_symlink())
    return [_listed(cache, name) for name in names]


def _listed(cache: Path, name: str) -> Listed:
    try:
        return Listed(name=name, environment=load_environment(cache, name))
    except EngineError as error:
        return Listed(name=name, reason=str(error), hint=error.hint)


# A layer never changes, so what was read of one stays true; whether its files are there is another matter.
@lru_cache(maxsize=64)
def _read(cache: Path, name: str, layer: str) -> Environment:
    manifest = read_manifest(cache, name, layer)
    interpreter = load_interpreter(cache, manifest.interpreter)
    recipe = manifest.recipe
    return Environment(
        name=name,
        hash=manifest.hash,
        root=interpreter_root(cache, manifest.interpreter),
        packages=environment_folder(cache, name) / layer / PACKAGES if recipe.lock else None,
        python=GUEST_PYTHON,
        version=manifest.python,
        modules=frozenset(interpreter.modules) | frozenset(manifest.modules),
        env=manifest.env,
        links=manifest.links,
        preload=recipe.preload,
        bytes=manifest.bytes,
    )


def _unknown(cache: Path, name: str) -> EngineError:
    if name in (BASE, DATA):
        return RuntimeUnavailableError(f"environment `{name}` is not set up", hint=_setup_hint(name))
    known = ", ".join(f"`{listed.name}`" for listed in list_environments(cache)) or "none"
    return ConfigError(
        f"no environment `{name}`", hint=f"there are: {known}; `isorun env add {name} ...` makes one"
    )


def _setup_hint(name: str) -> str:
    return SETUP_HINT if name == BASE else f"{SETUP_HINT[:-1]} {name}`"
