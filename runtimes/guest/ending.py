"""Whether a process is at its end: all of its threads have left user code for good.

Until the kernel has cleared the memory of a process, which takes it milliseconds, nobody can wait for it. Its
wait status stands in `/proc` before. There a zygote, with rights in its own user namespace only, is shown 0
for a process that is not dumpable. One is so after it has executed a readable file, and can change that.
"""

from __future__ import annotations

import os

#: Set in a thread that can only end.
_PF_EXITING = 0x4
#: Of the fields behind the name in `/proc/PID/stat`, and in that of each thread.
_STATE, _FLAGS, _EXIT_CODE = 0, 6, 49
_SYS_PTRACE = 19


def is_told() -> bool:
    """Whether the kernel would tell us the status of another user's process."""
    with open("/proc/self/status", "rb") as file:
        [effective] = [line for line in file if line.startswith(b"CapEff:")]
    return bool(int(effective.split()[1], 16) >> _SYS_PTRACE & 1)


def wait_status(pid: int) -> int | None:
    """Return the status with which a child of ours will be reaped; None if a thread of it may still run.

    Args:
        pid: Of the child, which has not been reaped.
    """
    threads = os.listdir(f"/proc/{pid}/task")
    leader = _fields(f"/proc/{pid}/stat")
    if leader is None or leader[_STATE] != b"Z":
        return None
    for thread in threads:
        fields = _fields(f"/proc/{pid}/task/{thread}/stat")
        if fields is not None and not int(fields[_FLAGS]) & _PF_EXITING:
            return None
    # One that made another before it was seen to end.
    if not set(os.listdir(f"/proc/{pid}/task")) <= set(threads):
        return None
    if not _is_shown(pid):
        return None
    # Not what was read before: where the first thread had left, another one said later how it all ends.
    whole = _fields(f"/proc/{pid}/stat")
    return None if whole is None else int(whole[_EXIT_CODE])


def _is_shown(pid: int) -> bool:
    """Whether we see the true status of a process: the kernel asks the same rights for this link."""
    try:
        os.readlink(f"/proc/{pid}/ns/user")
    except OSError:
        return False
    return True


def _fields(path: str) -> list[bytes] | None:
    """Return what is behind the name of a process or thread; None if it has gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return os.read(descriptor, 4096).rpartition(b")")[2].split()
    except ProcessLookupError:
        return None
    finally:
        os.close(descriptor)
