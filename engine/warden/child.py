"""Start one process inside its control group, holding exactly the descriptors it is given."""

import ctypes
import fcntl
import os
import signal
from collections.abc import Mapping, Sequence
from typing import NoReturn

from engine.warden.cgroup import Group

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
#: Above every descriptor number that a command asks for.
_PARKING = 100
#: The kernel's first choice when the whole machine runs out of memory.
_OOM_SCORE = b"900"

_libc = ctypes.CDLL(None, use_errno=True)


def spawn(argv: Sequence[str], descriptors: Mapping[int, int], group: Group) -> tuple[int, int]:
    """Fork, join the group, and exec.

    Args:
        argv: Absolute path of the program, then its arguments. The environment is empty.
        descriptors: Number in the child -> our descriptor. Nothing else is inherited.
        group: Joined before anything else.

    Returns:
        The pid, and a pipe that is empty if the exec succeeded and else says what failed.
    """
    report, failure = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    warden = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(argv, descriptors, group, warden, failure)
    os.close(failure)
    return pid, report


def become_subreaper() -> None:
    """Ask for the orphans of our children: else a killed jail waits for the init of the system to reap it."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def children(pid: int) -> list[int]:
    """Return the children of a process that has one thread; empty when it is gone."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def _become(
    argv: Sequence[str], descriptors: Mapping[int, int], group: Group, warden: int, failure: int
) -> NoReturn:
    try:
        group.join()
        os.setsid()
        os.setpriority(os.PRIO_PROCESS, 0, 0)  # the warden's own is higher
        _raise_oom_score()
        _reset_signals()
        _place(descriptors)
        _die_with(warden)
        os.execve(argv[0], list(argv), {})  # noqa: S606  # an argument list is the point
    except BaseException as error:
        os.write(failure, f"{type(error).__name__}: {error}".encode()[:1000])
    os._exit(127)


def _raise_oom_score() -> None:
    descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(descriptor, _OOM_SCORE)
    os.close(descriptor)


def _reset_signals() -> None:
    # The interpreter ignores these two; an ignored signal would stay ignored in the jail.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _place(descriptors: Mapping[int, int]) -> None:
    """Give each descriptor its number; parked first, so that none overwrites another."""
    parked = {
        number: fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, _PARKING) for number, source in descriptors.items()
    }
    for number, source in parked.items():
        os.dup2(source, number, inheritable=True)


def _die_with(warden: int) -> None:
    """Ask to be killed when the warden dies, and check that it has not died already."""
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != warden:
        os._exit(127)
