"""A compiler in the cache: a folder that compile jails see read-only, and what is known about it."""

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from engine._exceptions import RuntimeUnavailableError
from runtimes.environments import GUEST_TOOLS
from runtimes.environments._staging import writing

type Name = Literal["c", "rust"]
NAMES: tuple[Name, ...] = ("c", "rust")

#: Where a compile jail sees it.
TOOLCHAIN = f"{GUEST_TOOLS}/compiler"
#: Changes when the content of a folder is laid out in another way.
LAYOUT = 1
_MANIFEST = "manifest.json"
_CURRENT = "current"


class Toolchain(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a compiler, written last into its folder.

    Attributes:
        name: For what it is.
        hash: Of what it was made from; equal hashes compile equally.
        version: As its makers count.
        target: The platform that it compiles for, as it calls it.
        bytes: Size on disk.
    """

    name: Name
    hash: str
    version: str
    target: str
    bytes: int


def toolchain_folder(cache: Path, name: Name) -> Path:
    """Return where the folders of a compiler are, a version each."""
    return cache / "toolchains" / name


def toolchain_hash(*parts: str) -> str:
    """Name what a toolchain is made from."""
    return hashlib.sha256(msgspec.json.encode((LAYOUT, parts))).hexdigest()[:32]


def find_toolchain(cache: Path, name: Name) -> Toolchain | None:
    """Return the compiler in use, None if it is not set up.

    Raises:
        RuntimeUnavailableError: It is damaged.
    """
    folder = toolchain_folder(cache, name)
    try:
        layer = (folder / _CURRENT).readlink().name
    except OSError:
        return None
    try:
        return msgspec.json.decode((folder / layer / _MANIFEST).read_bytes(), type=Toolchain)
    except (OSError, msgspec.DecodeError) as error:
        raise RuntimeUnavailableError(
            f"the compiler in `{folder / layer}` is damaged", hint=f"run `isorun setup --wasm {name}`"
        ) from error


def found_or_none(cache: Path, name: Name) -> Toolchain | None:
    """Return the compiler in use; None also if it is damaged, for whoever is about to replace it."""
    try:
        return find_toolchain(cache, name)
    except RuntimeUnavailableError:
        return None


def write_manifest(staging: Path, toolchain: Toolchain) -> None:
    """Say what is in a folder; the last that is written into it."""
    (staging / _MANIFEST).write_bytes(msgspec.json.encode(toolchain))


def use(cache: Path, toolchain: Toolchain) -> None:
    """Make a compiler the one in use, in one step; the caller holds the cache's lock."""
    folder = toolchain_folder(cache, toolchain.name)
    link = folder / f".{_CURRENT}"
    with writing(folder):
        link.unlink(missing_ok=True)
        link.symlink_to(toolchain.hash)
        link.rename(folder / _CURRENT)
