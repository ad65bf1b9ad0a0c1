"""Turns in the engine: who runs, who waits, what is counted, and that every way out gives the turn back."""

from collections.abc import Callable

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from engine import (
    AdmissionConfig,
    Caller,
    Capabilities,
    Compiled,
    ConfigError,
    Emit,
    Engine,
    EngineConfig,
    Limits,
    Policy,
    PoolClosedError,
    PoolConfig,
    PoolFullError,
    Program,
    Result,
    SandboxStartError,
    Stage,
    Status,
    isolation_of,
)
from engine.testing import FakeRuntime, FakeSandbox, prints
from policies import Compile

from ._pools import settle

PROGRAM = Program(code="1")
ABLE = Capabilities(
    languages=frozenset({"python", "c"}), sessions=frozenset({"python"}), compiles=frozenset({"c"})
)


class Held:
    """A behaviour whose programs run until they are let go, in any order; adds up what they may use."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.memory_mib = 0
        self.most_memory_mib = 0
        self.most_running = 0
        self._running: dict[str, anyio.Event] = {}
        self._open = False

    async def __call__(
        self, sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
    ) -> Result:
        name = str(program.code)
        self.order.append(name)
        self._running[name] = anyio.Event()
        self.memory_mib += policy.limits.memory_mib
        self.most_memory_mib = max(self.most_memory_mib, self.memory_mib)
        self.most_running = max(self.most_running, len(self._running))
        try:
            if not self._open:
                await self._running[name].wait()
            return await prints(name.encode())(sandbox, program, policy, emit)
        finally:
            self.memory_mib -= policy.limits.memory_mib
            del self._running[name]

    async def let_go(self, name: str) -> None:
        self._running[name].set()
        await settle()

    def open(self) -> None:
        """Let all go, those to come too."""
        self._open = True
        for event in self._running.values():
            event.set()


def engine_with(
    runtime: FakeRuntime,
    *,
    running: int = 1,
    memory_mib: int = 100_000,
    waiting: int = 1000,
    max_size: int = 100,
) -> Engine:
    config = EngineConfig(
        pool=PoolConfig(warm=0, max_warm=0, max_size=max_size),
        admission=AdmissionConfig(max_running=running, memory_mib=memory_mib, max_waiting=waiting),
    )
    return Engine(config, runtimes=[runtime])


def limited(memory_mib: int) -> Policy:
    return Policy(limits=Limits(memory_mib=memory_mib))


def assert_nothing_held(engine: Engine) -> None:
    stats = engine.stats()
    assert stats.active == 0
    assert (stats.admission.running, stats.admission.waiting, stats.admission.memory_mib) == (0, 0, 0)


async def start(
    tasks: TaskGroup, engine: Engine, *names: str, caller: str = "", policy: Policy | None = None
) -> None:
    """Start a program for each name, and return when all that can run do."""

    async def run(name: str) -> None:
        await engine.run(Program(code=name), policy, caller=Caller(name=caller))

    for name in names:
        tasks.start_soon(run, name)
        await settle()


async def test_single_request_is_served_second_in_a_burst_of_a_hundred() -> None:
    held = Held()
    async with engine_with(FakeRuntime(behaviour=held)) as engine, anyio.create_task_group() as tasks:
        await start(tasks, engine, *(f"burst-{number}" for number in range(100)), caller="one")
        await start(tasks, engine, "single", caller="other")
        assert engine.stats().admission.waiting == 100

        await held.let_go("burst-0")
        await held.let_go("burst-1")

        assert held.order == ["burst-0", "burst-1", "single"]
        held.open()


async def test_no_more_than_allowed_run_at_once_and_others_are_queued() -> None:
    held = Held()
    async with engine_with(FakeRuntime(behaviour=held), running=2) as engine:
        async with anyio.create_task_group() as tasks:
            await start(tasks, engine, "a", "b", "c", "d")

            states = [info.state for info in engine.runs()]
            assert engine.stats().pools[0].leased == 2
            held.open()

        assert states == ["running", "running", "queued", "queued"]
        assert held.most_running == 2
        assert engine.stats().admission.admitted == 4
        assert_nothing_held(engine)


async def test_memory_limits_of_those_that_run_never_exceed_the_budget() -> None:
    runtime = FakeRuntime(behaviour=(held := Held()), checkpoints=2)
    held.open()
    async with engine_with(runtime, running=50, memory_mib=1000) as engine:
        async with anyio.create_task_group() as tasks:
            for number in range(40):
                await start(tasks, engine, f"{number}", policy=limited(100 + 100 * (number % 6)))

        assert_nothing_held(engine)
        assert len(held.order) == 40
        assert 500 < held.most_memory_mib <= 1000


async def test_policy_with_more_memory_than_the_budget_starts_nothing() -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime, memory_mib=600) as engine:
        with pytest.raises(ConfigError, match="601 MiB is more than all programs may have together, 600"):
            await engine.run(PROGRAM, limited(601))

        assert (await engine.run(PROGRAM, limited(600))).ok
    assert len(runtime.sandboxes) == 1


@pytest.mark.parametrize(("language", "memory_mib"), [("python", 200), ("c", 700)])
async def test_program_that_is_compiled_counts_with_the_larger_limit(language: str, memory_mib: int) -> None:
    held = Held()
    policy = Policy(limits=Limits(memory_mib=200), compile=Compile(memory_mib=700))
    async with (
        engine_with(FakeRuntime(behaviour=held, capabilities=ABLE)) as engine,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(engine.run, Program(code="x", language=language), policy)
        await settle()

        assert engine.stats().admission.memory_mib == memory_mib
        held.open()


async def test_compile_limit_above_the_budget_counts_as_all_of_it() -> None:
    policy = Policy(limits=Limits(memory_mib=200), compile=Compile(memory_mib=700))
    async with engine_with(FakeRuntime(capabilities=ABLE), memory_mib=500) as engine:
        assert (await engine.run(Program(code="x", language="c"), policy)).ok


async def test_compiling_needs_a_turn() -> None:
    runtime = FakeRuntime()
    runtime.compile_gate = anyio.Event()
    async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
        await start(tasks, engine, "a", "b")

        states = [info.state for info in engine.runs()]
        runtime.compile_gate.set()

    assert states == ["compiling", "queued"]


async def test_turn_is_held_until_the_sandbox_is_closed() -> None:
    runtime = FakeRuntime(behaviour=(held := Held()))
    async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
        await start(tasks, engine, "a", "b")
        closing = runtime.sandboxes[0].close_gate = anyio.Event()
        await held.let_go("a")
        assert held.order == ["a"]

        closing.set()
        await settle()

        assert held.order == ["a", "b"]
        held.open()


async def test_program_that_does_not_compile_gives_its_turn_back() -> None:
    runtime = FakeRuntime()
    failure = Result(
        status=Status.ERROR,
        reason="compile-failed",  # type: ignore[arg-type]
        isolation=isolation_of(runtime.template(PROGRAM, Policy()), path="cold"),
    )
    runtime.compiled["1"] = Compiled(program=PROGRAM, stage=Stage(status=Status.ERROR), failure=failure)
    async with engine_with(runtime) as engine:
        await engine.run(PROGRAM)

        assert_nothing_held(engine)
        assert engine.stats().paths == ()


async def test_failed_start_gives_the_turn_back() -> None:
    runtime = FakeRuntime()
    runtime.start_errors.append(SandboxStartError("no namespaces"))
    async with engine_with(runtime) as engine:
        with pytest.raises(SandboxStartError):
            await engine.run(PROGRAM)

        assert_nothing_held(engine)


async def test_full_line_is_an_error_that_says_when_to_try_again() -> None:
    held = Held()
    async with (
        engine_with(FakeRuntime(behaviour=held), waiting=1) as engine,
        anyio.create_task_group() as tasks,
    ):
        await start(tasks, engine, "a", "b")

        with pytest.raises(PoolFullError) as caught:
            await engine.run(PROGRAM)

        assert caught.value.retry_after_seconds > 0
        assert not caught.value.dispatched
        held.open()


async def test_killed_run_gives_its_turn_to_the_next() -> None:
    held = Held()
    async with engine_with(FakeRuntime(behaviour=held)) as engine, anyio.create_task_group() as tasks:
        await start(tasks, engine, "a", "b")

        await engine.kill(engine.runs()[0].id)
        await settle()

        assert held.order == ["a", "b"]
        held.open()


async def test_queued_run_can_be_killed() -> None:
    held = Held()
    results: list[Result] = []

    async def run(engine: Engine) -> None:
        results.append(await engine.run(Program(code="b")))

    async with engine_with(FakeRuntime(behaviour=held)) as engine:
        async with anyio.create_task_group() as tasks:
            await start(tasks, engine, "a")
            tasks.start_soon(run, engine)
            await settle()

            await engine.kill(engine.runs()[1].id)

            assert engine.stats().admission.waiting == 0
            held.open()
        assert_nothing_held(engine)
    assert [result.status for result in results] == [Status.CANCELLED]
    assert held.order == ["a"]


async def test_closing_the_engine_ends_the_wait() -> None:
    errors: list[Exception] = []

    async def run(engine: Engine, name: str) -> None:
        with pytest.raises(PoolClosedError) as caught:
            await engine.run(Program(code=name))
        errors.append(caught.value)

    async with anyio.create_task_group() as tasks:
        async with engine_with(FakeRuntime(behaviour=Held())) as engine:
            for name in ("a", "b"):
                tasks.start_soon(run, engine, name)
            await settle()
            assert engine.stats().admission.waiting == 1
        await settle()

        assert len(errors) == 2
        assert_nothing_held(engine)


async def test_run_cancelled_anywhere_gives_its_turn_back() -> None:
    for points in range(25):
        runtime = FakeRuntime(behaviour=prints(b"x"), checkpoints=2)
        async with engine_with(runtime, max_size=2) as engine:
            async with anyio.create_task_group() as tasks:
                for _ in range(2):
                    tasks.start_soon(engine.run, PROGRAM)
                for _ in range(points):
                    await checkpoint()
                tasks.cancel_scope.cancel()

            assert_nothing_held(engine)
            assert (await engine.run(PROGRAM)).ok


@pytest.mark.parametrize("waiting", [0, 3])
@pytest.mark.parametrize("max_concurrent", [None, 50])
async def test_batch_is_not_refused_for_its_own_length(waiting: int, max_concurrent: int | None) -> None:
    runtime = FakeRuntime(behaviour=(held := Held()), capabilities=ABLE, checkpoints=3)
    held.open()
    programs = [Program(code=f"{number}", language=("c", "python")[number % 2]) for number in range(30)]
    policy = Policy(limits=Limits(memory_mib=100), compile=Compile(memory_mib=500))
    async with engine_with(runtime, running=5, memory_mib=1000, waiting=waiting) as engine:
        await engine.run(Program(code="first"))  # prepares the runtime, for which all others would wait
        results = await engine.run_many(programs, policy, max_concurrent=max_concurrent)

        assert all(result.ok for result in results)
        assert_nothing_held(engine)


async def test_batch_and_stream_belong_to_their_caller() -> None:
    held = Held()
    impatient = Caller(within_seconds=0.0)

    async def batch(engine: Engine) -> None:
        await engine.run_many([PROGRAM], caller=impatient)

    async def stream(engine: Engine) -> None:
        async for _ in engine.stream(PROGRAM, caller=impatient):
            pass

    async def session(engine: Engine) -> None:
        async with engine.session(caller=impatient) as opened:
            await opened.run(PROGRAM)

    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    runtime = FakeRuntime(behaviour=held, capabilities=able)
    async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
        await start(tasks, engine, "a")
        ways: list[Callable[[Engine], object]] = [batch, stream, session]
        for way in ways:
            with pytest.raises(TimeoutError, match="no turn came within 0 s"):
                await way(engine)  # type: ignore[misc]
        held.open()


async def test_session_keeps_its_memory_counted_until_it_is_closed() -> None:
    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    async with engine_with(FakeRuntime(capabilities=able), memory_mib=1000) as engine:
        async with engine.session(limited(600)) as session:
            assert engine.stats().admission.memory_mib == 0
            await session.run(PROGRAM)
            await session.run(PROGRAM)

            assert (engine.stats().admission.running, engine.stats().admission.memory_mib) == (0, 600)
            with pytest.raises(PoolFullError):
                await engine.run(PROGRAM, limited(401), caller=Caller(within_seconds=0.0))
            assert (await engine.run(PROGRAM, limited(400))).ok
        assert_nothing_held(engine)


class CompilingRuntime(FakeRuntime):
    """Has sessions, and compiles."""

    name = "compiling"

    def __init__(self) -> None:
        c = frozenset({"c"})
        super().__init__(capabilities=Capabilities(languages=c, sessions=c, compiles=c))


async def test_session_that_needs_more_memory_than_it_keeps_holds_none_while_it_waits() -> None:
    """Two that hold some and wait for more would wait for each other."""
    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    runtime, compiling = FakeRuntime(behaviour=(held := Held()), capabilities=able), CompilingRuntime()
    config = EngineConfig(admission=AdmissionConfig(memory_mib=1000))
    policy = Policy(limits=Limits(memory_mib=400), compile=Compile(memory_mib=700))
    async with Engine(config, runtimes=[runtime, compiling]) as engine, anyio.create_task_group() as tasks:
        async with engine.session(policy) as session:
            await start(tasks, engine, "plain", policy=policy)
            tasks.start_soon(session.run, Program(code="small"))
            await settle()
            await held.let_go("small")
            assert engine.stats().admission.memory_mib == 800

            tasks.start_soon(session.run, Program(code="large", language="c"))
            await settle()
            assert [info.state for info in engine.runs()] == ["running", "queued"]
            assert engine.stats().admission.memory_mib == 400
            await held.let_go("plain")

            assert len(compiling.sandboxes) == 1
            assert engine.stats().admission.memory_mib == 700
        assert_nothing_held(engine)


async def test_session_whose_sandbox_does_not_start_keeps_nothing() -> None:
    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    runtime = FakeRuntime(capabilities=able)
    runtime.start_errors.append(SandboxStartError("no namespaces"))
    async with engine_with(runtime) as engine, engine.session() as session:
        with pytest.raises(SandboxStartError):
            await session.run(PROGRAM)

        assert_nothing_held(engine)


async def test_sessions_that_fill_the_pool_go_on_while_others_wait_for_a_sandbox() -> None:
    """The turn is with a run that waits for the sandbox of the session that waits for the turn."""
    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    runtime = FakeRuntime(capabilities=able)
    async with engine_with(runtime, max_size=1) as engine, anyio.create_task_group() as tasks:
        async with engine.session() as session:
            await session.run(PROGRAM)
            await start(tasks, engine, "other")
            assert [info.state for info in engine.runs()] == ["waiting"]

            assert (await session.run(PROGRAM)).ok

        await settle()
        assert_nothing_held(engine)


async def test_sessions_that_fill_the_memory_go_on_while_others_wait_for_it() -> None:
    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    runtime = FakeRuntime(capabilities=able)
    async with engine_with(runtime, memory_mib=1000) as engine, anyio.create_task_group() as tasks:
        async with engine.session(limited(500)) as one, engine.session(limited(500)) as other:
            await one.run(PROGRAM)
            await other.run(PROGRAM)
            await start(tasks, engine, "waits", policy=limited(100))
            assert [info.state for info in engine.runs()] == ["queued"]

            assert (await one.run(PROGRAM)).ok
            assert (await other.run(PROGRAM)).ok

        await settle()
        assert_nothing_held(engine)


async def test_session_closed_while_its_program_waits_for_a_turn_leaves_no_sandbox() -> None:
    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    runtime = FakeRuntime(behaviour=(held := Held()), capabilities=able)
    errors: list[Exception] = []
    async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
        await start(tasks, engine, "first")
        async with engine.session() as session:

            async def run() -> None:
                with pytest.raises(ConfigError, match="the session is closed") as caught:
                    await session.run(PROGRAM)
                errors.append(caught.value)

            tasks.start_soon(run)
            await settle()

        held.open()
        await settle()

        assert len(errors) == 1
        assert (len(runtime.sandboxes), runtime.live) == (1, 0)
        assert_nothing_held(engine)


async def test_session_closed_while_its_sandbox_starts_leaves_none() -> None:
    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    runtime = FakeRuntime(capabilities=able)
    runtime.start_gate = anyio.Event()
    errors: list[Exception] = []
    async with engine_with(runtime) as engine, anyio.create_task_group() as tasks:
        async with engine.session() as session:

            async def run() -> None:
                with pytest.raises(ConfigError, match="the session is closed") as caught:
                    await session.run(PROGRAM)
                errors.append(caught.value)

            tasks.start_soon(run)
            await settle()
        assert engine.stats().admission.memory_mib == Limits().memory_mib

        runtime.start_gate.set()
        await settle()

        assert len(errors) == 1
        assert runtime.live == 0
        assert_nothing_held(engine)


async def test_times_are_counted_by_runtime_and_path() -> None:
    async with engine_with(FakeRuntime()) as engine:
        for _ in range(3):
            await engine.run(PROGRAM)

        [path] = engine.stats().paths

    assert (path.runtime, path.path, path.count) == ("fake", "cold", 3)
    assert 0 < path.wait_ms.p50 <= path.wait_ms.p99
    assert 0 < path.total_ms.p50 <= path.total_ms.p95 <= path.total_ms.p99
