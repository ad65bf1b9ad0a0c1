"""What a jail that waits is given for its run: host folders to see, and the size of its writable place.

Both can only be changed from inside the jail's namespaces. So a child of the warden copies the mounts, joins
the namespaces, puts the copies there and ends, before the jail has seen a program. The copies are read-only
before anybody sees them, with all that is mounted below them.
"""

import ctypes
import errno
import fcntl
import os
import socket
import stat
from collections.abc import Sequence
from typing import NamedTuple

from engine.warden.child import die_with
from engine.warden.tmpfs import call, resize

#: The numbers are the same on all architectures; the C library has no names for them yet.
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_CLONE, _CLOEXEC, _RECURSIVE, _EMPTY_PATH, _FROM_EMPTY_PATH = 1, os.O_CLOEXEC, 0x8000, 0x1000, 4
_HERE = -100
_RDONLY, _NOSUID, _NODEV = 1, 2, 4
_CLOSED = _RDONLY | _NOSUID | _NODEV
_PRIVATE = 1 << 18
_GET_USER_NAMESPACE = 0xB701
_PLACE, _BOX = "/mnt", "/box"
_MAX_WORD = 16


class Fit(NamedTuple):
    """What a run asks of its jail.

    Attributes:
        disk: Bytes and names that the writable place may hold; None leaves it as it is.
        mounts: Host path -> path below `/mnt`, to be seen read-only.
    """

    disk: tuple[int, int] | None
    mounts: Sequence[tuple[str, str]]


class _Attributes(ctypes.Structure):
    """`struct mount_attr`."""

    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


def fit(namespace: int, wanted: Fit) -> None:
    """Join a jail and change it; for a process that ends afterwards.

    Args:
        namespace: Descriptor of the jail's mount namespace.
        wanted: By its run.

    Raises:
        OSError: It cannot be done; the jail must not be used then.
    """
    copies = _copies([source for source, _ in wanted.mounts])
    _join(namespace)
    if wanted.disk is not None:
        _resize(*wanted.disk)
    if wanted.mounts:
        _show(copies, [target for _, target in wanted.mounts])


def _copies(sources: Sequence[str]) -> list[int]:
    """Copy mounts that nobody sees yet; return their descriptors."""
    try:
        return [_copy(source) for source in sources]
    except PermissionError as error:
        if error.errno != errno.EPERM:
            raise
    return _copies_of_a_user(sources)


def _copies_of_a_user(sources: Sequence[str]) -> list[int]:
    """Have a child copy them in namespaces of its own: in those of the machine users may not."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    parent = os.getpid()
    if os.fork() == 0:
        try:
            os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS)
            die_with(parent)
            for source in sources:
                socket.send_fds(theirs, [b"0"], [_copy(source)])
        except OSError as error:
            theirs.send(b"%d" % (error.errno or errno.EIO))
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        return [_received(ours, source) for source in sources]


def _received(connection: socket.socket, source: str) -> int:
    word, descriptors, _, _ = socket.recv_fds(connection, _MAX_WORD, 1)
    if not descriptors:
        code = int(word or errno.EIO)
        raise OSError(code, os.strerror(code), source)
    return descriptors[0]


def _copy(source: str) -> int:
    """Copy a mount and all below it: read-only, and out of reach of what is mounted there later."""
    try:
        tree = call(_OPEN_TREE, _HERE, os.fsencode(source), _CLONE | _CLOEXEC | _RECURSIVE)
        _set(tree, b"", _EMPTY_PATH | _RECURSIVE, _Attributes(set=_CLOSED, propagation=_PRIVATE))
    except OSError as error:
        raise OSError(error.errno, error.strerror, source) from error
    return tree


def _join(namespace: int) -> None:
    """Become the owner of the jail's writable place, with all rights in its namespaces and none outside."""
    users = fcntl.ioctl(namespace, _GET_USER_NAMESPACE)
    os.setns(users, os.CLONE_NEWUSER)
    os.setns(namespace, os.CLONE_NEWNS)
    os.close(users)
    owner = os.stat(_BOX)
    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
    os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)


def _resize(size_bytes: int, names: int) -> None:
    box = os.open(_BOX, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    resize(box, size_bytes, names)
    os.close(box)


def _show(copies: Sequence[int], targets: Sequence[str]) -> None:
    """Put the copies in their places, which nobody can add to afterwards."""
    _mount_place(len(targets) + 1)
    for copy, target in zip(copies, targets, strict=True):
        if stat.S_ISDIR(os.fstat(copy).st_mode):
            os.mkdir(target, 0o755)
        else:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
        call(_MOVE_MOUNT, copy, b"", _HERE, target.encode(), _FROM_EMPTY_PATH)
    _set(_HERE, _PLACE.encode(), 0, _Attributes(set=_CLOSED))
    for target in (_PLACE, *targets):
        _verify(target)


def _mount_place(names: int) -> None:
    options = f"size=4096,nr_inodes={names},mode=0755"
    libc = ctypes.CDLL(None, use_errno=True)
    flags = ctypes.c_ulong(_NOSUID | _NODEV)
    if libc.mount(b"mounts", _PLACE.encode(), b"tmpfs", flags, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), _PLACE)


def _set(folder: int, path: bytes, flags: int, attributes: _Attributes) -> None:
    call(_MOUNT_SETATTR, folder, path, flags, ctypes.byref(attributes), ctypes.sizeof(attributes))


def _verify(target: str) -> None:
    """Read back what the kernel made of it."""
    wanted = os.ST_RDONLY | os.ST_NOSUID | os.ST_NODEV
    if os.statvfs(target).f_flag & wanted != wanted:
        raise OSError(errno.EPERM, "it is not read-only", target)
