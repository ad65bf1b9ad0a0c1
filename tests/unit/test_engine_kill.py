"""Runs in progress: they are listed, and each can be ended by its id without touching the others."""

import os
from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from engine import (
    Capabilities,
    Emit,
    Engine,
    EngineConfig,
    Output,
    Policy,
    PoolClosedError,
    PoolConfig,
    Program,
    Reason,
    Result,
    RunNotFoundError,
    Sandbox,
    SandboxLostError,
    Status,
)
from engine.testing import FakeRuntime, FakeSandbox, hangs, prints

from ._pools import settle

PROGRAM = Program(code="1")


async def prints_then_hangs(
    sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
) -> Result:
    assert emit is not None
    emit(Output(stream="stdout", data=b"so far"))
    emit(Output(stream="stderr", data=b"oh"))
    return await hangs(sandbox, program, policy, emit)


async def hangs_if_told(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
    behaviour = hangs if program.code == "hang" else prints(b"out")
    return await behaviour(sandbox, program, policy, emit)


class ForeignSandbox(FakeSandbox):
    """As one of a runtime that knows nothing of `cancel`."""

    def cancel(self) -> bool:
        return Sandbox.cancel(self)


class UnwillingSandbox(FakeSandbox):
    """Promises to end its program, and does not."""

    def cancel(self) -> bool:
        return True


class SlowToPrepareRuntime(FakeRuntime):
    """Is never prepared."""

    async def prepare(self) -> None:
        await anyio.sleep_forever()


def engine_with(runtime: FakeRuntime, *, max_size: int = 4) -> Engine:
    return Engine(EngineConfig(pool=PoolConfig(warm=0, max_warm=0, max_size=max_size)), runtimes=[runtime])


class Caller:
    """Runs something in another task and keeps what came of it."""

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._ended = anyio.Event()
        self._outcome: Result | Exception | None = None

    async def start(self, call: Callable[[], Awaitable[Result]]) -> None:
        """Return when the call waits."""
        self._tasks.start_soon(self._call, call)
        await settle()

    async def result(self) -> Result:
        await self._ended.wait()
        if isinstance(self._outcome, Exception):
            raise self._outcome
        assert self._outcome is not None, "the call was cancelled"
        return self._outcome

    async def _call(self, call: Callable[[], Awaitable[Result]]) -> None:
        try:
            self._outcome = await call()
        except Exception as error:
            self._outcome = error
        finally:
            self._ended.set()


async def killed(engine: Engine, program: Program = PROGRAM) -> Result:
    """Run a program until nothing moves any more, kill it, and return its result."""
    async with anyio.create_task_group() as tasks:
        caller = Caller(tasks)
        await caller.start(lambda: engine.run(program))
        [info] = engine.runs()
        await engine.kill(info.id)
    return await caller.result()


async def test_run_in_progress_is_listed_until_it_ends() -> None:
    async with engine_with(FakeRuntime(behaviour=hangs)) as engine, anyio.create_task_group() as tasks:
        assert engine.runs() == []
        tasks.start_soon(engine.run, PROGRAM)
        await settle()

        [info] = engine.runs()
        tasks.cancel_scope.cancel()

    assert (info.pid, info.language, info.runtime, info.state) == (os.getpid(), "python", "fake", "running")
    assert len(info.id) == 8
    assert 0 <= info.age_seconds < 60
    assert engine.runs() == []


async def test_oldest_run_is_listed_first_and_ids_differ() -> None:
    able = Capabilities(languages=frozenset({"bash", "perl", "python"}))
    async with (
        engine_with(FakeRuntime(behaviour=hangs, capabilities=able)) as engine,
        anyio.create_task_group() as tasks,
    ):
        for language in ("perl", "python", "bash"):
            tasks.start_soon(engine.run, Program(code="1", language=language))
            await settle()

        infos = engine.runs()
        tasks.cancel_scope.cancel()

    assert [info.language for info in infos] == ["perl", "python", "bash"]
    assert len({info.id for info in infos}) == 3


async def test_state_says_how_far_a_run_has_come() -> None:
    runtime = FakeRuntime(behaviour=hangs)
    runtime.compile_gate, runtime.start_gate = anyio.Event(), anyio.Event()
    seen: list[str] = []
    async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(engine.run, PROGRAM)
        for gate in (runtime.compile_gate, runtime.start_gate, anyio.Event()):
            await settle()
            seen += [info.state for info in engine.runs()]
            gate.set()
        tasks.cancel_scope.cancel()

    assert seen == ["compiling", "waiting", "running"]


async def test_killed_run_gives_a_result_with_its_output_so_far() -> None:
    runtime = FakeRuntime(behaviour=prints_then_hangs)
    async with engine_with(runtime) as engine:
        result = await killed(engine)

        assert engine.stats().finished == {"cancelled": 1}
        assert engine.stats().active == 0
        assert runtime.live == 0
    assert (result.status, result.reason) == (Status.CANCELLED, Reason.CANCELLED)
    assert (result.stdout, result.stderr) == ("so far", "oh")
    assert result.isolation.why


async def test_run_killed_while_its_runtime_is_prepared_gives_a_result() -> None:
    async with engine_with(SlowToPrepareRuntime()) as engine:
        result = await killed(engine)

    assert (result.status, result.reason) == (Status.CANCELLED, Reason.CANCELLED)
    assert (result.isolation.runtime, result.isolation.path) == ("", "")


@pytest.mark.parametrize("gate", ["compile_gate", "start_gate"])
async def test_run_killed_before_it_has_a_sandbox_gives_a_result(gate: str) -> None:
    runtime = FakeRuntime()
    setattr(runtime, gate, anyio.Event())
    async with engine_with(runtime) as engine:
        result = await killed(engine)

        assert engine.stats().finished == {"cancelled": 1}
        assert runtime.live == 0
    assert (result.status, result.reason) == (Status.CANCELLED, Reason.CANCELLED)
    assert (result.isolation.runtime, result.isolation.path) == ("fake", "")
    assert result.timing.total > 0


async def test_run_in_a_sandbox_that_cannot_cancel_is_ended_without_output() -> None:
    runtime = FakeRuntime(behaviour=hangs, sandbox=ForeignSandbox)
    async with engine_with(runtime) as engine:
        result = await killed(engine)

        assert runtime.live == 0
    assert (result.status, result.reason, result.stdout) == (Status.CANCELLED, Reason.CANCELLED, "")
    assert result.isolation.runtime == "fake"


async def test_other_runs_are_not_touched() -> None:
    runtime = FakeRuntime(behaviour=hangs)
    async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(engine.run, PROGRAM)
        await settle()
        first, second, third = engine.runs()

        await engine.kill(second.id)

        assert [info.id for info in engine.runs()] == [first.id, third.id]
        assert runtime.live == 2
        tasks.cancel_scope.cancel()


async def test_kill_returns_when_the_run_has_ended() -> None:
    runtime = FakeRuntime(behaviour=hangs)
    done = anyio.Event()

    async def kill(engine: Engine, run_id: str) -> None:
        await engine.kill(run_id)
        done.set()

    async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(engine.run, PROGRAM)
        await settle()
        gate = runtime.sandboxes[0].close_gate = anyio.Event()
        for _ in range(2):  # the second has nothing to do but to wait
            tasks.start_soon(kill, engine, engine.runs()[0].id)
        await settle()
        assert not done.is_set()

        gate.set()
        await settle()

        assert done.is_set()
        assert engine.runs() == []


@pytest.mark.parametrize("run_id", ["", "00000000", "not an id"])
async def test_unknown_id_is_a_typed_error(run_id: str) -> None:
    async with engine_with(FakeRuntime()) as engine:
        with pytest.raises(RunNotFoundError, match="there is no run") as caught:
            await engine.kill(run_id)

    assert "isorun ps" in caught.value.hint


async def test_run_that_has_ended_cannot_be_killed() -> None:
    async with engine_with(FakeRuntime(behaviour=hangs)) as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run, PROGRAM)
            await settle()
            [info] = engine.runs()
            tasks.cancel_scope.cancel()

        with pytest.raises(RunNotFoundError):
            await engine.kill(info.id)


