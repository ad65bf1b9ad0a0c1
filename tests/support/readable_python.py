"""A Python with our packages that any user of the machine can start, wherever the developer's own lies."""

import re
import shutil
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

#: Our own packages; the file `site-packages` names them by a path that may be closed to others.
_PACKAGES = ("engine", "runtimes", "policies")
_NOT_NEEDED = shutil.ignore_patterns(
    "__pycache__", "site-packages", "test", "idlelib", "ensurepip", "config-*"
)
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class ReadablePython(NamedTuple):
    """What to start, and the folder to put on `sys.path`."""

    executable: Path
    packages: Path


def make_readable(folder: Path, repository: Path) -> ReadablePython:
    """Copy what a stranger needs; of the interpreter only if its own folder is closed to them.

    Args:
        folder: Empty, readable by everybody.
        repository: Where our packages lie.
    """
    packages = folder / "packages"
    packages.mkdir(mode=0o755)
    for name in _PACKAGES:
        shutil.copytree(repository / name, packages / name, ignore=_NOT_NEEDED)
    for distribution in _distributions("isorun", set()):
        _copy_distribution(distribution, packages)
    _open(packages)
    prefix = Path(sys.base_prefix).resolve()
    if not _is_open(prefix):
        prefix = _copy_interpreter(prefix, folder / "python")
    return ReadablePython(prefix / "bin" / f"python{sysconfig.get_python_version()}", packages)


def _distributions(name: str, seen: set[str]) -> list[metadata.Distribution]:
    """Return a distribution and those that it needs; what is not installed here is not needed here."""
    if name in seen:
        return []
    seen.add(name)
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return []
    needed = [need for need in found.requires or [] if "extra ==" not in need]
    names = [match[0] for need in needed if (match := _NAME.match(need))]
    return [found, *(inner for name in names for inner in _distributions(name, seen))]


def _copy_distribution(distribution: metadata.Distribution, packages: Path) -> None:
    for file in distribution.files or []:
        source = Path(str(distribution.locate_file(file)))
        if ".." in file.parts or "__pycache__" in file.parts or not source.is_file():
            continue  # scripts, which lie outside
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _copy_interpreter(prefix: Path, target: Path) -> Path:
    library = f"{sys.platlibdir}/python{sysconfig.get_python_version()}"
    shutil.copytree(prefix / library, target / library, ignore=_NOT_NEEDED)
    for shared in (prefix / "lib").glob("libpython*.so.*"):
        shutil.copy(shared, target / "lib" / shared.name)
    (target / "bin").mkdir()
    executable = target / "bin" / f"python{sysconfig.get_python_version()}"
    # The loader looks where the interpreter was built for; here that is closed. The warden is started with
    # an empty environment, so no variable can tell it: the path in the file itself is replaced.
    code = (prefix / "bin" / executable.name).read_bytes()
    old = str(prefix / "lib").encode() + b"\0"
    executable.write_bytes(code.replace(old, b"$ORIGIN/../lib".ljust(len(old) - 1, b"\0") + b"\0"))
    _open(target)
    executable.chmod(0o755)
    return target


def _is_open(prefix: Path) -> bool:
    """Whether everybody can read it, which takes every folder above."""
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (prefix, *prefix.parents))


def _open(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else path.stat().st_mode & 0o777 | 0o444)
