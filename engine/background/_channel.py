"""A command that a background engine carries out for its client: what it writes, and what it is sent."""

from collections.abc import Awaitable, Callable

import anyio

from engine._caller import Caller

from ._frames import EXIT, INPUT, MAX_OUTPUT, OWN, STDERR, STDOUT, STOP, WANTS_INPUT, Connection, FrameError

type CommandHandler = Callable[[bytes, "Channel"], Awaitable[None]]
"""Carries out a command line, which it understands alone; cancelled when nobody wants it any more."""


class Channel:
    """The way to the client of one command.

    Attributes:
        caller: Who asks, for the engine: commands of one login session are one client.
        stopped_by: The signal by which the client has ended the command; None if it has not.
        is_answered: Whether the client has been told how the command ended.
    """

    def __init__(self, connection: Connection, caller: Caller) -> None:
        self.caller = caller
        self.stopped_by: int | None = None
        self.is_answered = False
        self._connection = connection
        self._input: _Input | None = None

    def send(self, kind: bytes, payload: bytes) -> None:
        """Send the client a frame without waiting; output of any length."""
        if kind in (EXIT, OWN):
            self.is_answered = True
        if kind in (STDOUT, STDERR):
            for start in range(0, len(payload), MAX_OUTPUT):
                self._connection.send(kind, payload[start : start + MAX_OUTPUT])
        else:
            self._connection.send(kind, payload)

    async def receive_input(self, maximum: int) -> bytes:
        """Ask for standard input and return all of it; where that is more than allowed, the beginning.

        The beginning is longer than `maximum` then, so that it is seen to be too long.
        """
        self._input = _Input(maximum)
        self._connection.send(WANTS_INPUT, b"")
        await self._input.complete.wait()
        return b"".join(self._input.parts)

    async def watch(self) -> None:
        """Take what the client sends, until it stops the command or goes.

        Raises:
            FrameError: It sends what does not belong here, or has gone in the middle of something.
        """
        while (frame := await self._connection.receive()) is not None:
            if frame.kind == INPUT and self._input is not None:
                self._input.add(frame.payload)
            elif frame.kind == STOP:
                self.stopped_by = _signal(frame.payload)
                return
            else:
                raise FrameError(f"a frame {frame.kind!r} that nobody waits for")


class _Input:
    """Standard input that has come so far; what comes after enough is not kept."""

    def __init__(self, maximum: int) -> None:
        self.parts: list[bytes] = []
        self.complete = anyio.Event()
        self._left = maximum

    def add(self, part: bytes) -> None:
        if self.complete.is_set():
            return
        self.parts.append(part)
        self._left -= len(part)
        if not part or self._left < 0:
            self.complete.set()


def _signal(payload: bytes) -> int:
    if not payload.isdigit() or not 1 <= int(payload) <= 64:
        raise FrameError(f"the signal {payload!r}")
    return int(payload)
