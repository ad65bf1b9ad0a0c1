"""Live output of a run: to a terminal as visible text, to a pipe or file byte by byte.

Writing waits for the descriptor without blocking the event loop: a terminal that is paused, or a pipe
that nobody reads, must not delay a kill.
"""

import os

import anyio
import anyio.lowlevel

from ._console import Neutralizer
from ._standard import OutputError

# A pipe that is reported writable takes this many bytes without blocking (PIPE_BUF on Linux).
_CHUNK_BYTES = 4096


class LiveOutput:
    """The stdout and stderr of this process, as the target of one run.

    Attributes:
        wrote: Streams on which the program has written something.
    """

    def __init__(self, *, stdout: int = 1, stderr: int = 2) -> None:
        self._targets = {"stdout": _target(stdout), "stderr": _target(stderr)}
        self.wrote: set[str] = set()

    async def write(self, stream: str, data: bytes) -> None:
        """Pass on a chunk.

        Raises:
            BrokenPipeError: Nobody reads that stream any more.
        """
        self.wrote.add(stream)
        await self._targets[stream].write(data)

    async def finish(self) -> None:
        """Pass on what is left of an unfinished character, and end an unfinished line on a terminal."""
        for target in self._targets.values():
            await target.finish()


class _Raw:
    """A pipe or file: bytes pass unchanged."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def write(self, data: bytes) -> None:
        await write_all(self._descriptor, data)

    async def finish(self) -> None:
        """Nothing is held back."""


class _Terminal:
    """A terminal: control characters are replaced by visible signs."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._neutralizer = Neutralizer()
        self._last = "\n"

    async def write(self, data: bytes) -> None:
        await self._show(self._neutralizer.feed(data))

    async def finish(self) -> None:
        await self._show(self._neutralizer.feed(b"", final=True))
        if self._last != "\n":
            await self._show("\n")

    async def _show(self, text: str) -> None:
        if text:
            self._last = text[-1]
            await write_all(self._descriptor, text.encode())


def _target(descriptor: int) -> _Raw | _Terminal:
    return _Terminal(descriptor) if os.isatty(descriptor) else _Raw(descriptor)


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
