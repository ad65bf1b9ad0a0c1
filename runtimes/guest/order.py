"""The order to fork one sandbox: a message of fixed size, and descriptors that nobody here reads.

It goes from the warden to the maker, and with a few descriptors more from the maker to the zygote. The same
layout is written in `engine/warden/forked.py`.
"""

from __future__ import annotations

import _socket
import os
import struct

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from collections.abc import Iterable

MAGIC = b"ISO1"
#: Magic, number of v1 groups, whether a v2 group comes with it, uid, files, number of the order, bytes.
LAYOUT = struct.Struct("<4sIIIIQQ")
#: To the warden: magic, errno, number of the order.
ANSWER = struct.Struct("<4sIQ")
#: stdin, stdout, stderr, control, report: in the place where the program finds them.
STREAMS = 5
MAX_DESCRIPTORS = 16
_CREDENTIALS = struct.Struct("3i")
_INT = struct.Struct("i")


class MalformedError(Exception):
    """A message that is not an order. Its descriptors have been closed.

    Attributes:
        number: Of the order, if that much could be read; else 0.
    """

    def __init__(self, reason: str, number: int = 0) -> None:
        super().__init__(reason)
        self.number = number


class Order:
    """What to fork.

    Attributes:
        number: Grows from order to order.
        disk_bytes: Size of `/box`.
        file_count: Names in `/box`.
        uid: Of the program, as the zygote's user namespace counts.
        descriptors: All that came with it, in the order of the layout.
        lifeline: In the child: readable when the zygote has died.
        process: In the child: its own folder in the zygote's `/proc`.
    """

    def __init__(self, message: bytes, descriptors: list[int], *, extra: int) -> None:
        _, groups, into, self.uid, self.file_count, self.number, self.disk_bytes = LAYOUT.unpack(message)
        if into > 1 or len(descriptors) != STREAMS + groups + into + extra:
            raise MalformedError(f"{len(descriptors)} descriptors", self.number)
        self.message = message
        self.lifeline = -1
        self.process = -1
        self.descriptors = descriptors
        self.streams = descriptors[:STREAMS]
        self.groups = descriptors[STREAMS : STREAMS + groups]
        self.cgroup = descriptors[STREAMS + groups] if into else None
        self.extra = descriptors[STREAMS + groups + into :]

    def join_groups(self) -> None:
        """Move the calling process, which has one thread, into the v1 control groups.

        They are `tasks` files: for a thread that moves itself the kernel waits for nobody.
        """
        for group in self.groups:
            os.write(group, b"0")

    def close(self) -> None:
        """Close what came with it."""
        close_all(self.descriptors)


def expect_credentials(connection: _socket.socket) -> None:
    """Have the kernel say with each message which process sent it."""
    connection.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 1)


def receive(connection: _socket.socket, *, sender: int, extra: int = 0) -> Order | None:
    """Receive one order; None when the other end is closed.

    Args:
        connection: After `expect_credentials`.
        sender: Process id that must have sent it; 0 is any process outside our pid namespace.
        extra: Descriptors that come after those of the layout.

    Raises:
        MalformedError: It is something else; nothing of it is kept.
    """
    space = _socket.CMSG_SPACE(MAX_DESCRIPTORS * _INT.size) + _socket.CMSG_SPACE(_CREDENTIALS.size)
    message, ancillary, flags, _ = connection.recvmsg(LAYOUT.size + 1, space, _socket.MSG_CMSG_CLOEXEC)
    descriptors, process = _unpack(ancillary)
    if not message and process is None:
        return None
    try:
        if process != sender:
            raise MalformedError(f"sent by process {process}")
        if flags & (_socket.MSG_CTRUNC | _socket.MSG_TRUNC):
            raise MalformedError("too long")
        if len(message) != LAYOUT.size or message[: len(MAGIC)] != MAGIC:
            raise MalformedError(f"{len(message)} bytes")
        return Order(message, descriptors, extra=extra)
    except MalformedError:
        close_all(descriptors)
        raise


def send(connection: _socket.socket, message: bytes, descriptors: list[int]) -> None:
    """Send a message with descriptors."""
    packed = b"".join(map(_INT.pack, descriptors))
    rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)] if descriptors else []
    connection.sendmsg([message], rights)


def close_all(descriptors: Iterable[int]) -> None:
    """Close descriptors."""
    for descriptor in descriptors:
        os.close(descriptor)


def _unpack(ancillary: list[tuple[int, int, bytes]]) -> tuple[list[int], int | None]:
    descriptors: list[int] = []
    process = None
    for _, kind, content in ancillary:
        if kind == _socket.SCM_RIGHTS:
            whole = len(content) - len(content) % _INT.size
            descriptors += [number for (number,) in _INT.iter_unpack(content[:whole])]
        elif kind == _socket.SCM_CREDENTIALS:
            process = _CREDENTIALS.unpack(content)[0]
    return descriptors, process
