"""The size of a jail's writable place, set from outside while the jail waits.

It is made when the jail starts, and the limits of a run are known later: a waiting jail would fit no runs but
those with the very same limits of disk and files.
"""

import ctypes
import errno
import os

#: The numbers are the same on all architectures; the C library has no names for them yet.
_FSCONFIG, _FSPICK = 431, 433
_PICK_CLOEXEC, _PICK_EMPTY_PATH = 1, 8
_SET_STRING, _RECONFIGURE = 1, 7
_HERE = -100

_libc = ctypes.CDLL(None, use_errno=True)


def can_resize() -> bool:
    """Whether the kernel lets us: it asks for the right to mount in our own namespace, which users lack."""
    try:
        os.close(_call(_FSPICK, _HERE, b"/", _PICK_CLOEXEC))
    except OSError as error:
        return error.errno == errno.EINVAL  # the right is there, but our root is not that of a file system
    return True


def resize(work: int, disk_bytes: int, file_count: int) -> None:
    """Change the size of the file system that holds a folder, and see that it is changed.

    Args:
        work: A descriptor of a folder right below its root.
        disk_bytes: What may be written there.
        file_count: Names that may be there, the root's own included.

    Raises:
        OSError: The kernel refuses, or has not done it.
    """
    root = os.open("..", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=work)
    try:
        context = _call(_FSPICK, root, b"", _PICK_CLOEXEC | _PICK_EMPTY_PATH)
    finally:
        os.close(root)
    try:
        for name, value in ((b"size", disk_bytes), (b"nr_inodes", file_count)):
            _call(_FSCONFIG, context, _SET_STRING, name, b"%d" % value, 0)
        _call(_FSCONFIG, context, _RECONFIGURE, None, None, 0)
    finally:
        os.close(context)
    found = os.fstatvfs(work)
    if (found.f_blocks * found.f_frsize, found.f_files) != (_whole(disk_bytes, found.f_frsize), file_count):
        raise OSError(0, "the file system has not the size that was set")


def _whole(size: int, block: int) -> int:
    return -(-size // block) * block


def _call(number: int, *arguments: int | bytes | None) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
