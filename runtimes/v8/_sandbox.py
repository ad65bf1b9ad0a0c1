"""One jail with a Deno process that has loaded what it needs and waits for its program."""

import os
from functools import partial

import anyio

from engine import ProtocolError, SandboxStartError
from engine._protocol import FrameReader, Ready, Started, decode, decode_report
from engine._pump import Pump
from runtimes.jails import JailSandbox, receive_ready

#: Deno is there in tens of milliseconds, Pyodide in under a second; this is for a machine that swaps.
START_SECONDS = 30.0
_MAX_WORDS = 4000


class V8Sandbox(JailSandbox):
    """A jail whose runner is replaced by Deno before there is a program.

    Its first words come over a pipe with a name, because Deno cannot use inherited descriptors but the
    standard ones. From the moment that it has a program, nothing of what it says is trusted.
    """

    async def take_over(self, order: bytes) -> None:
        """Have the runner become Deno, and wait until that is ready for a program.

        Args:
            order: What to execute (see `encode_takeover`).

        Raises:
            SandboxStartError: It ended instead, or took too long.
        """
        with anyio.move_on_after(START_SECONDS):
            await self._send(order)
            self._take_report_pipe(*await self._receive())
            await self._wait_for_interpreter()
            return
        raise SandboxStartError(f"Deno was not ready within {START_SECONDS:g} s", hint="is the machine busy?")

    async def _send(self, order: bytes) -> None:
        left = memoryview(order)
        while left:
            await anyio.wait_writable(self._pipes.control)
            try:
                left = left[self._pipes.control.send(left) :]
            except ConnectionError:
                return  # why it has gone is seen by who waits for its answer

    async def _receive(self) -> tuple[bytes, list[int]]:
        await anyio.wait_readable(self._pipes.control)
        return receive_ready(self._pipes.control)

    def _take_report_pipe(self, frame: bytes, rights: list[int]) -> None:
        if not frame:
            raise SandboxStartError("the jail ended before Deno was started", hint="see `isorun doctor`")
        if not isinstance(decode(frame), Started) or len(rights) != 1:
            for descriptor in rights:
                os.close(descriptor)
            raise ProtocolError("the jail did not hand over a report pipe")
        os.close(self._pipes.report)
        [self._pipes.report] = rights

    async def _wait_for_interpreter(self) -> None:
        """Wait for the word of Deno, for its end, or for that of the jail."""
        pump, words = Pump(), list[bytes]()
        reader = FrameReader(max_frame=_MAX_WORDS)
        try:
            pump.read(self._pipes.report, partial(_collect, reader, words, pump))
            pump.read(self._pipes.control.fileno(), lambda _: pump.stop())  # the end of its process
            self._child.notify(pump.stop)
            await pump.run()
        finally:
            pump.close()
        if not words or not isinstance(decode_report(words[0]), Ready):
            raise SandboxStartError(f"Deno did not start: {self._last_words()}", hint="see `isorun doctor`")

    def _last_words(self) -> str:
        said = ""
        for pipe in (self._pipes.stderr, self._pipes.stdout):
            try:
                said += os.read(pipe, _MAX_WORDS).decode("utf-8", "replace")
            except BlockingIOError:
                continue
        return said.strip()[-_MAX_WORDS:] or "it ended without a word"


def _collect(reader: FrameReader, words: list[bytes], pump: Pump, data: bytes) -> None:
    words += reader.feed(data)
    if words:
        pump.stop()