async def test_engine_that_is_not_open_kills_nothing() -> None:
    with pytest.raises(PoolClosedError, match="the engine is not open"):
        await engine_with(FakeRuntime()).kill("00000000")


async def test_stream_of_a_killed_run_ends_with_its_result() -> None:
    async with engine_with(FakeRuntime(behaviour=prints_then_hangs)) as engine:
        events: list[Output | Result] = []
        async for event in engine.stream(PROGRAM):
            events.append(event)
            if len(events) == 1:
                await engine.kill(engine.runs()[0].id)

    assert events[:2] == [Output(stream="stdout", data=b"so far"), Output(stream="stderr", data=b"oh")]
    assert isinstance(events[-1], Result)
    assert events[-1].status is Status.CANCELLED


async def test_killed_run_of_a_batch_does_not_end_the_others() -> None:
    runtime = FakeRuntime(behaviour=hangs_if_told)
    results: list[Result] = []

    async def run_many(engine: Engine) -> None:
        results.extend(await engine.run_many([Program(code="hang"), PROGRAM, PROGRAM], max_concurrent=1))

    async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(run_many, engine)
        await settle()
        await engine.kill(engine.runs()[0].id)
        await settle()

    assert [result.status for result in results] == [Status.CANCELLED, Status.OK, Status.OK]


