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
        pidfd: The init of the run's process namespace: when it ends, nothing is left there. -1 without one.
    """

    number: int
    problem: int
    pidfd: int

    @property
    def reason(self) -> str:
        """The problem in words."""
        return f"the zygote cannot fork: {os.strerror(self.problem)}"

    def close(self) -> None:
        """Let go of what came with it."""
        if self.pidfd >= 0:
            os.close(self.pidfd)


class Forked:
    """A process tree that a zygote has been asked for.

    Attributes:
        pidfd: Of its init; -1 until the answer has come.
    """

    #: It is not our child.
    pid = 0

    def __init__(self) -> None:
        self.pidfd = -1

    def kill(self) -> None:
        """Kill the init, and by that all of its namespace."""
        if self.pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def reap(self) -> int:
        """Return 0: the zygote reaps, and tells the engine itself how the program ended."""
        return 0

    def failure(self) -> str:
        """Return nothing: what fails is told to the engine by the child."""
        return ""

    def close(self) -> None:
        """Let go of the descriptor."""
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


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
            data, descriptors, _, _ = socket.recv_fds(self._ours, _ANSWER.size + 1, 4)
        except ConnectionError:  # it died with orders unread
            return None
        if len(data) != _ANSWER.size or len(descriptors) > 1 or data[: len(_MAGIC)] != _MAGIC:
            for descriptor in descriptors:
                os.close(descriptor)
            return None
        _, problem, number = _ANSWER.unpack(data)
        if not descriptors and not problem:
            problem = errno.EBADMSG
        return Answer(number, problem, descriptors[0] if descriptors else -1)

    def close(self) -> None:
        """Close our end; the zygote's jail ends then."""
        self._ours.close()
