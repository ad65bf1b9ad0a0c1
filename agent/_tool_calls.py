"""Let a program call functions of the host, though nothing connects its sandbox with the host while it runs.

A call ends the program and leaves a file that says what is wanted. The host calls the function and runs the
program again from its beginning in a fresh sandbox, with all replies so far in an input file; calls that were
made before return at once. With a warm pool that costs milliseconds. What a program does must follow from
its code, its input and its replies: the time, random numbers without a seed, and files written before a call
are others the next time.

The file is guest data, and so is the exit code. A forged one can ask for a registered function with arguments
that its types allow, as any program can, and nothing else. The verdict on the run remains the engine's.
"""

import time
from typing import Annotated

import anyio
import msgspec
from msgspec import Meta

from engine import AnyEngine, ConfigError, Emit, ErrorInfo, Output, PolicyLike, Program, Result, Status

from ._tools import CALL_FILE, MODULE, REPLIES_FILE, WAITS, Asked, Reply, ToolCallError, Tools

MAX_CALL_BYTES = 64 * 1024
_MAX_ERROR = 500
# A package would be imported in place of the module.
_PACKAGE = "tools/"
_PROTOCOL_FILES = frozenset({MODULE, CALL_FILE, REPLIES_FILE})


class ToolBudget(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the host a program may use; what is above gets an error, and the program can go on.

    Attributes:
        calls: Calls, and with them how often the program runs again.
        seconds: Wall time of all calls together.
        reply_bytes: Of one reply as JSON.
    """

    calls: int = 8
    seconds: float = 30.0
    reply_bytes: int = 65_536


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a program made, for the record.

    Attributes:
        name: As the program gave it, whether there is such a function or not.
        arguments: As JSON.
        seconds: How long the function took.
        reply_bytes: Of the reply as JSON; 0 if there was none.
        error: What the program was told instead.
    """

    name: str
    arguments: str
    seconds: float = 0.0
    reply_bytes: int = 0
    error: str | None = None


class ToolRun(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a program, and what it called.

    Attributes:
        result: Of the last time that it ran.
        calls: In order.
        runs: How many times it ran.
    """

    result: Result
    calls: tuple[ToolCall, ...] = ()
    runs: int = 1


class _CallFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    arguments: msgspec.Raw
    number: Annotated[int, Meta(ge=1)]


_decoder = msgspec.json.Decoder(_CallFile)


class _CallFileError(Exception):
    """The program did not keep to the protocol; it gets no reply."""


async def run_with_tools(
    engine: AnyEngine,
    program: Program,
    policy: PolicyLike | None,
    tools: Tools,
    *,
    budget: ToolBudget | None = None,
    emit: Emit | None = None,
) -> ToolRun:
    """Run a Python program that may `import tools`.

    Args:
        engine: Runs it, as often as it makes calls and once more.
        program: In Python.
        policy: For each of the runs.
        tools: What it may call.
        budget: None takes the defaults.
        emit: Called with output as it comes, once for all runs together.

    Raises:
        ConfigError: The program is not in Python, or has a file of its own where `tools` should be.
        EngineError: As for `Engine.run`.
    """
    _check(program)
    budget = budget or ToolBudget()
    session = _Session(tools, budget)
    output = _OnceOnly(emit)
    runs = 0
    while True:
        files = tools.guest_files(session.replies, limit=budget.calls)
        ready = msgspec.structs.replace(program, files=(*program.files, *files))
        output.begin()
        result = await engine.run(ready, policy, emit=None if emit is None else output)
        runs += 1
        try:
            asked = session.next_call(result)
        except _CallFileError as problem:
            error = ErrorInfo(type="ToolError", message=str(problem))
            result = msgspec.structs.replace(result, error=error)
            asked = None
        if asked is None:
            return ToolRun(result=_without_protocol(result), calls=tuple(session.calls), runs=runs)
        await session.answer(asked)


def _check(program: Program) -> None:
    if program.language != "python":
        raise ConfigError(
            f"a program in `{program.language}` cannot call tools",
            hint="write it in Python, or run it without",
        )
    taken = [
        file.name for file in program.files if file.name in _PROTOCOL_FILES or file.name.startswith(_PACKAGE)
    ]
    if taken:
        raise ConfigError(
            f"input file `{taken[0]}`: a program with tools gets one of this name", hint="rename it"
        )


class _Session:
    """The calls of one program, over all of its runs."""

    def __init__(self, tools: Tools, budget: ToolBudget) -> None:
        self.replies: list[Reply] = []
        self.calls: list[ToolCall] = []
        self._tools = tools
        self._budget = budget
        self._seconds_left = budget.seconds

    def next_call(self, result: Result) -> Asked | None:
        """Return what the program waits for; None if it has ended.

        Raises:
            _CallFileError: It ended as one that waits, for nothing that it may wait for now.
        """
        if result.status is not Status.ERROR or result.exit_code != WAITS:
            return None
        file = _call_file(result)
        asked = Asked(name=file.name, arguments=file.arguments)
        if file.number <= len(self.replies):
            raise _CallFileError(
                f"the program did not repeat its calls: number {file.number} was another one before"
            )
        if file.number != len(self.replies) + 1:
            raise _CallFileError(f"call number {file.number} came before number {len(self.replies) + 1}")
        if file.number > self._budget.calls:
            raise _CallFileError(f"the budget of {self._budget.calls} calls is used up")
        return asked

    async def answer(self, asked: Asked) -> None:
        """Call the function and keep what it gives, or what went wrong."""
        began = time.monotonic()
        reply, error = b"", None
        try:
            reply = await self._called(asked)
        except ToolCallError as failure:
            error = str(failure)
        except Exception as failure:  # a function of the user may raise anything
            error = f"{type(failure).__name__}: {failure}"
        seconds = time.monotonic() - began
        self._seconds_left -= seconds
        error = None if error is None else error[:_MAX_ERROR]
        outcome = (
            Reply(call=asked, reply=msgspec.Raw(reply)) if error is None else Reply(call=asked, error=error)
        )
        self.replies.append(outcome)
        arguments = bytes(asked.arguments).decode("utf-8", "replace")
        self.calls.append(
            ToolCall(
                name=asked.name, arguments=arguments, seconds=seconds, reply_bytes=len(reply), error=error
            )
        )

    async def _called(self, asked: Asked) -> bytes:
        reply = None
        if self._seconds_left > 0:
            with anyio.move_on_after(self._seconds_left):
                reply = await self._tools.call(asked)
        if reply is None:
            raise ToolCallError(f"the budget of {self._budget.seconds:g} seconds is used up")
        if len(reply) > self._budget.reply_bytes:
            allowed = self._budget.reply_bytes
            raise ToolCallError(
                f"the reply of `{asked.name}` has {len(reply):,} bytes, allowed are {allowed:,}"
            )
        return reply


def _call_file(result: Result) -> _CallFile:
    found = [file for file in result.files if file.name == CALL_FILE]
    if not found or found[0].skipped is not None:
        why = found[0].skipped if found else "the policy may allow no output files"
        raise _CallFileError(f"the call of the program was not collected: {why}")
    if len(found[0].data) > MAX_CALL_BYTES:
        size = f"{len(found[0].data):,} bytes"
        raise _CallFileError(f"the call of the program has {size}, allowed are {MAX_CALL_BYTES:,}")
    try:
        return _decoder.decode(found[0].data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _CallFileError(f"the call of the program is not valid: {error}") from error


def _without_protocol(result: Result) -> Result:
    files = tuple(file for file in result.files if file.name not in _PROTOCOL_FILES)
    return msgspec.structs.replace(result, files=files)


class _OnceOnly:
    """Passes output on, but not again what a program repeats in its next run."""

    def __init__(self, emit: Emit | None) -> None:
        self._emit = emit
        self._passed = {"stdout": 0, "stderr": 0}
        self._seen = {"stdout": 0, "stderr": 0}

    def begin(self) -> None:
        """Take note that a program begins again."""
        self._seen = dict.fromkeys(self._seen, 0)

    def __call__(self, output: Output) -> None:
        start, before = self._seen[output.stream], self._passed[output.stream]
        self._seen[output.stream] = start + len(output.data)
        new = output.data[max(before - start, 0) :]
        if new and self._emit is not None:
            self._passed[output.stream] = start + len(output.data)
            self._emit(Output(stream=output.stream, data=new))
