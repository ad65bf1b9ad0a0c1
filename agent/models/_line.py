"""Frames to and from the process that holds a model: four bytes of length and as many of JSON."""

import os
import struct
from collections import deque
from typing import Literal

import anyio
import msgspec

from agent._model import Completion, ModelError
from engine._process import Companion, ToolError

#: An answer is some thousand tokens at most.
MAX_FRAME_BYTES = 4 * 1024 * 1024
#: A process that has closed its socket is about to end; how it ended is worth so long.
_END_SECONDS = 1.0
#: How often a thread looks before it sleeps. By default it looks for milliseconds, and two threads that share
#: their processors with anything else spend all their time so: a tenth of the tokens was left of it.
_SPINS = "20000"
_LENGTH = struct.Struct(">I")
#: Which devices there are, and where their libraries lie; everything else of the environment stays here.
_PASSED = (
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "LD_LIBRARY_PATH",
    "GOMP_SPINCOUNT",
)


class Ready(msgspec.Struct, tag_field="kind", tag="ready", frozen=True):
    """The model is loaded."""

    context_tokens: int
    number: int = 0


class Piece(msgspec.Struct, tag_field="kind", tag="piece", frozen=True):
    """A part of the answer to the request of this number."""

    number: int
    text: str


class Done(msgspec.Struct, tag_field="kind", tag="done", frozen=True):
    """The answer is whole."""

    number: int
    completion: Completion


class Failed(msgspec.Struct, tag_field="kind", tag="failed", frozen=True):
    """There is no answer, or no model; the process waits for the next request."""

    number: int
    error: str
    why: Literal["load", "context"]


type Event = Ready | Piece | Done | Failed

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Ready | Piece | Done | Failed)
_encoder = msgspec.json.Encoder()


class Line:
    """A process, and the socket to it.

    Args:
        code: Python statements that it runs.

    Raises:
        ModelError: It cannot be started.
    """

    def __init__(self, code: str) -> None:
        env = {name: os.environ[name] for name in _PASSED if name in os.environ}
        env.setdefault("GOMP_SPINCOUNT", _SPINS)
        try:
            self._companion = Companion(code, env=env)
        except ToolError as error:
            raise ModelError(str(error), hint=error.hint) from error
        self._buffer = bytearray()
        self._events: dict[int, deque[Event]] = {}
        # Frames of several requests must not mix.
        self._sending = anyio.Semaphore(1)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._companion.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._companion.has_ended

    def last_words(self) -> str:
        """Return what the process said of its end, as far as it could."""
        return self._companion.last_words()

    async def send(self, message: object) -> None:
        """Send a message. If this is cancelled, the process is of no use any more."""
        data = _encoder.encode(message)
        rest = memoryview(_LENGTH.pack(len(data)) + data)
        async with self._sending:
            while rest:
                try:
                    rest = rest[self._companion.connection.send(rest) :]
                except BlockingIOError:
                    await anyio.wait_writable(self._companion.connection)

    def expect(self, number: int) -> None:
        """Keep the events of a request from here on."""
        self._events[number] = deque()

    def forget(self, number: int) -> None:
        """Drop the events of a request that nobody waits for any more."""
        self._events.pop(number, None)

    def next(self, number: int) -> Event | None:
        """Return the next event of a request, if it is here."""
        events = self._events.get(number)
        return events.popleft() if events else None

    async def read_one(self) -> None:
        """Wait for an event, and keep it for who waits for it. Nothing is lost when this is cancelled.

        Raises:
            EOFError: The process has ended.
            ValueError: The frame is too long, or nobody has asked for it.
            msgspec.DecodeError: It is no event.
        """
        await self._have(_LENGTH.size)
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > MAX_FRAME_BYTES:
            raise ValueError(f"a frame of {length} bytes")
        end = _LENGTH.size + length
        await self._have(end)
        frame = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        event = _decoder.decode(frame)
        if event.number not in self._events:
            raise ValueError(f"an event for request {event.number}, which is none")
        self._events[event.number].append(event)

    async def _have(self, size: int) -> None:
        """Wait for so many bytes."""
        while len(self._buffer) < size:
            try:
                data = self._companion.connection.recv(65536)
            except BlockingIOError:
                await anyio.wait_readable(self._companion.connection)
                continue
            if not data:
                with anyio.move_on_after(_END_SECONDS):
                    await self._companion.wait()
                raise EOFError
            self._buffer += data

    async def aclose(self) -> None:
        """End the process; may be called again."""
        await self._companion.aclose()
