"""The Python that runs isorun, as the source of the guest's interpreter."""

import hashlib
import os
import re
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

from engine._exceptions import RuntimeUnavailableError

from ._layout import LAYOUT_VERSION

#: The C library, its loader and libpython: every interpreter has mapped them, whatever it has imported, so an
#: update of one of them gives a new layer, and nothing else does.
_CORE_LIBRARY = re.compile(r"(libc[.-]|ld[.-]|libpython)[-.\w]*")


class HostPython(NamedTuple):
    """Where the base interpreter lies; a virtual environment is looked through.

    Attributes:
        executable: The real file, never a link.
        version: For example `3.12.1`.
        library: The folder of the standard library.
        extensions: Its `lib-dynload`, which may not exist.
        library_name: Path of the library below the prefix, for example `lib/python3.12`.
        layer: Hash that names the interpreter layer made from it.
    """

    executable: Path
    version: str
    library: Path
    extensions: Path
    library_name: str
    layer: str


def host_python() -> HostPython:
    """Find the base interpreter of this process.

    Raises:
        RuntimeUnavailableError: It cannot be copied, for example because it is frozen into one file.
    """
    executable = _executable()
    library = Path(sysconfig.get_path("stdlib"))
    if not (library / "os.py").is_file():
        raise RuntimeUnavailableError(
            f"`{library}` holds no standard library", hint="run isorun with an ordinary Python installation"
        )
    platform_library = Path(sysconfig.get_path("platstdlib", vars={"platbase": sys.base_exec_prefix}))
    return HostPython(
        executable=executable,
        version=sys.version.split()[0],
        library=library,
        extensions=platform_library / "lib-dynload",
        library_name=f"{sys.platlibdir}/{library.name}",
        layer=_layer_hash(executable, library),
    )


def _executable() -> Path:
    folder = Path(sys.base_exec_prefix) / "bin"
    for name in (f"python{sysconfig.get_python_version()}{sys.abiflags}", "python3", "python"):
        candidate = folder / name
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return candidate.resolve()
    raise RuntimeUnavailableError(
        f"no Python executable in `{folder}`", hint="run isorun with an ordinary Python installation"
    )


def _layer_hash(executable: Path, library: Path) -> str:
    digest = hashlib.sha256(f"{LAYOUT_VERSION}\n{sys.version}\n".encode())
    for path in (executable, library / "os.py", *_core_libraries()):
        status = path.stat()
        digest.update(f"{path}\n{status.st_size}\n{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def _core_libraries() -> list[Path]:
    """Return the C library and libpython as this process has mapped them."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        mapped = {line.split(maxsplit=5)[5].strip() for line in maps if ".so" in line and "/" in line}
    paths = (Path(name) for name in mapped if _CORE_LIBRARY.fullmatch(Path(name).name))
    return sorted(path for path in paths if path.is_file())
