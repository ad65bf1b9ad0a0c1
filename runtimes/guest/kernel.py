"""The few kernel calls that `os` does not have, each as thin as can be.

`PyDLL` keeps the interpreter's lock: there is one thread, and the fork below must not lose it on the way.
"""

from __future__ import annotations

import ctypes
import os
import struct

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REC, MS_PRIVATE = 1 << 14, 1 << 18
_MNT_DETACH = 2

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP = 1, 4, 22
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_GET_TID_ADDRESS, _PR_CAP_AMBIENT = 24, 38, 40, 47
_SECCOMP_MODE_FILTER = 2
_PR_CAP_AMBIENT_CLEAR_ALL = 4

_MADV_COLLAPSE = 25
_HUGE_PAGE = 2 << 20

_CAPABILITY_VERSION_3 = 0x20080522
#: More than any kernel has; the first unknown one ends the loop.
_MAX_CAPABILITIES = 64

#: The same number on every architecture.
_SYS_CLONE3 = 435
_CLONE_CHILD_CLEARTID, _CLONE_CHILD_SETTID, _CLONE_INTO_CGROUP = 0x200000, 0x1000000, 0x200000000
_CLONE_VM, _CLONE_FILES = 0x100, 0x400
_SIGCHLD = 17

_libc = ctypes.PyDLL(None, use_errno=True)
_python = ctypes.pythonapi

_STACK_BYTES = 65_536
#: Of all inits: what each has there is the same, and none of them ever returns to it.
_stack = ctypes.create_string_buffer(_STACK_BYTES)
_init_stack = (ctypes.addressof(_stack) + _STACK_BYTES) & ~0xF


def mount(source: str, target: str, kind: str, flags: int, options: str) -> None:
    """Mount a file system, or change the mount at `target` if `flags` say so."""
    arguments = [text.encode() for text in (source, target, kind)]
    _check(_libc.mount(*arguments, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def detach(target: str) -> None:
    """Take a mount out of the file system."""
    _check(_libc.umount2(target.encode(), _MNT_DETACH), f"umount {target}")


def fork_into(cgroup: int | None) -> int:
    """Fork like `os.fork`; the child is born in a cgroup, given by a descriptor of its v2 folder.

    Moving a process into a v2 cgroup makes the kernel wait until no processor is in the middle of a fork:
    ten milliseconds. Being born there costs nothing. What the C library's fork does besides is done here:
    the interpreter's own hooks, and the thread id that the library keeps.
    """
    if cgroup is None:
        return os.fork()
    flags = _CLONE_INTO_CGROUP | _CLONE_CHILD_SETTID | _CLONE_CHILD_CLEARTID
    arguments = struct.pack("11Q", flags, 0, _thread_id_address(), 0, _SIGCHLD, 0, 0, 0, 0, 0, cgroup)
    _python.PyOS_BeforeFork()
    pid: int = _libc.syscall(_SYS_CLONE3, arguments, len(arguments))
    if pid == 0:
        _python.PyOS_AfterFork_Child()
        return 0
    failure = ctypes.get_errno()
    _python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(failure, f"clone3: {os.strerror(failure)}")
    return pid


def start_init() -> int:
    """Start a process that only waits, as the first one of the process namespace that was unshared.

    It is no copy of us but shares our memory and descriptors, as a thread would, and never leaves the C
    library's `pause`: so it costs a tenth of a fork, and its end a tenth of an exit. It stays in the
    namespaces that we are in now.
    """
    flags = _CLONE_VM | _CLONE_FILES | _SIGCHLD
    pid: int = _libc.clone(_libc.pause, ctypes.c_void_p(_init_stack), flags, None)
    if pid < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"clone: {os.strerror(number)}")
    return pid


def collapse_memory() -> None:
    """Gather our own memory in huge pages, where the kernel can.

    A fork copies one entry per page, and the end of the child drops each again. With pandas loaded that is
    what both cost; in pages of 2 MiB it is next to nothing.
    """
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        regions = [line.split() for line in maps]
    for addresses, access, _, _, inode, *_ in regions:
        if access == "rw-p" and inode == "0":
            begin, end = (int(address, 16) for address in addresses.split("-"))
            begin = -(-begin // _HUGE_PAGE) * _HUGE_PAGE
            size = (end - begin) // _HUGE_PAGE * _HUGE_PAGE
            if size > 0:
                _libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(size), _MADV_COLLAPSE)


def set_dumpable(value: bool) -> None:
    """Open or close our memory and our files in `/proc` to other processes of our user."""
    _control(_PR_SET_DUMPABLE, int(value))


def die_with_parent() -> None:
    """Ask to be killed when the parent dies. Any later change of user forgets it."""
    _control(_PR_SET_PDEATHSIG, 9)


def drop_capabilities() -> None:
    """Give up every capability, for ourselves and for all that we will execute."""
    for capability in range(_MAX_CAPABILITIES):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    _control(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)), "capset")
    _control(_PR_SET_NO_NEW_PRIVS, 1)


def filter_system_calls(program: bytes) -> None:
    """Install a seccomp filter for good. Needs no privilege after `drop_capabilities`."""
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
    result = _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0)
    _check(result, "seccomp")


def _thread_id_address() -> int:
    """Return where the C library keeps the id of its main thread."""
    address = ctypes.c_ulong()
    _check(_libc.prctl(_PR_GET_TID_ADDRESS, ctypes.byref(address), 0, 0, 0), "prctl")
    return address.value


def _control(option: int, value: int) -> None:
    _check(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
