"""Live output of a run: to a terminal as visible text, to a pipe or file byte by byte.

Writing waits for the descriptor without blocking the event loop: a terminal that is paused, or a pipe
that nobody reads, must not delay a kill.
"""

import os
from typing import Protocol

import anyio
import anyio.lowlevel

from ._console import Neutralizer
from ._standard import OutputError

# A pipe that is reported writable takes this many bytes without blocking (PIPE_BUF on Linux).
_CHUNK_BYTES = 4096


class Form(Protocol):
    """How the bytes of one stream are passed on."""

    def feed(self, data: bytes) -> bytes:
        """Return what to write for a chunk."""
        ...

    def finish(self) -> bytes:
        """Return what is left to write at the end."""
        ...


class LiveOutput:
    """The stdout and stderr of this process, as the target of one run.

    Attributes:
        wrote: Streams on which the program has written something.
    """

    def __init__(self, *, stdout: int = 1, stderr: int = 2) -> None:
        descriptors = {"stdout": stdout, "stderr": stderr}
        self._targets = {name: (one, form(os.isatty(one))) for name, one in descriptors.items()}
        self.wrote: set[str] = set()

    async def write(self, stream: str, data: bytes) -> None:
        """Pass on a chunk.

        Raises:
            BrokenPipeError: Nobody reads that stream any more.
        """
        self.wrote.add(stream)
        descriptor, its_form = self._targets[stream]
        await write_all(descriptor, its_form.feed(data))

    async def finish(self) -> None:
        """Pass on what is left of an unfinished character, and end an unfinished line on a terminal."""
        for descriptor, its_form in self._targets.values():
            await write_all(descriptor, its_form.finish())


def form(is_terminal: bool) -> Form:
    """Return how output is passed on to a terminal, or to anything else."""
    return _Terminal() if is_terminal else _Raw()


class _Raw:
    """A pipe or file: bytes pass unchanged."""

    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class _Terminal:
    """A terminal: control characters are replaced by visible signs."""

    def __init__(self) -> None:
        self._neutralizer = Neutralizer()
        self._last = "\n"

    def feed(self, data: bytes) -> bytes:
        return self._shown(self._neutralizer.feed(data))

    def finish(self) -> bytes:
        rest = self._shown(self._neutralizer.feed(b"", final=True))
        return rest if self._last == "\n" else rest + b"\n"

    def _shown(self, text: str) -> bytes:
        self._last = text[-1:] or self._last
        return text.encode()


async def write_all(descriptor: int, data: bytes) -> None:
    """Write everything; waits where the descriptor can be waited for.

    Raises:
        BrokenPipeError: Nobody reads it any more.
        OutputError: It cannot be written, for example to a full disk.
    """
    rest = memoryview(data)
    while rest:
        await _writable(descriptor)
        try:
            rest = rest[os.write(descriptor, rest[:_CHUNK_BYTES]) :]
        except BlockingIOError:  # somebody else made it non-blocking and filled it first
            continue
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"output cannot be written: {error.strerror}") from error


async def _writable(descriptor: int) -> None:
    try:
        await anyio.wait_writable(descriptor)
    except PermissionError:  # regular files and /dev/null cannot be polled and do not block
        await anyio.lowlevel.checkpoint()
