"""A model of llama.cpp in a process of its own.

Loading and computing block for seconds, a malformed file can crash the library, and a GGUF is a file from
somewhere: none of that concerns the engine. The process has an empty environment and ends with its socket.
"""

import os
import struct
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal, override

import anyio
import msgspec

from engine._process import Companion, ToolError

from .._model import Completion, Model, ModelError, Request

# How long a cancelled answer may go on: one batch of a prompt takes seconds on a slow machine.
CANCEL_SECONDS = 10.0
_MAX_FRAME = 4 * 1024 * 1024
_LENGTH = struct.Struct(">I")
#: Which devices there are, and how many threads; everything else of the environment stays here.
_PASSED = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "LD_LIBRARY_PATH")


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


class _Ready(msgspec.Struct, tag_field="kind", tag="ready", frozen=True):
    context_tokens: int


class _Piece(msgspec.Struct, tag_field="kind", tag="piece", frozen=True):
    number: int
    text: str


class _Done(msgspec.Struct, tag_field="kind", tag="done", frozen=True):
    number: int
    completion: Completion


class _Failed(msgspec.Struct, tag_field="kind", tag="failed", frozen=True):
    number: int
    error: str
    why: Literal["load", "context"]


_decoder = msgspec.json.Decoder(_Ready | _Piece | _Done | _Failed)
_encoder = msgspec.json.Encoder()

_HINTS = {
    "load": "check the file with `isorun model list`, or pull the model again",
    "context": "ask for less, or give the model more room with `--context`",
}


class LocalModel(Model):
    """A GGUF file, loaded when the first request comes, and again when its process has died.

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
        self._path = path
        self._library = library
        self._states = states
        self._settings = settings
        self._line: _Line | None = None
        # One request at a time: there is one context, and it holds what was read last.
        self._turn = anyio.Semaphore(1)
        self._count = 0

    @property
    def pid(self) -> int | None:
        """Of the process that holds the model; None when there is none."""
        return None if self._line is None else self._line.pid

    @override
    async def complete(self, request: Request) -> AsyncGenerator[str | Completion]:
        async with self._turn:
            line = await self._loaded()
            self._count += 1
            number = self._count
            done = False
            try:
                await line.send({"kind": "complete", "number": number, "asked": _asked(request)})
                while not done:
                    event = await self._event(line, number)
                    done = isinstance(event, Completion)
                    yield event
            finally:
                if not done:
                    await self._take_back(number)

    async def _event(self, line: "_Line", number: int) -> str | Completion:
        while True:
            match await self._received(line):
                case _Piece(number=found, text=text) if found == number:
                    return text
                case _Done(number=found, completion=completion) if found == number:
                    return completion
                case _Failed(error=error, why=why):
                    line.is_free = True
                    raise ModelError(f"`{self.name}`: {error}", hint=_HINTS[why])

    async def _received(self, line: "_Line") -> _Ready | _Piece | _Done | _Failed:
        try:
            data = await line.receive()
            return _decoder.decode(data)
        except (EOFError, OSError, msgspec.DecodeError, ValueError) as error:
            words = line.last_words()
            await self._drop()
            raise ModelError(
                f"the process of `{self.name}` died{': ' + words if words else ''}",
                hint="try again; if it dies always, the file may be damaged or too large for this machine",
            ) from error

    async def _loaded(self) -> "_Line":
        if self._line is not None:
            return self._line
        line = self._line = _Line(_code(self._library))
        try:
            await line.send({"kind": "load", "settings": self._load_settings()})
            match await self._received(line):
                case _Ready(context_tokens=context_tokens):
                    self.context_tokens = context_tokens
                case _Failed(error=error):
                    raise ModelError(f"`{self.name}` cannot be loaded: {error}", hint=_HINTS["load"])
                case unexpected:
                    raise ModelError(f"the process of `{self.name}` said {type(unexpected).__name__}")
        except BaseException:
            await self._drop()
            raise
        return line

    def _load_settings(self) -> dict[str, str | int]:
        return {
            "path": str(self._path),
            "context_tokens": self._settings.context_tokens,
            "threads": self._settings.used_threads,
            "gpu_layers": self._settings.gpu_layers if self._settings.gpu_layers >= 0 else 10_000,
            "states": str(self._states),
        }

    async def _take_back(self, number: int) -> None:
        """Have the process stop at an answer that nobody wants; kill it if it does not."""
        line = self._line
        if line is None or line.is_free:
            if line is not None:
                line.is_free = False
            return
        with anyio.move_on_after(CANCEL_SECONDS, shield=True):
            try:
                await line.send({"kind": "cancel", "number": number})
                while not isinstance(await self._event(line, number), Completion):
                    pass
            except (ModelError, OSError):
                pass
            else:
                return
        await self._drop()

    async def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.aclose()

    @override
    async def aclose(self) -> None:
        await self._drop()


class _Line:
    """Frames to and from the process."""

    def __init__(self, code: str) -> None:
        env = {name: os.environ[name] for name in _PASSED if name in os.environ}
        try:
            self._companion = Companion(code, env=env)
        except ToolError as error:
            raise ModelError(str(error), hint=error.hint) from error
        self._buffer = bytearray()
        #: The process has refused a request and waits for the next.
        self.is_free = False

    @property
    def pid(self) -> int:
        return self._companion.pid

    def last_words(self) -> str:
        return self._companion.last_words()

    async def send(self, message: object) -> None:
        data = _encoder.encode(message)
        rest = memoryview(_LENGTH.pack(len(data)) + data)
        while rest:
            try:
                rest = rest[self._companion.connection.send(rest) :]
            except BlockingIOError:
                await anyio.wait_writable(self._companion.connection)

    async def receive(self) -> bytes:
        """Return the next frame.

        Raises:
            EOFError: The process has ended.
        """
        (length,) = _LENGTH.unpack(await self._exactly(_LENGTH.size))
        if length > _MAX_FRAME:
            raise ValueError(f"a frame of {length} bytes")
        return await self._exactly(length)

    async def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                data = self._companion.connection.recv(65536)
            except BlockingIOError:
                await anyio.wait_readable(self._companion.connection)
                continue
            if not data:
                with anyio.move_on_after(1.0):
                    await self._companion.wait()
                raise EOFError
            self._buffer += data
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def aclose(self) -> None:
        await self._companion.aclose()


def _asked(request: Request) -> dict[str, object]:
    asked = msgspec.to_builtins(request)
    asked["messages"] = [[message.role, message.text] for message in request.messages]
    return dict(asked)


def _code(library: Path | None) -> str:
    """Return the statements that the process runs. It loads the package `worker` alone, nothing else of ours."""
    folders = [str(Path(__file__).resolve().parent), *([] if library is None else [str(library)])]
    return f"import sys; sys.path[:0] = {folders!r}; from worker.main import main; main(int(sys.argv[1]))"
