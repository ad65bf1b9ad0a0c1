"""The protocol of calls, with sandboxes that do what a hostile program may do."""

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest

from agent._tool_calls import MAX_CALL_BYTES, ToolBudget, ToolRun, run_with_tools
from agent._tools import CALL_FILE, MODULE, REPLIES_FILE, WAITS, Tools
from engine import (
    Artifact,
    ConfigError,
    Emit,
    Engine,
    EngineConfig,
    File,
    Output,
    Policy,
    Program,
    Reason,
    Result,
    Status,
    isolation_of,
)
from engine.testing import Behaviour, FakeRuntime, FakeSandbox

type Replies = list[dict[str, Any]]
#: What a program does, given the replies so far: a call to make, its bytes, or None to end.
type Acts = Callable[[Replies], dict[str, object] | bytes | None]

PROGRAM = Program(code="import tools")


def acting(acts: Acts, *, stdout: bytes = b"", exit_code: int = WAITS) -> Behaviour:
    async def behave(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        (replies,) = [json.loads(file.data or b"") for file in program.files if file.name == REPLIES_FILE]
        wanted = acts(replies)
        if stdout and emit is not None:
            emit(Output(stream="stdout", data=stdout))
        data = wanted if isinstance(wanted, bytes) else json.dumps(wanted).encode()
        files = [] if wanted is None else [Artifact(name=CALL_FILE, data=data, size=len(data))]
        return Result(
            status=Status.OK if wanted is None else Status.ERROR,
            reason=Reason.EXIT_ZERO if wanted is None else Reason.EXIT_NONZERO,
            exit_code=0 if wanted is None else exit_code,
            stdout_bytes=stdout,
            value=replies,
            files=(*files, Artifact(name="own.txt")),
            isolation=isolation_of(sandbox.template, path="cold"),
        )

    return behave


def calls(*wanted: dict[str, object]) -> Acts:
    """Make these calls one after the other, then end."""

    def act(replies: Replies) -> dict[str, object] | None:
        done = len(replies)
        return {**wanted[done], "number": done + 1} if done < len(wanted) else None

    return act


def double(number: int) -> int:
    """Double."""
    return 2 * number


def call_of(number: object = 1, name: str = "double") -> dict[str, object]:
    return {"name": name, "arguments": {"number": number}}


async def ran(
    acts: Acts,
    *functions: Callable[..., object],
    budget: ToolBudget | None = None,
    emit: Emit | None = None,
    program: Program = PROGRAM,
    **behaviour: Any,
) -> ToolRun:
    tools = Tools()
    for function in functions or (double,):
        tools.add(function)
    runtime = FakeRuntime(behaviour=acting(acts, **behaviour))
    async with Engine(EngineConfig(), runtimes=[runtime]) as engine:
        return await run_with_tools(engine, program, None, tools, budget=budget, emit=emit)


def errors(run: ToolRun) -> Sequence[str | None]:
    return [call.error for call in run.calls]


async def test_replies_arrive_in_the_order_of_the_calls() -> None:
    run = await ran(calls(call_of(1), call_of(21)))

    assert run.result.ok
    assert run.result.value == [
        {"call": call_of(1), "reply": 2},
        {"call": call_of(21), "reply": 42},
    ]
    assert run.runs == 3


async def test_calls_are_recorded() -> None:
    run = await ran(calls(call_of(21)))

    (call,) = run.calls
    assert (call.name, json.loads(call.arguments), call.reply_bytes, call.error) == (
        "double",
        {"number": 21},
        2,
        None,
    )
    assert call.seconds >= 0


async def test_program_without_calls_runs_once() -> None:
    run = await ran(lambda replies: None)

    assert (run.runs, run.calls, run.result.ok) == (1, (), True)


async def test_files_of_the_protocol_are_no_files_of_the_result() -> None:
    run = await ran(calls(call_of()))

    assert [file.name for file in run.result.files] == ["own.txt"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (call_of(name="gone"), "there is no tool 'gone'; there are double"),
        (call_of(name="os.system"), "there is no tool 'os.system'"),
        (call_of("2"), "the arguments of `double` are not valid: Expected `int`"),
        ({"name": "double", "arguments": []}, "the arguments of `double` are not valid"),
    ],
)
async def test_forged_call_gets_an_error_and_the_program_goes_on(call: dict[str, object], error: str) -> None:
    run = await ran(calls(call, call_of(3)))

    first, second = run.result.value
    assert error in first["error"]
    assert second["reply"] == 6
    assert (run.calls[0].error or "").startswith(error[:20])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"\xff\xfe",
        b'{"name": "double"}',
        b'{"name": "double", "arguments": {}, "number": 0}',
        b'{"name": "double", "arguments": {}, "number": 1.5}',
        b'{"name": "double", "arguments": {}, "number": 1, "more": 1}',
        b'{"name": "", "arguments": {}, "number": 1}',
        b'{"name": "%s", "arguments": {}, "number": 1}' % (b"x" * 201),
        b'{"name": "double", "arguments": %s, "number": 1}' % (b"[" * 30_000),
    ],
)
async def test_file_that_is_no_call_ends_the_run_with_the_reason(data: bytes) -> None:
    run = await ran(lambda replies: data)

    assert run.result.status is Status.ERROR
    assert run.result.exit_code == WAITS
    assert run.result.error is not None
    assert "the call of the program is not valid" in run.result.error.message
    assert (run.runs, run.calls) == (1, ())


