"""Turn what the supervisor and the kernel recorded into a status. Pure; the program's words play no part."""

import os
import signal
from typing import NamedTuple

from engine import Reason, Status
from engine._process import Ended
from engine._protocol import Trap


class Verdict(NamedTuple):
    """How a run ended.

    Attributes:
        exit_code: When the program's process exited by itself.
        signal: Name of the signal that ended it.
    """

    status: Status
    reason: Reason
    exit_code: int | None = None
    signal: str | None = None


class Space(NamedTuple):
    """What was left of the sandbox's file system at the end."""

    free_bytes: int
    free_files: int


_KILLS = {
    "wall": (Status.TIMEOUT, Reason.WALL_LIMIT),
    "cpu": (Status.TIMEOUT, Reason.CPU_LIMIT),
    "output": (Status.OUTPUT, Reason.OUTPUT_LIMIT),
    "cancelled": (Status.CANCELLED, Reason.CANCELLED),
    "closed": (Status.CANCELLED, Reason.CANCELLED),
}
_SIGNALS: dict[int, tuple[Status, Reason]] = {
    signal.SIGSYS: (Status.DENIED, Reason.SYSTEM_CALL),
    signal.SIGXCPU: (Status.TIMEOUT, Reason.CPU_LIMIT),
    signal.SIGXFSZ: (Status.DISK, Reason.FILE_SIZE),
}


#: What a process ends with after its virtual machine has stopped the program: 128 and SIGABRT.
TRAPPED = 134
_TRAPS: dict[Trap, tuple[Status, Reason]] = {
    "memory-limit": (Status.MEMORY, Reason.MEMORY_LIMIT),
    "unreachable": (Status.CRASHED, Reason.UNREACHABLE),
    "stack-overflow": (Status.CRASHED, Reason.STACK_OVERFLOW),
    "out-of-bounds": (Status.CRASHED, Reason.OUT_OF_BOUNDS),
    "division-by-zero": (Status.CRASHED, Reason.DIVISION_BY_ZERO),
    "integer-overflow": (Status.CRASHED, Reason.INTEGER_OVERFLOW),
    "bad-call": (Status.CRASHED, Reason.BAD_CALL),
}


def verdict(
    ended: Ended,
    wait_status: int | None,
    space: Space,
    overflowed: bool = False,
    trap: Trap | None = None,
) -> Verdict:
    """Judge a run.

    Args:
        ended: The warden's report.
        wait_status: The program's own, from the supervisor in the jail; None if it said nothing.
        space: Left in the file system.
        overflowed: Whether it wrote more than the output limit, be it too late to be killed for it.
        trap: Why it failed, in the words of the process that ran it: they tell failures apart, no more.
    """
    if ended.killed in _KILLS:
        return Verdict(*_KILLS[ended.killed])
    if overflowed:
        return Verdict(*_KILLS["output"])
    code, name = _parts(wait_status)
    if ended.oom_kills:
        return Verdict(Status.MEMORY, Reason.MEMORY_LIMIT, code, name)
    if wait_status is None:
        return Verdict(Status.CRASHED, Reason.SUPERVISOR_DIED)
    if name is not None:
        status, reason = _SIGNALS.get(os.WTERMSIG(wait_status), (Status.CRASHED, Reason.SIGNAL))
        return Verdict(status, reason, signal=name)
    if code == 0:
        return Verdict(Status.OK, Reason.EXIT_ZERO, 0)
    return Verdict(*_failure(ended, space, trap if code == TRAPPED else None), code)


def _failure(ended: Ended, space: Space, trap: Trap | None) -> tuple[Status, Reason]:
    """Name the limit that a failed program had run into, if the kernel shows one, or what stopped it."""
    if ended.pids_refused:
        return Status.PIDS, Reason.PIDS_LIMIT
    if space.free_bytes == 0:
        return Status.DISK, Reason.DISK_BYTES
    if space.free_files == 0:
        return Status.DISK, Reason.DISK_FILES
    return (Status.ERROR, Reason.EXIT_NONZERO) if trap is None else _TRAPS[trap]


def _parts(wait_status: int | None) -> tuple[int | None, str | None]:
    if wait_status is None:
        return None, None
    if os.WIFSIGNALED(wait_status):
        number = os.WTERMSIG(wait_status)
        try:
            return None, signal.Signals(number).name
        except ValueError:
            return None, f"SIG{number}"
    return os.WEXITSTATUS(wait_status), None
