"""The folder of the control sockets: one per user, closed to all others, and never taken on trust.

Whoever can connect can end runs. So the folder has to belong to us and to be closed to others; it is opened
once, examined by its descriptor, and used by that descriptor.
"""

import os
import re
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

#: `<pid of the engine>-<random>.sock`.
_NAME = re.compile(r"(?P<pid>\d+)-[0-9a-f]{8}\.sock")
_MODE = 0o700
#: Where root can make folders that are gone after a boot.
_RUN = Path("/run")
_OTHERS = 0o077


class FolderError(Exception):
    """A folder is there that must not be used for control sockets."""


def candidates() -> list[Path]:
    """Return the places where a folder may be, the best first.

    All are looked into: a service has no runtime folder of its own, and a terminal has one.
    """
    name = f"isorun-{os.geteuid()}"
    places = [_RUN / name, Path(tempfile.gettempdir(), name)]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if _is_own(runtime):
        places.insert(0, Path(runtime, "isorun"))
    return list(dict.fromkeys(places))


@contextmanager
def made() -> Iterator[int]:
    """Yield a descriptor of the first folder that is there or can be made.

    Raises:
        FolderError: It is not ours alone.
        OSError: None can be made.
    """
    with _opened(_make_first(candidates())) as folder:
        yield folder


@contextmanager
def found(path: Path) -> Iterator[int | None]:
    """Yield a descriptor of a folder, None if it is not there.

    Raises:
        FolderError: It is not ours alone.
    """
    if not path.is_dir():
        yield None
        return
    with _opened(path) as folder:
        yield folder


def address(folder: int, name: str) -> str:
    """Return the path of a socket in a folder: short enough however long the folder's own path is."""
    return f"/proc/self/fd/{folder}/{name}"


def new_name() -> str:
    """Return a name for the socket of an engine of this process."""
    return f"{os.getpid()}-{os.urandom(4).hex()}.sock"


def sockets(folder: int) -> dict[str, int]:
    """Return the names of the sockets in a folder, each with the pid of its engine."""
    matches = {name: _NAME.fullmatch(name) for name in sorted(os.listdir(folder))}
    return {name: int(match["pid"]) for name, match in matches.items() if match and _is_socket(folder, name)}


def _make_first(paths: Sequence[Path]) -> Path:
    failure: OSError | None = None
    for path in paths:
        try:
            path.mkdir(_MODE)
        except FileExistsError:
            return path
        except OSError as error:
            failure = error
        else:
            return path
    raise failure or FileNotFoundError("no place for it")


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise FolderError(f"`{path}` cannot be opened: {error.strerror}") from error
    try:
        _require_private(path, os.fstat(folder))
        yield folder
    finally:
        os.close(folder)


def _require_private(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise FolderError(f"`{path}` belongs to another user")
    if found.st_mode & _OTHERS:
        raise FolderError(f"`{path}` is open to others: its mode is {stat.S_IMODE(found.st_mode):o}")


def _is_own(folder: str) -> bool:
    try:
        return os.path.isabs(folder) and os.stat(folder).st_uid == os.geteuid()
    except OSError:
        return False


def _is_socket(folder: int, name: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False