@pytest.mark.parametrize("more", [0, 1])
async def test_file_is_read_up_to_its_limit(more: int) -> None:
    start, end = b'{"name": "double", "arguments": {"number": 1', b'}, "number": 1}'
    data = start + b" " * (MAX_CALL_BYTES - len(start) - len(end) + more) + end

    run = await ran(lambda replies: None if replies else data)

    assert run.result.ok is (more == 0)
    assert len(run.calls) == 1 - more


async def test_call_that_was_not_collected_is_said() -> None:
    run = await ran(calls(call_of()), exit_code=WAITS - 1)
    assert run.result.error is None
    assert run.runs == 1

    async def behave(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        return Result(
            status=Status.ERROR,
            reason=Reason.EXIT_NONZERO,
            exit_code=WAITS,
            files=(Artifact(name=CALL_FILE, skipped="symbolic link"),),
            isolation=isolation_of(sandbox.template, path="cold"),
        )

    async with Engine(EngineConfig(), runtimes=[FakeRuntime(behaviour=behave)]) as engine:
        run = await run_with_tools(engine, PROGRAM, None, Tools())

    assert run.result.error is not None
    assert run.result.error.message == "the call of the program was not collected: symbolic link"


async def test_program_that_changes_its_calls_is_ended() -> None:
    run = await ran(lambda replies: {**call_of(len(replies)), "number": 1})

    assert run.result.error is not None
    assert "the program did not repeat its calls" in run.result.error.message
    assert (run.result.status, run.runs, len(run.calls)) == (Status.ERROR, 2, 1)


async def test_call_that_skips_a_number_is_ended() -> None:
    run = await ran(lambda replies: {**call_of(), "number": 2})

    assert run.result.error is not None
    assert "call number 2 came before number 1" in run.result.error.message


@pytest.mark.parametrize(("made", "ok"), [(3, True), (4, False)])
async def test_endless_calls_end_with_the_budget(made: int, ok: bool) -> None:
    run = await ran(calls(*[call_of()] * made), budget=ToolBudget(calls=3))

    assert run.result.ok is ok
    assert len(run.calls) == 3
    assert (run.result.error is None) is ok


async def test_tool_that_raises_is_an_error_without_traceback() -> None:
    def fails(number: int) -> int:
        raise ValueError("x" * 600 if number else "no such city")

    run = await ran(calls(call_of(0, "fails"), call_of(1, "fails")), fails)

    assert run.result.ok
    assert errors(run)[0] == "ValueError: no such city"
    assert len(errors(run)[1] or "") == 500


async def test_tool_that_hangs_is_left_when_the_seconds_are_used_up() -> None:
    async def hangs(number: int) -> int:
        await anyio.sleep_forever()
        return number

    run = await ran(calls(call_of(1, "hangs"), call_of(1)), hangs, double, budget=ToolBudget(seconds=0.01))

    assert run.result.ok
    assert errors(run) == ["the budget of 0.01 seconds is used up"] * 2


async def test_thread_that_hangs_is_left_too() -> None:
    released = threading.Event()

    def hangs(number: int) -> int:
        released.wait()
        return number

    run = await ran(calls(call_of(1, "hangs")), hangs, budget=ToolBudget(seconds=0.01))
    released.set()

    assert errors(run) == ["the budget of 0.01 seconds is used up"]


@pytest.mark.parametrize(("size", "error"), [(98, False), (99, True)])
async def test_reply_is_bounded(size: int, error: bool) -> None:
    def text(number: int) -> str:
        return "x" * number

    run = await ran(calls(call_of(size, "text")), text, budget=ToolBudget(reply_bytes=100))

    (reply,) = run.result.value
    assert ("error" in reply) is error
    assert ("reply" in reply) is not error


async def test_output_is_emitted_once() -> None:
    seen: list[bytes] = []

    run = await ran(
        calls(call_of(), call_of()), stdout=b"hello", emit=lambda output: seen.append(output.data)
    )

    assert run.runs == 3
    assert seen == [b"hello"]


async def test_other_languages_are_refused() -> None:
    with pytest.raises(ConfigError, match="a program in `bash` cannot call tools"):
        await ran(lambda replies: None, program=Program(code=":", language="bash"))


@pytest.mark.parametrize("name", [MODULE, REPLIES_FILE, CALL_FILE, "tools/__init__.py"])
async def test_files_of_the_program_may_not_be_those_of_the_protocol(name: str) -> None:
    with pytest.raises(ConfigError, match="a program with tools gets one of this name"):
        await ran(lambda replies: None, program=Program(code="1", files=(File(name=name, data=b""),)))
