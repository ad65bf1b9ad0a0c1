"""Sessions of the engine: which programs share a sandbox, and when it is given back."""

import anyio
import pytest

from engine import (
    Capabilities,
    Compiled,
    ConfigError,
    Emit,
    Engine,
    EngineConfig,
    Limits,
    Policy,
    PolicyError,
    PoolClosedError,
    PoolConfig,
    Program,
    Result,
    SandboxLostError,
    Stage,
    Status,
    isolation_of,
)
from engine.testing import FakeRuntime, FakeSandbox, hangs, prints
from policies import Mount

PROGRAM = Program(code="print(1)")
SHARING = Capabilities(languages=frozenset({"python", "bash"}), sessions=frozenset({"python"}), mounts=True)


def runtime_of(**more: object) -> FakeRuntime:
    return FakeRuntime(capabilities=SHARING, **more)  # type: ignore[arg-type]


def engine_with(runtime: FakeRuntime, *, max_size: int = 4) -> Engine:
    return Engine(EngineConfig(pool=PoolConfig(warm=0, max_warm=0, max_size=max_size)), runtimes=[runtime])


async def test_programs_of_a_session_share_a_sandbox() -> None:
    runtime = runtime_of(behaviour=prints(b"out"))
    async with engine_with(runtime) as engine:
        async with engine.session() as session:
            results = [await session.run(PROGRAM) for _ in range(3)]
            assert runtime.live == 1

        assert runtime.live == 0
        assert engine.stats().finished == {"ok": 3}
    assert [one.stdout for one in results] == ["out"] * 3
    assert [one.isolation.path for one in results] == ["cold", "warm", "warm"]
    assert len(runtime.sandboxes) == 1


async def test_two_sessions_do_not_share() -> None:
    runtime = runtime_of()
    async with engine_with(runtime) as engine, engine.session() as one, engine.session() as other:
        await one.run(PROGRAM)
        await other.run(PROGRAM)

        assert runtime.live == 2


async def test_session_without_a_program_takes_no_sandbox() -> None:
    runtime = runtime_of()
    async with engine_with(runtime) as engine, engine.session():
        pass

    assert runtime.sandboxes == []


async def test_policy_holds_for_all_programs_and_is_read_at_once() -> None:
    runtime = runtime_of()
    policy = Policy(limits=Limits(wall_seconds=7))
    async with engine_with(runtime) as engine:
        async with engine.session(policy) as session:
            await session.run(PROGRAM)
            await session.run(PROGRAM)

        assert [one.limits.wall_seconds for one in runtime.sandboxes[0].policies] == [7, 7]
        with pytest.raises(PolicyError, match="unknown policy"):
            async with engine.session("none-such"):
                raise AssertionError("not reached")


@pytest.mark.parametrize("status", [Status.CRASHED, Status.TIMEOUT, Status.MEMORY, Status.OUTPUT])
async def test_sandbox_whose_program_was_ended_by_force_is_replaced(status: Status) -> None:
    runtime = runtime_of(behaviour=prints(status=status))
    async with engine_with(runtime) as engine, engine.session() as session:
        await session.run(PROGRAM)
        await session.run(PROGRAM)

        assert (len(runtime.sandboxes), runtime.live) == (2, 1)


async def test_sandbox_that_died_between_two_programs_is_replaced() -> None:
    runtime = runtime_of()
    async with engine_with(runtime) as engine, engine.session() as session:
        await session.run(PROGRAM)
        runtime.sandboxes[0].die()

        assert (await session.run(PROGRAM)).ok
        assert (len(runtime.sandboxes), runtime.live) == (2, 1)


async def test_program_that_needs_another_kind_of_sandbox_gets_one() -> None:
    runtime = runtime_of()
    async with engine_with(runtime) as engine, engine.session() as session:
        await session.run(PROGRAM)
        await session.run(Program(code="1", environment="data"))

        assert [one.template.environment for one in runtime.sandboxes] == [None, "data"]
        assert runtime.live == 1


async def test_session_has_the_mounts_of_its_policy() -> None:
    runtime = runtime_of()
    mount = Mount(source="/srv", target="/mnt/data")
    async with engine_with(runtime) as engine, engine.session(Policy(mounts=(mount,))) as session:
        await session.run(PROGRAM)

    assert runtime.sandboxes[0].template.policy.mounts == (mount,)


