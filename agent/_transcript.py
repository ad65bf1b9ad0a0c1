"""Transcripts: what an agent did, one JSON object a line, for a person to read later.

The first line is a header. File contents and environment values are in no step, and secrets are taken out of
all text before it is written.
"""

import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import msgspec

from ._redaction import Redactor, map_text
from ._steps import (
    Answered,
    AnyStep,
    Checked,
    Decided,
    Ran,
    Routed,
    Searched,
    Started,
    Token,
    Verified,
    Wrote,
)

# Far above what any budget can produce; a file beyond is none of ours.
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_LINE_BYTES = 4 * 1024 * 1024
# Characters that are kept of each text, tried in this order until a line is short enough.
_KEPT = (100_000, 10_000, 100)

type StoredStep = Started | Routed | Wrote | Checked | Ran | Searched | Verified | Decided | Answered


class TranscriptError(ValueError):
    """A transcript cannot be read or written.

    Attributes:
        hint: What to do about it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="step", tag="transcript"):
    """The first line of a transcript.

    Attributes:
        version: Of the format.
        isorun: Version of the program that wrote it.
    """

    version: int = 1
    isorun: str = "unknown"


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript that was read.

    Attributes:
        complete: False if the last line was cut off; it is left out.
    """

    header: Header
    steps: tuple[StoredStep, ...] = ()
    complete: bool = True


class TranscriptWriter:
    """Writes a transcript, step by step; each line is in the file before `write` returns.

    A file that was there before is replaced. Only its owner can read it.

    Raises:
        TranscriptError: The file cannot be opened or written.
    """

    def __init__(self, path: str | Path, redactor: Redactor | None = None) -> None:
        self._path = Path(path)
        self._redactor = redactor or Redactor()
        self._file: IO[bytes] | None = None
        self._written = 0

    def __enter__(self) -> Self:
        self._file = _open_for_writing(self._path)
        self._put(msgspec.json.encode(Header(isorun=_version())))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, step: AnyStep) -> None:
        """Append a step; tokens are left out."""
        if not isinstance(step, Token):
            self._put(_line(step, self._redactor.text))

    def _put(self, line: bytes) -> None:
        if self._file is None:
            raise RuntimeError("the transcript is not open: use it in a `with` statement")
        if self._written + len(line) + 1 > MAX_FILE_BYTES:
            raise TranscriptError(f"`{self._path}` has reached {MAX_FILE_BYTES >> 20} MiB")
        try:
            self._file.write(line + b"\n")
        except OSError as error:
            raise TranscriptError(f"`{self._path}` cannot be written: {error.strerror}") from error
        self._written += len(line) + 1


def read_transcript(path: str | Path) -> Transcript:
    """Read a transcript; the content is decoded strictly.

    Raises:
        TranscriptError: It cannot be read, is too large, or is no transcript; the message names the line.
    """
    data = _read(Path(path))
    *lines, rest = data.split(b"\n")
    if not lines:
        raise TranscriptError(f"`{path}` is no transcript: it has no whole line", hint=_HINT)
    header = _header(lines[0])
    steps = tuple(_decode(_STEPS, line, number) for number, line in enumerate(lines[1:], start=2))
    return Transcript(header=header, steps=steps, complete=not rest)


_HINT = "`isorun agent --transcript FILE` writes one"
_VERSIONS = (1,)


class _AnyHeader(msgspec.Struct, frozen=True):
    """What says that a file is a transcript, whatever its version."""

    step: Literal["transcript"]
    version: int


_HEADERS = msgspec.json.Decoder(Header)
_ANY_HEADERS = msgspec.json.Decoder(_AnyHeader)
_STEPS: msgspec.json.Decoder[StoredStep] = msgspec.json.Decoder(StoredStep)


def _header(line: bytes) -> Header:
    version = _decode(_ANY_HEADERS, line, 1).version
    if version not in _VERSIONS:
        hint = "it was written by another version of isorun; read it with that"
        raise TranscriptError(f"line 1: the transcript has version {version}, which is not known", hint=hint)
    return _decode(_HEADERS, line, 1)


def _decode[T](decoder: msgspec.json.Decoder[T], line: bytes, number: int) -> T:
    if len(line) > MAX_LINE_BYTES:
        raise TranscriptError(f"line {number} has more than {MAX_LINE_BYTES >> 20} MiB", hint=_HINT)
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TranscriptError(f"line {number} is no step of a transcript: {error}", hint=_HINT) from error


def _read(path: Path) -> bytes:
    try:
        # Without waiting: a pipe with nobody at its other end would never open.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            _require_regular(descriptor, path)
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise TranscriptError(f"`{path}` cannot be read: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise TranscriptError(f"`{path}` has more than {MAX_FILE_BYTES >> 20} MiB", hint=_HINT)
    return data


def _open_for_writing(path: Path) -> IO[bytes]:
    """Open an empty file that only its owner may read, also if it was there with other rights."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
        try:
            _require_regular(descriptor, path)
            os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, 0)
            return os.fdopen(descriptor, "wb", buffering=0)
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        hint = "name a file in a folder that you may write to"
        raise TranscriptError(f"`{path}` cannot be written: {error.strerror}", hint=hint) from error


def _require_regular(descriptor: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise TranscriptError(f"`{path}` is no regular file")


def _line(step: AnyStep, redact: Callable[[str], str]) -> bytes:
    """Encode a step without secrets; of text that makes the line too long, only the beginning is kept."""
    redacted = map_text(step, lambda text: redact(_sound(text)))
    for kept in _KEPT:
        line = msgspec.json.encode(map_text(redacted, partial(_shortened, kept)))
        if len(line) <= MAX_LINE_BYTES:
            return line
    raise TranscriptError(
        f"a step of kind `{type(step).__name__}` does not fit into {MAX_LINE_BYTES >> 20} MiB"
    )


def _sound(text: str) -> str:
    """Replace lone surrogates, which JSON cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _shortened(kept: int, text: str) -> str:
    return text if len(text) <= kept else f"{text[:kept]}... ({len(text) - kept} characters left out)"


def _version() -> str:
    import importlib.metadata  # late: it costs 50 ms, and most uses of the agent write no transcript

    try:
        return importlib.metadata.version("isorun")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
