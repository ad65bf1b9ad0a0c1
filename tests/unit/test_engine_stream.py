"""Batches and streams."""

import warnings
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import pytest

from engine import (
    ConfigError,
    Emit,
    Engine,
    EngineConfig,
    Output,
    Policy,
    PoolClosedError,
    PoolConfig,
    Program,
    Result,
    SandboxLostError,
)
from engine.testing import FakeRuntime, FakeSandbox, hangs, prints

from ._pools import settle

PROGRAM = Program(code="1")
OUT = Output(stream="stdout", data=b"out")


def engine_with(runtime: FakeRuntime, *, max_size: int = 4) -> Engine:
    return Engine(EngineConfig(pool=PoolConfig(warm=0, max_warm=0, max_size=max_size)), runtimes=[runtime])


async def prints_then_hangs(
    sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
) -> Result:
    assert emit is not None
    emit(OUT)
    return await hangs(sandbox, program, policy, emit)


async def prints_then_dies(
    sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
) -> Result:
    assert emit is not None
    emit(OUT)
    raise SandboxLostError("gone", dispatched=True)


async def echo(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
    """Print the code; later programs of a batch are faster."""
    for _ in range(20 - int(program.code)):
        await anyio.lowlevel.checkpoint()
    return await prints(str(program.code).encode())(sandbox, program, policy, emit)


async def test_stream_gives_output_then_the_result() -> None:
    async with engine_with(FakeRuntime(behaviour=prints(b"out"))) as engine:
        events = [event async for event in engine.stream(PROGRAM)]

    assert events[0] == OUT
    assert isinstance(events[1], Result)
    assert len(events) == 2


async def test_stream_gives_output_while_the_program_runs() -> None:
    runtime = FakeRuntime(behaviour=prints_then_hangs)
    async with engine_with(runtime) as engine, aclosing(engine.stream(PROGRAM)) as events:
        assert await anext(events) == OUT
        assert runtime.live == 1


async def test_closing_a_stream_kills_the_program_before_it_returns() -> None:
    runtime = FakeRuntime(behaviour=prints_then_hangs, checkpoints=3)
    async with engine_with(runtime) as engine:
        async with aclosing(engine.stream(PROGRAM)) as events:
            await anext(events)

        assert runtime.live == 0
        assert engine.stats().active == 0


async def test_breaking_out_of_a_stream_kills_the_program() -> None:
    runtime = FakeRuntime(behaviour=prints_then_hangs)
    async with engine_with(runtime) as engine:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # trio asks for `aclosing`
            async for _ in engine.stream(PROGRAM):
                break
            await settle()

        assert runtime.live == 0


async def test_cancelling_the_consumer_of_a_stream_kills_the_program() -> None:
    runtime = FakeRuntime(behaviour=prints_then_hangs, checkpoints=3)

    async def consume() -> None:
        async with aclosing(engine.stream(PROGRAM)) as events:
            async for _ in events:
                pass

    async with engine_with(runtime) as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(consume)
            await settle()
            assert runtime.live == 1
            tasks.cancel_scope.cancel()

        assert runtime.live == 0


async def test_consumer_that_fails_kills_the_program() -> None:
    runtime = FakeRuntime(behaviour=prints_then_hangs)

    async def fail() -> None:
        async with aclosing(engine.stream(PROGRAM)) as events:
            async for _ in events:
                raise KeyError

    async with engine_with(runtime) as engine:
        with pytest.raises(KeyError):
            await fail()

        assert runtime.live == 0


async def test_host_failure_ends_a_stream_after_its_output() -> None:
    async with engine_with(FakeRuntime(behaviour=prints_then_dies)) as engine:
        events = engine.stream(PROGRAM)
        assert await anext(events) == OUT

        with pytest.raises(SandboxLostError, match="gone"):
            await anext(events)


async def test_bad_program_is_refused_by_the_stream_and_the_engine_goes_on() -> None:
    async with engine_with(FakeRuntime()) as engine:
        with pytest.raises(ConfigError):
            async for _ in engine.stream(Program(code="")):
                pass

        assert (await engine.run(PROGRAM)).ok


async def test_stream_that_was_never_read_starts_nothing() -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime) as engine:
        await engine.stream(PROGRAM).aclose()
        await settle()

    assert not runtime.sandboxes