async def test_language_without_sessions_is_refused_before_anything_is_started() -> None:
    runtime = runtime_of()
    async with engine_with(runtime) as engine, engine.session() as session:
        with pytest.raises(ConfigError, match="`fake` has no sessions for `bash`") as caught:
            await session.run(Program(code="1", language="bash"))

    assert "Engine.run" in caught.value.hint
    assert runtime.sandboxes == []


async def test_program_that_does_not_compile_takes_no_sandbox() -> None:
    runtime = runtime_of()
    failure = Result(
        status=Status.ERROR,
        reason="compile-failed",  # type: ignore[arg-type]
        isolation=isolation_of(runtime.template(PROGRAM, Policy()), path="cold"),
    )
    runtime.compiled["print(1)"] = Compiled(
        program=PROGRAM, stage=Stage(status=Status.ERROR), failure=failure
    )
    async with engine_with(runtime) as engine, engine.session() as session:
        result = await session.run(PROGRAM)

    assert result.status is Status.ERROR
    assert runtime.sandboxes == []


async def test_second_caller_waits_for_the_first() -> None:
    running: list[int] = []

    async def overlapping(
        sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
    ) -> Result:
        running.append(1)
        await anyio.lowlevel.checkpoint()
        assert sum(running) == 1
        running.pop()
        return await prints()(sandbox, program, policy, emit)

    runtime = runtime_of(behaviour=overlapping)
    async with engine_with(runtime) as engine, engine.session() as session:
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(session.run, PROGRAM)

    assert len(runtime.sandboxes) == 1


async def test_cancelled_program_takes_its_sandbox_with_it() -> None:
    runtime = runtime_of(behaviour=hangs)
    async with engine_with(runtime) as engine, engine.session() as session:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(session.run, PROGRAM)
                while not runtime.sandboxes:
                    await anyio.lowlevel.checkpoint()
                await runtime.sandboxes[0].running.wait()
                scope.cancel()
        runtime._behaviour = prints()
        assert (await session.run(PROGRAM)).ok

        assert (len(runtime.sandboxes), runtime.live) == (2, 1)


async def test_lost_sandbox_is_an_exception_and_the_session_goes_on() -> None:
    lost = [True]

    async def once(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        if lost.pop():
            raise SandboxLostError("gone", dispatched=True)
        return await prints()(sandbox, program, policy, emit)

    runtime = runtime_of(behaviour=once)
    async with engine_with(runtime) as engine, engine.session() as session:
        with pytest.raises(SandboxLostError):
            await session.run(PROGRAM)
        lost.append(False)
        assert (await session.run(PROGRAM)).ok
        assert runtime.live == 1


async def test_closed_session_takes_no_program() -> None:
    async with engine_with(runtime_of()) as engine:
        async with engine.session() as session:
            await session.run(PROGRAM)

        with pytest.raises(ConfigError, match="the session is closed"):
            await session.run(PROGRAM)


async def test_engine_that_closes_ends_a_session_that_runs() -> None:
    runtime = runtime_of(behaviour=hangs)
    ended: list[Exception] = []

    async def use(engine: Engine) -> None:
        async with engine.session() as session:
            try:
                await session.run(PROGRAM)
            except PoolClosedError as error:
                ended.append(error)

    async with anyio.create_task_group() as tasks:
        async with engine_with(runtime) as engine:
            tasks.start_soon(use, engine)
            while not runtime.sandboxes:
                await anyio.lowlevel.checkpoint()
            await runtime.sandboxes[0].running.wait()

    assert len(ended) == 1
    assert runtime.live == 0


async def test_engine_that_is_not_open_lends_no_session() -> None:
    engine = engine_with(runtime_of())
    with pytest.raises(PoolClosedError, match="not open"):
        async with engine.session():
            raise AssertionError("not reached")


async def test_sandbox_found_dead_when_it_is_given_a_program_is_replaced_once() -> None:
    runtime = runtime_of()
    async with engine_with(runtime) as engine, engine.session() as session:
        await session.run(PROGRAM)
        runtime.sandboxes[0].lies = True
        runtime.sandboxes[0].die()

        result = await session.run(PROGRAM)

        assert result.ok
        assert len(runtime.sandboxes) == 2
        assert engine.stats().finished == {"ok": 2}
