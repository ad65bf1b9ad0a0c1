"""Frames between a background engine and its clients, over a unix socket.

A frame is one byte that says its kind, four bytes of length (big endian), and as many bytes of payload. The
peer is not trusted: its length is checked before anything is read, and each wait for it has a deadline.
"""

import socket
import struct
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple, Self, override

import anyio
from anyio import AsyncContextManagerMixin
from anyio.lowlevel import checkpoint

from engine._tasks import open_tasks

# From a client.
#: A command line.
COMMAND = b"C"
#: A part of its standard input; an empty one is the end.
INPUT = b"I"
#: The number of a signal: the command shall end.
STOP = b"K"
#: A request of `_messages.py`.
REQUEST = b"Q"

# From the engine.
#: What a command writes.
STDOUT = b"o"
STDERR = b"e"
#: The command wants its standard input.
WANTS_INPUT = b"i"
#: From here on the program may have begun.
BEGUN = b"b"
#: The exit code of the command.
EXIT = b"x"
#: The client has to do it alone: `1` if it may share the engine in another way, else `0`; then a note.
OWN = b"f"
#: An answer of `_messages.py`.
ANSWER = b"A"

_MIB = 1 << 20
#: What a program may be at most, with all that comes with it but files given by content, and a little more.
MAX_REQUEST = 288 * _MIB
MAX_ANSWER = 288 * _MIB
MAX_INPUT = 64 * _MIB
MAX_OUTPUT = 4 * _MIB
#: How long a payload may be, by kind.
MAX_FROM_CLIENT: Mapping[bytes, int] = {COMMAND: 4 * _MIB, INPUT: MAX_INPUT, STOP: 16, REQUEST: MAX_REQUEST}
MAX_FROM_ENGINE: Mapping[bytes, int] = {
    STDOUT: MAX_OUTPUT,
    STDERR: MAX_OUTPUT,
    WANTS_INPUT: 0,
    BEGUN: 0,
    EXIT: 16,
    OWN: 64 * 1024,
    ANSWER: MAX_ANSWER,
}
MAX_FRAME: Mapping[bytes, int] = {**MAX_FROM_CLIENT, **MAX_FROM_ENGINE}

_HEADER = struct.Struct("!cI")
_CHUNK = 256 * 1024


class FrameError(Exception):
    """The peer sent no frame: it broke the rules, was too slow, or went in the middle of one."""


class Frame(NamedTuple):
    """One message; the kind is one byte."""

    kind: bytes
    payload: bytes


class Bounds(NamedTuple):
    """What a connection bears with.

    Attributes:
        frame_seconds: For the rest of a frame that has begun.
        stall_seconds: Without that the peer reads a byte of what waits for it.
        outgoing_bytes: What may wait for a peer when one more frame is added.
    """

    frame_seconds: float = 30.0
    stall_seconds: float = 30.0
    outgoing_bytes: int = 64 * _MIB


def encode(kind: bytes, payload: bytes) -> bytes:
    """Return a frame as it is sent.

    Raises:
        ValueError: The payload is longer than its kind may be.
    """
    if len(payload) > MAX_FRAME[kind]:
        raise ValueError(
            f"{len(payload):,} bytes in a frame `{kind.decode()}` of at most {MAX_FRAME[kind]:,}"
        )
    return _HEADER.pack(kind, len(payload)) + payload