async def test_output_that_comes_while_the_program_is_killed_does_no_harm() -> None:
    async def noisy(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        assert emit is not None
        emit(OUT)
        try:
            return await hangs(sandbox, program, policy, emit)
        finally:
            emit(OUT)
            ended.set()

    ended = anyio.Event()
    async with engine_with(FakeRuntime(behaviour=noisy)) as engine:
        async with aclosing(engine.stream(PROGRAM)) as events:
            await anext(events)

    assert ended.is_set()


async def test_stream_that_is_read_after_closing_says_so() -> None:
    async with engine_with(FakeRuntime()) as engine:
        events = engine.stream(PROGRAM)

    with pytest.raises(PoolClosedError, match="not open"):
        await anext(events)


async def test_leaving_the_engine_ends_a_stream() -> None:
    runtime = FakeRuntime(behaviour=prints_then_hangs)
    async with engine_with(runtime) as engine:
        events: AsyncGenerator[Output | Result] = engine.stream(PROGRAM)
        await anext(events)

    assert runtime.live == 0
    with pytest.raises(PoolClosedError):
        await anext(events)


async def test_batch_keeps_its_order() -> None:
    programs = [Program(code=str(number)) for number in range(1, 20)]
    async with engine_with(FakeRuntime(behaviour=echo)) as engine:
        results = await engine.run_many(programs)

    assert [result.stdout for result in results] == [program.code for program in programs]


async def test_empty_batch_gives_nothing() -> None:
    async with engine_with(FakeRuntime()) as engine:
        assert await engine.run_many([]) == []


@pytest.mark.parametrize(("max_concurrent", "most"), [(None, 3), (1, 1), (2, 2), (10, 3)])
async def test_batch_runs_at_most_as_many_at_once_as_allowed(max_concurrent: int | None, most: int) -> None:
    runtime = FakeRuntime(checkpoints=2)
    seen = 0

    async def watch(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        nonlocal seen
        for _ in range(20):  # whoever may come besides has come by then
            seen = max(seen, engine.stats().pools[0].leased)
            await anyio.lowlevel.checkpoint()
        return await prints()(sandbox, program, policy, emit)

    runtime = FakeRuntime(behaviour=watch, checkpoints=2)
    async with engine_with(runtime, max_size=3) as engine:
        await engine.run_many([PROGRAM] * 12, max_concurrent=max_concurrent)

    assert seen == most


async def test_batch_needs_at_least_one_at_once() -> None:
    async with engine_with(FakeRuntime()) as engine:
        with pytest.raises(ConfigError, match="at least 1, not 0"):
            await engine.run_many([PROGRAM], max_concurrent=0)


async def test_mistake_in_the_last_program_is_found_before_the_first_runs() -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime) as engine:
        with pytest.raises(ConfigError) as caught:
            await engine.run_many([PROGRAM, PROGRAM, Program(code="")])

    assert not runtime.sandboxes
    assert caught.value.__notes__ == ["this was number 2 of the batch, counted from 0"]


async def test_host_failure_in_a_batch_cancels_the_others_and_is_raised() -> None:
    async def second_dies(
        sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
    ) -> Result:
        if program.code == "2":
            raise SandboxLostError("gone", dispatched=True)
        return await hangs(sandbox, program, policy, emit)

    runtime = FakeRuntime(behaviour=second_dies)
    async with engine_with(runtime) as engine:
        with pytest.raises(SandboxLostError, match="gone") as caught:
            await engine.run_many([Program(code="1"), Program(code="2"), Program(code="3")])

        assert runtime.live == 0
    assert caught.value.__notes__ == ["this was number 1 of the batch, counted from 0"]


async def test_cancelled_batch_leaves_nothing() -> None:
    runtime = FakeRuntime(behaviour=hangs)
    async with engine_with(runtime) as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run_many, [PROGRAM] * 8)
            await settle()
            assert runtime.live == 4
            tasks.cancel_scope.cancel()

        assert runtime.live == 0
