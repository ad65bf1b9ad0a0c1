"""A model of llama.cpp in a process of its own.

Loading and computing block for seconds, a malformed file can crash the library, and a GGUF is a file from
somewhere: none of that concerns the engine. The process has an empty environment and ends with its socket.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import override

import anyio
import msgspec

from agent._model import Completion, Model, ModelError, Request

from ._line import Done, Event, Failed, Line, Piece, Ready

#: How long a cancelled answer may go on: one batch of a prompt takes seconds on a slow machine.
CANCEL_SECONDS = 10.0


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is loaded.

    Attributes:
        context_tokens: For a request and its answer; never more than the model was trained with.
        threads: 0 takes one for each processor that we may use, at most 16.
        gpu_layers: Layers that a graphics card computes, where the library was built for one; -1 for all.
    """

    context_tokens: int = 4096
    threads: int = 0
    gpu_layers: int = 0

    @property
    def used_threads(self) -> int:
        """The number of threads that `threads` means on this machine."""
        return self.threads or min(len(os.sched_getaffinity(0)), 16)


#: Loading is a request too; others are counted from 1.
_LOADING = 0
_HINTS = {
    "load": "check the file with `isorun model list`, or pull the model again",
    "context": "ask for less, or give the model more room with `--context`",
}


class LocalModel(Model):
    """A GGUF file, loaded when the first request comes, and again when its process has died.

    Requests that come at the same time are answered side by side, which takes little longer than one.

    Args:
        path: The file.
        name: What a person calls it.
        library: Folder with llama-cpp-python; None if our own Python has it.
        states: Folder for what has been read once.
    """

    def __init__(
        self, path: Path, *, name: str, library: Path | None, states: Path, settings: ModelSettings
    ) -> None:
        self.name = name
        self.context_tokens = settings.context_tokens
        # The process has another working folder.
        self._path = path.absolute()
        self._library = None if library is None else library.absolute()
        self._states = states.absolute()
        self._settings = settings
        self._line: Line | None = None
        # Several requests may be under way; one of those that wait reads for all of them.
        self._reading = anyio.Semaphore(1)
        self._loading = anyio.Semaphore(1)
        self._count = 0

    @property
    def pid(self) -> int | None:
        """Of the process that holds the model; None when there is none."""
        return None if self._line is None or self._line.has_ended else self._line.pid

    @override
    async def complete(self, request: Request) -> AsyncGenerator[str | Completion]:
        line = await self._loaded()
        self._count += 1
        number = self._count
        done = False
        line.expect(number)
        await self._send(line, {"kind": "complete", "number": number, "asked": _asked(request)})
        try:
            while not done:
                event = await self._event(line, number)
                done = not isinstance(event, str)
                if isinstance(event, ModelError):
                    raise event
                yield event
        finally:
            if not done and self._line is line:
                await self._take_back(line, number)
            line.forget(number)

    async def _event(self, line: Line, number: int) -> str | Completion | ModelError:
        """Return the next piece of an answer, or its end: a completion, or why there is none."""
        while True:
            match await self._received(line, number):
                case Piece(text=text):
                    return text
                case Done(completion=completion):
                    return completion
                case Failed(error=error, why=why):
                    return ModelError(f"`{self.name}`: {error}", hint=_HINTS[why])

    async def _send(self, line: Line, message: object) -> None:
        try:
            await line.send(message)
        except (OSError, anyio.ClosedResourceError) as error:
            raise await self._lost(line, "died") from error
        except BaseException:  # cancelled, maybe in the middle of a frame
            await self._drop()
            raise

    async def _received(self, line: Line, number: int) -> Event:
        """Return the next event of a request; what comes for others until then is kept for them."""
        try:
            while (event := line.next(number)) is None:
                async with self._reading:
                    if (event := line.next(number)) is not None:
                        return event
                    await line.read_one()
        except (EOFError, OSError, anyio.ClosedResourceError) as error:
            raise await self._lost(line, "died") from error
        except (msgspec.DecodeError, ValueError) as error:
            raise await self._lost(line, f"does not speak as it should ({error})") from error
        return event

    async def _lost(self, line: Line, what: str) -> ModelError:
        """End a process that is of no use any more, and say why."""
        words = line.last_words()
        if self._line is line:
            await self._drop()
        return ModelError(
            f"the process of `{self.name}` {what}{': ' + words if words else ''}",
            hint="try again; if it dies always, the file may be damaged or too large for this machine",
        )

    async def _loaded(self) -> Line:
        async with self._loading:
            if self._line is not None and not self._line.has_ended:
                return self._line
            await self._drop()
            line = self._line = Line(_code(self._library))
            try:
                await self._load(line)
            except BaseException:
                await self._drop()
                raise
            return line

    async def _load(self, line: Line) -> None:
        line.expect(_LOADING)
        await self._send(line, {"kind": "load", "settings": self._load_settings()})
        event = await self._received(line, _LOADING)
        line.forget(_LOADING)
        match event:
            case Ready(context_tokens=context_tokens):
                self.context_tokens = context_tokens
            case Failed(error=error):
                raise ModelError(f"`{self.name}` cannot be loaded: {error}", hint=_HINTS["load"])
            case unexpected:
                raise ModelError(f"the process of `{self.name}` said {type(unexpected).__name__}")

    def _load_settings(self) -> dict[str, str | int]:
        return {
            "path": str(self._path),
            "context_tokens": self._settings.context_tokens,
            "threads": self._settings.used_threads,
            "gpu_layers": self._settings.gpu_layers if self._settings.gpu_layers >= 0 else 10_000,
            "states": str(self._states),
        }

    async def _take_back(self, line: Line, number: int) -> None:
        """Have the process stop at an answer that nobody wants; kill it if it does not."""
        with anyio.move_on_after(CANCEL_SECONDS, shield=True), suppress(ModelError):
            await self._send(line, {"kind": "cancel", "number": number})
            while isinstance(await self._event(line, number), str):
                pass
            return
        await self._drop()

    async def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.aclose()

    @override
    async def aclose(self) -> None:
        await self._drop()


def _asked(request: Request) -> dict[str, object]:
    asked = msgspec.to_builtins(request)
    asked["messages"] = [[message.role, message.text] for message in request.messages]
    return dict(asked)


def _code(library: Path | None) -> str:
    """Return the statements that the process runs. Of ours it loads the package `worker` alone."""
    folders = [str(Path(__file__).resolve().parent), *([] if library is None else [str(library)])]
    return f"import sys; sys.path[:0] = {folders!r}; from worker.main import main; main(int(sys.argv[1]))"
