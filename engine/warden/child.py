"""A process that waits inside its control group for the command line that it will become.

Joining a group can take the kernel ten milliseconds (it waits until no processor is in the middle of a fork).
So that is done ahead: a run is given to a process that has joined already, and starts with the exec.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from typing import NoReturn

from engine.warden.cgroup import Group

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
#: Above every descriptor number that a command asks for.
_PARKING = 100
_MAX_MESSAGE = 256 * 1024
_MAX_DESCRIPTORS = 16

_libc = ctypes.CDLL(None, use_errno=True)


class Parked:
    """The warden's end of one waiting process.

    Attributes:
        pid: Of the process, also after it has become something else.
        over: Descriptor of the same; it can be read when that has ended.
    """

    leaves_orphans = True

    def __init__(self, group: Group) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        warden = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _wait_and_become(theirs, group, warden)
        theirs.close()
        self.over = os.pidfd_open(self.pid)

    def launch(self, argv: Sequence[str], descriptors: Mapping[int, int], *, oom_score: int) -> None:
        """Have it execute a program; how that went shows in `failure`.

        Args:
            argv: Absolute path of the program, then its arguments. The environment is empty.
            descriptors: Number in the process -> our descriptor. It gets nothing else.
            oom_score: How soon the kernel takes it when the machine is out of memory, up to 1000.

        Raises:
            OSError: The process has died.
        """
        order = {"argv": list(argv), "numbers": list(descriptors), "oom_score": oom_score}
        socket.send_fds(self._channel, [json.dumps(order).encode()], list(descriptors.values()))

    def kill(self) -> None:
        """Kill it and its children: the first process in a jail takes its whole namespace with it."""
        for pid in (*children(self.pid), self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def expect(self) -> None:
        """Do nothing: its end is seen when it comes."""

    def reap(self) -> int:
        """Collect it after its end; return its wait status."""
        return os.waitpid(self.pid, 0)[1]

    def failure(self) -> str:
        """Return what failed before the program was executed; empty when it was. Only after its end."""
        try:
            return self._channel.recv(1000, socket.MSG_DONTWAIT).decode("utf-8", "replace")
        except OSError:
            return ""

    def close(self) -> None:
        """Let go of our ends; a process that still waits exits."""
        self._channel.close()
        if self.over >= 0:
            os.close(self.over)
            self.over = -1

    def discard(self) -> None:
        """Do nothing: of a process nothing is left."""


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


def _wait_and_become(channel: socket.socket, group: Group, warden: int) -> NoReturn:
    try:
        close_all_but(channel.fileno())
        group.join()
        os.setsid()
        os.setpriority(os.PRIO_PROCESS, 0, 0)  # the warden's own is higher
        _reset_signals()
        die_with(warden)
        argv, descriptors, oom_score = _receive(channel)
        _set_oom_score(oom_score)
        _place(descriptors)
        os.execve(argv[0], argv, {})  # noqa: S606  # an argument list is the point
    except BaseException as error:
        channel.send(f"{type(error).__name__}: {error}".encode()[:1000])
    os._exit(127)


def close_all_but(*kept: int) -> None:
    """Hold nothing of the warden's: its children must not keep its sockets open."""
    begin = 3
    for number in sorted(kept):
        os.closerange(begin, number)
        begin = number + 1
    os.closerange(begin, os.sysconf("SC_OPEN_MAX"))


def _receive(channel: socket.socket) -> tuple[list[str], dict[int, int], int]:
    data, descriptors, _, _ = socket.recv_fds(channel, _MAX_MESSAGE, _MAX_DESCRIPTORS)
    if not data:
        os._exit(0)  # not needed any more
    message = json.loads(data)
    return message["argv"], dict(zip(message["numbers"], descriptors, strict=True)), message["oom_score"]


def _set_oom_score(score: int) -> None:
    descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(descriptor, b"%d" % score)
    os.close(descriptor)


def _reset_signals() -> None:
    # The warden and its interpreter ignore these; an ignored signal would stay ignored in the jail.
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        # Ignored by us, or by who has started the engine in the background.
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _place(descriptors: Mapping[int, int]) -> None:
    """Give each descriptor its number; parked first, so that none overwrites another."""
    parked = {
        number: fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, _PARKING) for number, source in descriptors.items()
    }
    for source in set(descriptors.values()):
        os.close(source)  # received ones would survive the exec
    for number, source in parked.items():
        os.dup2(source, number, inheritable=True)


def die_with(parent: int) -> None:
    """Ask to be killed when the parent dies, and check that it has not died already."""
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        os._exit(127)
