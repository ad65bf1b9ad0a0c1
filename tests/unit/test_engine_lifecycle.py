"""Opening, closing and cancelling: whatever happens, nothing is left."""

from collections.abc import Callable

import anyio
import msgspec
import pytest
from anyio.lowlevel import checkpoint

from engine import (
    AdmissionConfig,
    Emit,
    Engine,
    EngineConfig,
    Policy,
    PoolClosedError,
    PoolConfig,
    Program,
    Result,
    SandboxStartError,
)
from engine._pools import MAX_POOLS
from engine.testing import FakeRuntime, FakeSandbox, hangs, prints

from ._pools import settle

PROGRAM = Program(code="1")


def engine_with(runtime: FakeRuntime, *, warm: int = 0) -> Engine:
    return Engine(EngineConfig(pool=PoolConfig(warm=warm, max_warm=warm)), runtimes=[runtime])


@pytest.mark.parametrize(
    "use",
    [
        lambda engine: engine.run(PROGRAM),
        lambda engine: engine.run_many([PROGRAM]),
        lambda engine: engine.explain(PROGRAM),
        lambda engine: engine.tiers(),
    ],
)
async def test_engine_that_is_not_open_says_so(use: Callable[[Engine], object]) -> None:
    engine = engine_with(FakeRuntime())

    with pytest.raises(PoolClosedError, match="the engine is not open") as caught:
        await use(engine)  # type: ignore[misc]

    assert "async with" in caught.value.hint


def test_stream_of_engine_that_is_not_open_says_so_at_once() -> None:
    with pytest.raises(PoolClosedError, match="the engine is not open"):
        engine_with(FakeRuntime()).stream(PROGRAM)


async def test_engine_cannot_be_used_after_closing() -> None:
    async with engine_with(FakeRuntime()) as engine:
        pass

    with pytest.raises(PoolClosedError, match="the engine is not open"):
        await engine.run(PROGRAM)


async def test_engine_cannot_be_opened_again() -> None:
    engine = engine_with(FakeRuntime())
    async with engine:
        with pytest.raises(RuntimeError, match="already been entered"):
            await engine.__aenter__()

    with pytest.raises(PoolClosedError, match="this engine was closed"):
        await engine.__aenter__()


async def test_exception_of_the_block_arrives_as_it_is() -> None:
    runtime = FakeRuntime()

    async def fail() -> None:
        async with engine_with(runtime, warm=1) as engine:
            await engine.run(PROGRAM)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await fail()

    assert runtime.live == 0


async def test_host_failure_in_the_block_arrives_as_it_is() -> None:
    runtime = FakeRuntime()
    runtime.start_errors.append(SandboxStartError("no"))

    async def fail() -> None:
        async with engine_with(runtime) as engine:
            await engine.run(PROGRAM)

    with pytest.raises(SandboxStartError):
        await fail()


async def test_leaving_the_block_closes_idle_sandboxes_and_runtimes() -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime, warm=2) as engine:
        await engine.run(PROGRAM)
        await settle()
        assert runtime.live == 2

    assert runtime.live == 0
    assert runtime.closed


async def test_cancelling_all_around_an_engine_closes_idle_sandboxes_and_runtimes() -> None:
    runtime = FakeRuntime()
    with anyio.CancelScope() as scope:
        async with engine_with(runtime, warm=2) as engine:
            await engine.run(PROGRAM)
            await settle()
            scope.cancel()

    assert runtime.live == 0
    assert runtime.closed


async def test_leaving_the_block_ends_runs_in_progress() -> None:
    runtime = FakeRuntime(behaviour=hangs)
    errors: list[PoolClosedError] = []

    async def run() -> None:
        with pytest.raises(PoolClosedError) as caught:
            await engine.run(PROGRAM)
        errors.append(caught.value)

    async with anyio.create_task_group() as tasks:
        async with engine_with(runtime) as engine:
            tasks.start_soon(run)
            await settle()
            assert engine.stats().active == 1
        assert runtime.live == 0

    assert [error.dispatched for error in errors] == [True]


async def test_leaving_the_block_ends_runs_that_were_not_dispatched() -> None:
    runtime = FakeRuntime()
    runtime.start_gate = anyio.Event()
    errors: list[PoolClosedError] = []

    async def run() -> None:
        with pytest.raises(PoolClosedError) as caught:
            await engine.run(PROGRAM)
        errors.append(caught.value)

    async with anyio.create_task_group() as tasks:
        async with engine_with(runtime) as engine:
            tasks.start_soon(run)
            await settle()

    assert [error.dispatched for error in errors] == [False]
    assert runtime.live == 0


