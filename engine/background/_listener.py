"""The socket of a background engine: one engine for each user, and what a killed one has left is replaced."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from engine import _control_folder
from engine._control_folder import FolderError
from engine._exceptions import BackgroundError
from engine._peers import peer_of

from ._address import LOCK, SOCKET, address

#: Connections that may wait until they are accepted.
_BACKLOG = 256
_MODE = 0o600
#: The lock file holds a pid.
_MAX_LOCK = 16


class AlreadyRunningError(BackgroundError):
    """There is one.

    Attributes:
        pid: Of its process; 0 if that has not been said.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(f"a background engine is already running (pid {pid})", hint="`isorun down` ends it")
        self.pid = pid


@contextmanager
def listening() -> Iterator[socket.socket]:
    """Listen for clients; what is made for it is removed, and the place free for others, at the end.

    Raises:
        AlreadyRunningError: A background engine of this user listens.
        BackgroundError: There is no folder for the socket, or none that is safe.
    """
    with ExitStack() as stack:
        try:
            _require_alone()
            folder = stack.enter_context(_control_folder.made())
            _lock(folder, stack)
            listener = _listen(folder, stack)
        except (FolderError, OSError) as error:
            raise BackgroundError(f"the background engine cannot listen: {error}") from error
        yield listener


def running() -> int | None:
    """Return the pid of the background engine of this user, None if there is none; removes nothing."""
    for path in _control_folder.candidates():
        with suppress(FolderError), _control_folder.found(path) as folder:
            pid = None if folder is None else _listener(folder)
            if pid is not None:
                return pid
    return None


def _require_alone() -> None:
    """Look into all folders: a service has no runtime folder of its own, and a terminal has one."""
    pid = running()
    if pid is not None:
        raise AlreadyRunningError(pid)


def _listener(folder: int) -> int | None:
    """Return who listens in a folder. Asking does not touch the lock, which somebody may be about to take."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        try:
            connection.connect(address(folder, SOCKET))
        except BlockingIOError:  # as many wait to be served as can
            return 0
        except OSError:
            return None
        return peer_of(connection).pid


def _lock(folder: int, stack: ExitStack) -> None:
    """Hold the lock as long as this process lives, or until the stack is closed; the file stays."""
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE, dir_fd=folder)
    stack.callback(os.close, lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunningError(_pid(lock)) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)


def _pid(lock: int) -> int:
    text = os.pread(lock, _MAX_LOCK, 0).strip()
    return int(text) if text.isdigit() else 0


def _listen(folder: int, stack: ExitStack) -> socket.socket:
    """Take the name when it listens: who connects before is refused, and would think that nobody is there."""
    listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    listener.setblocking(False)
    new = f"{SOCKET}.new"
    _remove(folder, new)
    listener.bind(address(folder, new))
    os.chmod(new, _MODE, dir_fd=folder)
    listener.listen(_BACKLOG)
    os.rename(new, SOCKET, src_dir_fd=folder, dst_dir_fd=folder)
    stack.callback(_remove, folder, SOCKET)
    return listener


def _remove(folder: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
