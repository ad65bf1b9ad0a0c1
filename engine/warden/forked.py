"""A process that a zygote forks: ordered over the zygote's socket, known by the descriptor that comes back.

The zygote lives in a jail of its own (`runtimes/guest`); the layout of the messages is written there, too.
"""

import contextlib
import errno
import os
import signal
import socket
import struct
from typing import NamedTuple

from engine.warden.cgroup import Group

_MAGIC = b"ISO1"
#: Magic, number of v1 groups, whether a v2 group comes with it, uid, files, number of the order, bytes.
_ORDER = struct.Struct("<4sIIIIQQ")
#: Magic, errno, number of the order.
_ANSWER = struct.Struct("<4sIQ")
#: Descriptors of an answer without a problem.
_RIGHTS = 2


class Box(NamedTuple):
    """What a zygote is told of a run.

    Attributes:
        disk_bytes: Size of its file system.
        file_count: Names in its file system.
        uid: Of the program, as the zygote's user namespace counts.
    """

    disk_bytes: int
    file_count: int
    uid: int


class Answer(NamedTuple):
    """What a zygote's jail says to an order.

    Attributes:
        number: Of the order.
        problem: An errno; 0 if the process is there.
        init: Descriptor of the first process in the run's process namespace: what lives there dies with it.
        over: Descriptor that can be read when the program has ended and the engine was told how, or when
            nobody is left who could tell.
    """

    number: int
    problem: int
    init: int = -1
    over: int = -1

    @property
    def reason(self) -> str:
        """The problem in words."""
        return f"the zygote cannot fork: {os.strerror(self.problem)}"

    def close(self) -> None:
        """Let go of what came with it."""
        for descriptor in (self.init, self.over):
            if descriptor >= 0:
                os.close(descriptor)


class Forked:
    """A process tree that a zygote has been asked for."""

    #: It is not our child, and its zygote's jail has none for us.
    pid = 0
    leaves_orphans = False

    def __init__(self) -> None:
        self._answer: Answer | None = None

    @property
    def over(self) -> int:
        """Readable when it has ended; -1 until the answer has come."""
        return -1 if self._answer is None else self._answer.over

    def take(self, answer: Answer) -> None:
        """It is there."""
        self._answer = answer

    def kill(self) -> None:
        """Kill the init, and by that all of its namespace."""
        if self._answer is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._answer.init, signal.SIGKILL)

    def expect(self) -> None:
        """Have the zygote look whether it is at its end."""
        if self._answer is not None:
            with contextlib.suppress(OSError):
                os.write(self._answer.over, b"?")

    def reap(self) -> int:
        """Return 0: the zygote reaps, and tells the engine itself how the program ended."""
        return 0

    def failure(self) -> str:
        """Return nothing: what fails is told to the engine by the child."""
        return ""

    def close(self) -> None:
        """Let go of the descriptors."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def discard(self) -> None:
        """Do nothing: of a process nothing is left."""


class Channel:
    """The warden's socket to one zygote."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Who does not read must not make the warden wait.
        self._ours.setblocking(False)

    def fileno(self) -> int:
        """Return the number of our end."""
        return self._ours.fileno()

    def order(self, number: int, box: Box, streams: list[int], group: Group) -> None:
        """Ask for a fork.

        Raises:
            OSError: The zygote is gone, or far behind.
        """
        doors, into = group.open_doors()
        folder = [] if into is None else [into]
        message = _ORDER.pack(
            _MAGIC, len(doors), len(folder), box.uid, box.file_count, number, box.disk_bytes
        )
        try:
            socket.send_fds(self._ours, [message], [*streams, *doors, *folder])
        finally:
            for descriptor in [*doors, *folder]:
                os.close(descriptor)

    def receive(self) -> Answer | None:
        """Return the next answer; None when the other end is closed, or talks nonsense.

        Raises:
            BlockingIOError: There is none yet.
        """
        try:
            data, descriptors, _, _ = socket.recv_fds(self._ours, _ANSWER.size + 1, 2 * _RIGHTS)
        except ConnectionError:  # it died with orders unread
            return None
        is_answer = len(data) == _ANSWER.size and data[: len(_MAGIC)] == _MAGIC
        if not is_answer or len(descriptors) not in (0, _RIGHTS):
            for descriptor in descriptors:
                os.close(descriptor)
            return None
        _, problem, number = _ANSWER.unpack(data)
        if not descriptors and not problem:
            problem = errno.EBADMSG
        return Answer(number, problem, *descriptors)

    def close(self) -> None:
        """Close our end; the zygote's jail ends then."""
        self._ours.close()
