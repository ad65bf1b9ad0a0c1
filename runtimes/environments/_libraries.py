"""Shared libraries of an interpreter: what it is linked with, and what wheels may rely on."""

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from engine._exceptions import RuntimeUnavailableError
from engine._process import ToolError, run_tool

#: Libraries outside a wheel that the manylinux policies let it use, less those of graphical desktops; `gomp`
#: for wheels that do not bring their own. Older C libraries load `nss_files` by name for `/etc/passwd`.
BASELINE = (
    "libatomic.so.1",
    "libcrypt.so.1",
    "libdl.so.2",
    "libexpat.so.1",
    "libgcc_s.so.1",
    "libgomp.so.1",
    "libm.so.6",
    "libnsl.so.1",
    "libnss_files.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libstdc++.so.6",
    "libutil.so.1",
    "libz.so.1",
)
#: Parts of the GNU C library.
_C_LIBRARY = frozenset({"libc", "libdl", "libm", "libpthread", "libresolv", "librt", "libutil"})
_LDD_SECONDS = 60.0
_LINKED = re.compile(r"^\s+(\S+) => (/.+) \(0x[0-9a-f]+\)$", re.MULTILINE)
_LOADER = re.compile(r"^\s+(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)
_LDCONFIG = re.compile(r"^\s+(\S+) \(.*\) => (/.+)$", re.MULTILINE)
_ELF_CLASS_AND_MACHINE = 20


class Libraries(NamedTuple):
    """Libraries by the name that a program asks for.

    Attributes:
        files: Name -> file to copy.
        loader: Path that the kernel starts to load the executable; None for a static one.
    """

    files: dict[str, Path]
    loader: str | None


def libraries_of(executable: Path, extensions: Iterable[Path]) -> Libraries:
    """Find all libraries for `executable`, its extension modules and ordinary wheels."""
    files, loader = _linked([executable])
    if loader is None:
        return Libraries({}, None)
    baseline = _baseline(executable, {path.parent for path in files.values()})
    linked, _ = _linked([executable, *extensions, *baseline.values()])
    return Libraries(baseline | linked | {Path(loader).name: Path(loader)}, loader)


def linked_libraries(programs: list[Path]) -> dict[str, Path]:
    """Return the libraries that programs are linked with, by name, less those of the C library.

    The guest's interpreter brings that one; two of them do not mix.
    """
    files, _ = _linked(programs)
    return {name: path for name, path in files.items() if name.partition(".so")[0] not in _C_LIBRARY}


def _linked(binaries: list[Path]) -> tuple[dict[str, Path], str | None]:
    ldd = shutil.which("ldd")
    if ldd is None:
        raise RuntimeUnavailableError("`ldd` is missing", hint="install it (Debian: `libc-bin`)")
    try:
        text = run_tool([ldd, *binaries], timeout_seconds=_LDD_SECONDS)
    except ToolError as error:
        # "not a dynamic executable", or musl's "Not a valid dynamic program": a static Python needs nothing.
        if len(binaries) == 1 and "dynamic" in str(error):
            return {}, None
        raise RuntimeUnavailableError(f"the libraries of `{binaries[0]}` cannot be found: {error}") from error
    loader = _LOADER.search(text)
    return {name: Path(path) for name, path in _LINKED.findall(text)}, loader[1] if loader else None


def _baseline(executable: Path, folders: set[Path]) -> dict[str, Path]:
    machine = _machine(executable)
    found: dict[str, Path] = {}
    candidates = [(name, folder / name) for folder in sorted(folders) for name in BASELINE]
    for name, path in candidates + _registered():
        if name not in found and path.is_file() and _machine(path) == machine:
            found[name] = path
    return found


def _registered() -> list[tuple[str, Path]]:
    """Return the baseline libraries that the linker's own cache knows, of any machine type."""
    # /sbin is not on an ordinary user's PATH everywhere.
    ldconfig = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if ldconfig is None:
        return []
    entries = _LDCONFIG.findall(run_tool([ldconfig, "-p"], timeout_seconds=_LDD_SECONDS))
    return [(name, Path(path)) for name, path in entries if name in BASELINE]


def _machine(path: Path) -> bytes:
    with path.open("rb") as file:
        header = file.read(_ELF_CLASS_AND_MACHINE)
    return header[4:6] + header[18:20]
