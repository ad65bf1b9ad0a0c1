"""Frames from a guest: a length, then JSON. Every byte is hostile until it has been decoded strictly.

A frame is four bytes of length (big-endian) and as many bytes of UTF-8 JSON with a `kind`. Room is left for
more kinds (`call` and `reply` of host functions); a kind that is not known here is a violation.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from ._exceptions import ProtocolError

#: A report holds a value of 256 KiB and a traceback of 64 KiB; JSON can escape a byte into six.
MAX_FRAME = 2 * 1024 * 1024
_LENGTH = 4


class Ready(msgspec.Struct, tag_field="kind", tag="ready", frozen=True, forbid_unknown_fields=True):
    """The guest waits for its program.

    Attributes:
        nanoseconds: What each step to get there took, when a test asked.
    """

    nanoseconds: dict[str, int] | None = None


class Started(msgspec.Struct, tag_field="kind", tag="started", frozen=True, forbid_unknown_fields=True):
    """The guest has its program, files and limits; the next thing to run is user code.

    Attributes:
        monotonic_ns: When that was, by the machine's monotonic clock.
    """

    monotonic_ns: int


class Failed(msgspec.Struct, tag_field="kind", tag="failed", frozen=True, forbid_unknown_fields=True):
    """The guest could not be set up; no user code ran."""

    error: str


class Exit(msgspec.Struct, tag_field="kind", tag="exit", frozen=True, forbid_unknown_fields=True):
    """How the program's process ended, from the supervisor's `waitpid`."""

    wait_status: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]


class ReportedError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The uncaught exception in the program's own words."""

    type: str
    message: str
    traceback: str
    line: int | None = None
    module: str | None = None


type Trap = Literal[
    "bad-call",
    "division-by-zero",
    "integer-overflow",
    "memory-limit",
    "out-of-bounds",
    "stack-overflow",
    "unreachable",
]


class Report(msgspec.Struct, tag_field="kind", tag="report", frozen=True, forbid_unknown_fields=True):
    """What the program says about itself. The process that wrote it had run user code.

    Attributes:
        trap: Why its virtual machine stopped it, where it has one.
    """

    value: Any = None
    value_omitted: str | None = None
    error: ReportedError | None = None
    trap: Trap | None = None


class Done(msgspec.Struct, tag_field="kind", tag="done", frozen=True, forbid_unknown_fields=True):
    """A program of a session is over, and its process takes another one.

    Attributes:
        exit_code: Of the program.
    """

    exit_code: Annotated[int, msgspec.Meta(ge=0, le=0xFF)]


class Begun(msgspec.Struct, tag_field="kind", tag="started", frozen=True, forbid_unknown_fields=True):
    """An interpreter that had waited has its program and runs it from here on."""


type GuestMessage = Ready | Started | Failed | Exit
type ProgramMessage = Ready | Begun | Report | Done

# Bytes that are not UTF-8 are a ValueError of their own.
_MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_supervisor: msgspec.json.Decoder[GuestMessage] = msgspec.json.Decoder(Ready | Started | Failed | Exit)
_program: msgspec.json.Decoder[ProgramMessage] = msgspec.json.Decoder(Ready | Begun | Report | Done)


def decode(payload: bytes) -> GuestMessage:
    """Decode a frame of the trusted part of the guest.

    Raises:
        ProtocolError: It is not one of the known kinds, or malformed.
    """
    try:
        return _supervisor.decode(payload)
    except _MALFORMED as error:
        raise ProtocolError(f"malformed frame: {error}") from error


def decode_report(payload: bytes) -> ProgramMessage:
    """Decode what the process of the program says about itself.

    Raises:
        ProtocolError: It is malformed.
    """
    try:
        return _program.decode(payload)
    except _MALFORMED as error:
        raise ProtocolError(f"malformed report: {error}") from error


class FrameReader:
    """Cuts a stream of bytes into frames, holding at most one frame's worth."""

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self._max_frame = max_frame
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; return the payloads that are complete.

        What came before a violation counts: it is returned, and the call after it raises.

        Raises:
            ProtocolError: A length is above the maximum.
        """
        self._buffer += data
        frames: list[bytes] = []
        try:
            while (payload := self._next()) is not None:
                frames.append(payload)
        except ProtocolError:
            if not frames:
                raise
        return frames

    def feed_all(self, data: bytes) -> Iterator[bytes]:
        """Take bytes; yield the payloads that are complete, and raise behind them if one is malformed.

        Raises:
            ProtocolError: A length is above the maximum.
        """
        while frames := self.feed(data):
            yield from frames
            data = b""

    @property
    def is_partial(self) -> bool:
        """Whether bytes of an unfinished frame are waiting."""
        return bool(self._buffer)

    def _next(self) -> bytes | None:
        if len(self._buffer) < _LENGTH:
            return None
        size = int.from_bytes(self._buffer[:_LENGTH], "big")
        if size > self._max_frame:
            raise ProtocolError(f"a frame of {size} bytes is announced, the maximum is {self._max_frame}")
        end = _LENGTH + size
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[_LENGTH:end])
        del self._buffer[:end]
        return payload