class Connection(AsyncContextManagerMixin):
    """Frames from and to one peer; entered, it owns the socket and closes it at the end of the block.

    What has not been sent by then is dropped; `flush` waits for it. One task may receive at a time.

    Args:
        peer: A connected unix socket.
        accepts: How long the payload of each kind may be that the peer sends; other kinds are refused.
        bounds: What it bears with.
    """

    def __init__(
        self, peer: socket.socket, *, accepts: Mapping[bytes, int], bounds: Bounds | None = None
    ) -> None:
        peer.setblocking(False)
        self._peer = peer
        self._accepts = accepts
        self._bounds = bounds or Bounds()
        self._incoming = bytearray()
        self._outgoing: deque[memoryview] = deque()
        self._outgoing_bytes = 0
        self._more = anyio.Event()
        self._flushed = anyio.Event()
        self._writing = anyio.CancelScope(shield=True)
        self._loss = ""

    @property
    def loss(self) -> str:
        """Why the connection was given up; empty while it was not."""
        return self._loss

    def bear(self, stall_seconds: float) -> None:
        """Change how long the peer may take until it reads on."""
        self._bounds = self._bounds._replace(stall_seconds=stall_seconds)

    def send(self, kind: bytes, payload: bytes) -> None:
        """Send a frame, as far as that can be done without waiting; the rest follows in the background.

        To a peer that has gone nothing is sent, and nobody is told: who receives notices. A peer that does
        not read what it is sent is given up.

        Raises:
            ValueError: The payload is longer than its kind may be.
        """
        frame = memoryview(encode(kind, payload))
        if self._loss:
            return
        if self._outgoing_bytes > self._bounds.outgoing_bytes:
            self.drop("the peer does not read what it is sent")
            return
        if not self._outgoing:
            frame = frame[self._send_now(frame) :]
        if frame and not self._loss:
            self._outgoing.append(frame)
            self._outgoing_bytes += len(frame)
            self._more.set()

    async def send_in_turn(self, kind: bytes, payload: bytes) -> None:
        """Send a frame when half of what may wait for the peer, or more, is free: for what need not be lost.

        Raises:
            ValueError: The payload is longer than its kind may be.
        """
        while self._outgoing_bytes > self._bounds.outgoing_bytes // 2 and not self._loss:
            await self.flush()
        self.send(kind, payload)

    async def receive(self, *, within: float | None = None) -> Frame | None:
        """Return the next frame; None if the peer has ended the conversation instead.

        Args:
            within: Seconds until a frame has to begin; None waits for ever.

        Raises:
            FrameError: What came is no frame, did not come in time, or the connection was given up.
        """
        try:
            with anyio.fail_after(within):
                has_begun = await self._has_some() or await self._fill()
            if not has_begun:
                self._require_kept()
                return None
            with anyio.fail_after(self._bounds.frame_seconds):
                return await self._frame()
        except TimeoutError:
            raise FrameError("the peer did not send what was expected in time") from None

    async def flush(self) -> None:
        """Wait until all is sent, or the connection is given up, as it is if the peer does not read."""
        while self._outgoing and not self._loss:
            if self._flushed.is_set():
                self._flushed = anyio.Event()
            await self._flushed.wait()

    def drop(self, reason: str) -> None:
        """Give the connection up: nothing more is sent, and whoever receives is told why."""
        if self._loss:
            return
        self._loss = reason
        self._outgoing.clear()
        self._outgoing_bytes = 0
        self._flushed.set()
        with suppress(OSError):  # the peer may have gone
            self._peer.shutdown(socket.SHUT_RDWR)  # wakes who waits for it, which closing would not

    @override
    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        with self._peer:
            async with open_tasks() as tasks:
                tasks.start_soon(self._write)
                try:
                    yield self
                finally:
                    self._writing.cancel()

    async def _has_some(self) -> bool:
        """Whether bytes are there; lets other tasks run, whom a peer that sends without end would hold up."""
        if not self._incoming:
            return False
        await checkpoint()
        return True

    def _require_kept(self) -> None:
        if self._loss:
            raise FrameError(self._loss)

    def _check(self, kind: bytes, length: int) -> None:
        maximum = self._accepts.get(kind)
        if maximum is None:
            raise FrameError(f"a frame of the unknown kind {kind!r}")
        if length > maximum:
            raise FrameError(f"a frame {kind!r} of {length:,} bytes, allowed are {maximum:,}")

    async def _frame(self) -> Frame:
        """Take a frame when all of it is there, and nothing of it when cancelled before."""
        await self._gather(_HEADER.size)
        kind, length = _HEADER.unpack_from(self._incoming)
        self._check(kind, length)
        end = _HEADER.size + length
        await self._gather(end)
        payload = bytes(memoryview(self._incoming)[_HEADER.size : end])
        del self._incoming[:end]
        return Frame(kind, payload)

    async def _gather(self, count: int) -> None:
        """Wait for so many bytes; memory is taken for what has come, not for what is announced."""
        while len(self._incoming) < count:
            if not await self._fill():
                raise FrameError(self._loss or "the peer went in the middle of a frame")

    async def _fill(self) -> bool:
        """Wait for bytes of the peer; False if there will be none."""
        while not self._loss:
            await anyio.wait_readable(self._peer)
            try:
                part = self._peer.recv(_CHUNK)
            except BlockingIOError:
                continue
            except OSError as error:
                self.drop(f"the peer has gone: {error.strerror}")
                break
            self._incoming += part
            return bool(part)
        return False

    async def _write(self) -> None:
        """Send what could not be sent at once, until the end of the block or of the connection.

        Also while all around is cancelled: what has to be said then may stand behind something else.
        """
        with self._writing:
            while not self._loss:
                self._more = anyio.Event()
                if not self._outgoing:
                    await self._more.wait()
                await self._write_in_time()

    async def _write_in_time(self) -> None:
        with anyio.move_on_after(self._bounds.stall_seconds) as patience:
            await anyio.wait_writable(self._peer)
        if patience.cancelled_caught:
            self.drop("the peer does not read what it is sent")
        else:
            self._write_some()

    def _write_some(self) -> None:
        while self._outgoing and not self._loss:
            first = self._outgoing[0]
            sent = self._send_now(first)
            if self._loss:
                return
            self._outgoing_bytes -= sent
            if sent < len(first):
                self._outgoing[0] = first[sent:]
                return
            self._outgoing.popleft()
        self._flushed.set()

    def _send_now(self, data: memoryview) -> int:
        try:
            return self._peer.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.drop(f"the peer has gone: {error.strerror}")
            return 0