async def test_leaving_the_block_waits_for_the_end_of_runs() -> None:
    ended = anyio.Event()

    async def reluctant(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        if program.code == "quick":
            return await prints()(sandbox, program, policy, emit)
        try:
            return await hangs(sandbox, program, policy, emit)
        finally:
            with anyio.CancelScope(shield=True):
                await settle()
            ended.set()

    async with anyio.create_task_group() as tasks:
        async with engine_with(FakeRuntime(behaviour=reluctant)) as engine:
            await engine.run(Program(code="quick"))
            tasks.start_soon(_run_until_closed, engine, PROGRAM)
            await settle()
        assert ended.is_set()


@pytest.mark.parametrize("warm", [0, 1])
async def test_cancelled_run_leaves_nothing_wherever_it_was(warm: int) -> None:
    for points in range(25):
        runtime = FakeRuntime(behaviour=prints(b"x"), checkpoints=3)
        async with engine_with(runtime, warm=warm) as engine:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(engine.run, PROGRAM)
                for _ in range(points):
                    await checkpoint()
                tasks.cancel_scope.cancel()
            await settle()

            assert engine.stats().active == 0
            assert all(pool.live == pool.idle for pool in engine.stats().pools)
            assert (await engine.run(PROGRAM)).ok

        assert runtime.live == 0


async def test_block_cancelled_at_any_point_leaves_nothing() -> None:
    for points in range(25):
        runtime = FakeRuntime(behaviour=prints(b"x"), checkpoints=2)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_run_twice, runtime)
            for _ in range(points):
                await checkpoint()
            tasks.cancel_scope.cancel()

        assert runtime.live == 0


async def _run_twice(runtime: FakeRuntime) -> None:
    async with engine_with(runtime, warm=1) as engine:
        await engine.run(PROGRAM)
        await engine.run(PROGRAM)


async def test_runtime_that_fails_to_close_does_not_hide_the_result(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Sticky(FakeRuntime):
        async def aclose(self) -> None:
            raise OSError("mount is busy")

    async with engine_with(Sticky()) as engine:
        result = await engine.run(PROGRAM)

    assert result.ok
    assert "mount is busy" in caplog.text


async def test_two_engines_do_not_disturb_each_other() -> None:
    first, second = FakeRuntime(behaviour=prints(b"1")), FakeRuntime(behaviour=prints(b"2"))
    async with engine_with(first) as one:
        async with engine_with(second) as two:
            assert (await two.run(PROGRAM)).stdout == "2"
        assert (await one.run(PROGRAM)).stdout == "1"


async def test_pool_that_was_not_used_for_longest_is_closed_beyond_the_maximum() -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime, warm=1) as engine:
        for number in range(1, MAX_POOLS + 1):
            await engine.run(in_environment(number))
            await settle()
        assert runtime.live == MAX_POOLS
        await engine.run(in_environment(1))
        await settle()

        await engine.run(in_environment(999))
        await settle()

        assert runtime.live == MAX_POOLS
        gone = [one.template.environment for one in runtime.sandboxes if one.closed.is_set()]
        assert gone.count("number-2") == 2
        assert (await engine.run(in_environment(1))).isolation.path == "warm"


async def test_pool_in_use_is_not_closed_beyond_the_maximum() -> None:
    runtime = FakeRuntime(behaviour=hangs)
    admission = AdmissionConfig(max_running=MAX_POOLS + 2, memory_mib=1_000_000)
    config = EngineConfig(pool=PoolConfig(warm=0, max_warm=0), admission=admission)
    async with anyio.create_task_group() as tasks:
        async with Engine(config, runtimes=[runtime]) as engine:
            for number in range(1, MAX_POOLS + 3):
                tasks.start_soon(_run_until_closed, engine, in_environment(number))
            await settle()

            assert runtime.live == MAX_POOLS + 2


def in_environment(number: int) -> Program:
    """Return a program that needs a pool of its own."""
    return msgspec.structs.replace(PROGRAM, environment=f"number-{number}")


async def _run_until_closed(engine: Engine, program: Program) -> None:
    with pytest.raises(PoolClosedError):
        await engine.run(program)
