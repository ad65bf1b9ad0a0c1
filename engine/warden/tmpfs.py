"""The size of a file system in memory, changed while it is in use."""

import ctypes
import os
from typing import Any

#: The numbers are the same on all architectures; the C library has no names for them yet.
_FSCONFIG, _FSPICK = 431, 433
_PICK_CLOEXEC, _PICK_EMPTY_PATH = 1, 8
_SET_STRING, _RECONFIGURE = 1, 7

_libc = ctypes.CDLL(None, use_errno=True)


def resize(root: int, size_bytes: int, names: int) -> None:
    """Change the size of a tmpfs, and see that it is changed.

    Args:
        root: A descriptor of its root.
        size_bytes: What may be written there.
        names: Files and folders that may be there, the root included.

    Raises:
        PermissionError: The caller may not mount in its own mount namespace.
        OSError: The kernel refuses, or has not done it.
    """
    context = call(_FSPICK, root, b"", _PICK_CLOEXEC | _PICK_EMPTY_PATH)
    try:
        for name, value in ((b"size", size_bytes), (b"nr_inodes", names)):
            call(_FSCONFIG, context, _SET_STRING, name, b"%d" % value, 0)
        call(_FSCONFIG, context, _RECONFIGURE, None, None, 0)
    finally:
        os.close(context)
    found = os.fstatvfs(root)
    if (found.f_blocks * found.f_frsize, found.f_files) != (_whole(size_bytes, found.f_frsize), names):
        raise OSError(0, "the file system has not the size that was set")


def call(number: int, *arguments: Any) -> int:
    """Make a system call that the C library has no function for.

    Raises:
        OSError: It failed.
    """
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _whole(size: int, block: int) -> int:
    return -(-size // block) * block