async def test_session_goes_on_in_a_new_sandbox_after_a_killed_run() -> None:
    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    runtime = FakeRuntime(behaviour=hangs_if_told, capabilities=able)
    async with engine_with(runtime) as engine, engine.session() as session:
        async with anyio.create_task_group() as tasks:
            caller = Caller(tasks)
            await caller.start(lambda: session.run(Program(code="hang")))
            await engine.kill(engine.runs()[0].id)
            ended = await caller.result()

        again = await session.run(PROGRAM)

    assert (ended.status, again.status) == (Status.CANCELLED, Status.OK)
    assert len(runtime.sandboxes) == 2


async def test_kill_reaches_a_run_whose_sandbox_was_lost_before_the_program_began() -> None:
    """The sandbox would have ended the run, and another one would be taken: it must not."""
    doomed = anyio.Event()

    async def is_lost(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        with anyio.CancelScope(shield=True):
            await doomed.wait()
        raise SandboxLostError("killed while it waited")

    runtime = FakeRuntime(behaviour=is_lost)
    async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
        caller = Caller(tasks)
        await caller.start(lambda: engine.run(PROGRAM))
        tasks.start_soon(engine.kill, engine.runs()[0].id)
        await settle()
        doomed.set()

        result = await caller.result()

    assert result.status is Status.CANCELLED
    assert len(runtime.sandboxes) == 1


async def test_run_killed_at_any_point_gives_a_result_and_leaves_nothing() -> None:
    seen: set[Status] = set()
    for points in range(30):
        runtime = FakeRuntime(behaviour=prints(b"x"), checkpoints=3)
        async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
            caller = Caller(tasks)
            tasks.start_soon(caller.start, lambda engine=engine: engine.run(PROGRAM))
            for _ in range(points):
                await checkpoint()
            for info in engine.runs():
                await engine.kill(info.id)

            seen.add((await caller.result()).status)

            assert engine.stats().active == 0
            assert engine.stats().failed == 0
        assert runtime.live == 0

    assert seen == {Status.OK, Status.CANCELLED}


async def test_closing_the_engine_is_told_to_a_run_that_does_not_end_when_killed() -> None:
    runtime = FakeRuntime(behaviour=hangs, sandbox=UnwillingSandbox)
    async with anyio.create_task_group() as tasks:
        caller = Caller(tasks)
        async with engine_with(runtime) as engine:
            await caller.start(lambda: engine.run(PROGRAM))
            tasks.start_soon(engine.kill, engine.runs()[0].id)
            await settle()
            assert engine.stats().active == 1

        with pytest.raises(PoolClosedError):
            await caller.result()
    assert runtime.live == 0


async def test_cancelling_from_outside_reaches_a_run_that_does_not_end_when_killed() -> None:
    runtime = FakeRuntime(behaviour=hangs, sandbox=UnwillingSandbox)
    async with engine_with(runtime) as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run, PROGRAM)
            await settle()
            tasks.start_soon(engine.kill, engine.runs()[0].id)
            await settle()
            assert engine.stats().active == 1

            tasks.cancel_scope.cancel()

        assert engine.stats().active == 0
        assert engine.stats().finished == {}
        assert runtime.live == 0
