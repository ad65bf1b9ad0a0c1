"""`Engine.connect`: the background engine, used as an own one is used."""

import os
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import anyio
import pytest

from engine import (
    BackgroundError,
    Caller,
    Capabilities,
    ConfigError,
    Engine,
    EngineConfig,
    EngineError,
    File,
    Output,
    PolicyUnsupportedError,
    PoolFullError,
    Program,
    Result,
    RunNotFoundError,
    SandboxLostError,
    Status,
    TierDecision,
)
from engine.background import _client
from engine.background._address import LOCK, SOCKET
from engine.background._listener import listening
from engine.background._remote import RemoteEngine
from engine.background._served import Limits
from engine.testing import Behaviour, FakeRuntime, FakeSandbox, dies, hangs, prints
from policies import Limits as ProgramLimits
from policies import Network, Policy, PolicyError

from ._background import COLD, Background, background, dial, hanging, until_idle, until_running
from .test_background_address import _foreign, _link, _open_to_all, _open_to_group

PROGRAM = Program(code="1")

pytestmark = pytest.mark.usefixtures("control_folder")


@asynccontextmanager
async def shared(behaviour: Behaviour | None = None) -> AsyncGenerator[tuple[Background, RemoteEngine]]:
    """Yield a background engine and a connection to it."""
    runtime = FakeRuntime(behaviour=behaviour)
    async with background(runtime, config=COLD) as served, Engine.connect() as engine:
        yield served, engine


async def echoes(sandbox: FakeSandbox, program: Program, policy: Policy, emit: object) -> Result:
    """Write back what was given, in pieces."""
    assert callable(emit)
    for start in range(0, len(program.stdin), 100_000):
        emit(Output(stream="stdout", data=program.stdin[start : start + 100_000]))
        emit(Output(stream="stderr", data=b"%d " % (start // 100_000)))
    return await prints(program.stdin)(sandbox, program, policy, None)


async def test_program_is_run_with_all_that_comes_with_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    program = Program(
        code="print('ä€')",
        args=("a", "ö"),
        stdin=b"\xff\0",
        files=(File(name="a", data=b"\xfe"), File(name="b", path=str(tmp_path / "file"))),
        env={"A": "ß"},
    )
    policy = Policy(limits=ProgramLimits(memory_mib=100))
    async with shared(prints(b"\xff out", b"err")) as (served, engine):
        result = await engine.run(program, policy)

        assert (result.stdout_bytes, result.stderr_bytes) == (b"\xff out", b"err")
        assert result.isolation.runtime == "fake"
        [sandbox] = served.runtime.sandboxes
        assert sandbox.policies == [policy]
        [given] = sandbox.programs
        assert (given.code, given.args) == (program.code, program.args)
        assert (given.stdin, given.env) == (program.stdin, program.env)
        assert [file.data for file in given.files] == [b"\xfe", b"content"]
        assert engine.pid == os.getpid()


async def test_ten_megabytes_go_both_ways_and_each_stream_keeps_its_order() -> None:
    data = bytes(range(256)) * 40_000
    async with shared(echoes) as (_, engine):
        seen: list[Output] = []

        result = await engine.run(Program(code="1", stdin=data), emit=seen.append)

        assert result.stdout_bytes == data
        assert b"".join(output.data for output in seen if output.stream == "stdout") == data
        numbers = b"".join(output.data for output in seen if output.stream == "stderr").split()
        assert numbers == [b"%d" % number for number in range(len(numbers))]


async def test_stream_yields_output_then_the_result() -> None:
    async with shared(prints(b"out", b"err")) as (_, engine):
        events = [event async for event in engine.stream(PROGRAM)]

        assert [event.stream for event in events if isinstance(event, Output)] == ["stdout", "stderr"]
        assert isinstance(events[-1], Result)


async def test_stream_that_is_left_early_kills_the_program() -> None:
    async def writes(sandbox: FakeSandbox, program: Program, policy: Policy, emit: object) -> Result:
        assert callable(emit)
        emit(Output(stream="stdout", data=b"x"))
        return await hangs(sandbox, program, policy, None)

    async with shared(writes) as (served, engine):
        async with aclosing(engine.stream(PROGRAM)) as events:
            async for _ in events:
                break

        assert served.engine.runs() == []


async def test_batch_is_run_in_the_order_given() -> None:
    async with shared(echoes) as (_, engine):
        programs = [Program(code="1", stdin=b"%d" % number) for number in range(30)]

        results = await engine.run_many(programs, max_concurrent=5)

        assert [result.stdout_bytes for result in results] == [program.stdin for program in programs]
        assert await engine.run_many([]) == []


async def test_batch_is_checked_before_its_first_program_runs() -> None:
    async with shared() as (served, engine):
        with pytest.raises(ConfigError) as caught:
            await engine.run_many([PROGRAM, Program(code="")])
        with pytest.raises(ConfigError, match="at least 1"):
            await engine.run_many([PROGRAM], max_concurrent=0)

        assert caught.value.__notes__ == ["this was number 1 of the batch, counted from 0"]
        assert served.runtime.sandboxes == []


async def test_session_shares_a_sandbox() -> None:
    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    async with background(FakeRuntime(capabilities=able), config=COLD) as served, Engine.connect() as engine:
        async with engine.session(caller=Caller(priority="low")) as session:
            seen: list[Output] = []
            await session.run(PROGRAM)
            await session.run(PROGRAM, emit=seen.append)
        [sandbox] = served.runtime.sandboxes

        assert len(sandbox.programs) == 2
        assert sandbox.closed.is_set()
        with pytest.raises(ConfigError, match="the session is closed"):
            await session.run(PROGRAM)


async def test_engine_tells_about_itself() -> None:
    async with hanging() as served, Engine.connect() as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(engine.run, PROGRAM)
        await until_running(served)

        assert [info.id for info in await engine.runs()] == [info.id for info in served.engine.runs()]
        assert (await engine.stats()).active == 1
        assert [tier.runtime for tier in await engine.tiers()] == ["fake"]
        [decision] = await engine.explain(PROGRAM)
        assert decision == TierDecision(runtime="fake", taken=True, reason=decision.reason)
        tasks.cancel_scope.cancel()


async def test_killed_program_gives_a_result_to_who_started_it() -> None:
    async with hanging() as served, Engine.connect() as engine, Engine.connect() as other:
        statuses: list[Status] = []

        async def run() -> None:
            statuses.append((await engine.run(PROGRAM)).status)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await until_running(served)
            [info] = await other.runs()

            await other.kill(info.id)

        assert statuses == [Status.CANCELLED]
        with pytest.raises(RunNotFoundError) as caught:
            await other.kill(info.id)
        assert caught.value.hint


async def test_cancelled_run_has_ended_when_it_returns() -> None:
    async with hanging() as served, Engine.connect() as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run, PROGRAM)
            await until_running(served)

            tasks.cancel_scope.cancel()

        assert served.engine.runs() == []
        assert served.runtime.live == 0
        assert await engine.runs() == []  # the connection is as good as before


async def test_cancelled_run_that_does_not_end_is_waited_for_in_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_client, "STOP_SECONDS", 0.02)
    async with hanging() as served, Engine.connect() as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run, PROGRAM)
            await until_running(served)
            gate = served.runtime.sandboxes[0].close_gate = anyio.Event()

            tasks.cancel_scope.cancel()

        assert len(served.engine.runs()) == 1
        gate.set()


async def test_cancelling_all_around_the_connection_waits_for_the_end_of_its_programs_and_no_longer() -> None:
    async with hanging() as served:
        began = anyio.current_time()
        with anyio.CancelScope() as scope:
            async with Engine.connect() as engine, anyio.create_task_group() as tasks:
                tasks.start_soon(engine.run, PROGRAM)
                await until_running(served)

                scope.cancel()

        assert served.engine.runs() == []
        assert anyio.current_time() - began < _client.STOP_SECONDS / 2


async def test_leaving_the_block_ends_what_was_begun_in_it() -> None:
    async with hanging() as served, anyio.create_task_group() as tasks:
        errors: list[BackgroundError] = []

        async def run(engine: RemoteEngine) -> None:
            try:
                await engine.run(PROGRAM)
            except BackgroundError as error:
                errors.append(error)

        async with Engine.connect() as engine:
            tasks.start_soon(run, engine)
            await until_running(served)

        await until_idle(served)
        [error] = errors
        assert error.dispatched
        with pytest.raises(BackgroundError, match="no connection"):
            await engine.run(PROGRAM)


# Policies: read where their paths have a meaning, enforced where programs run.


async def test_policy_is_read_by_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text("[limits]\npids = 7\n")
    async with shared() as (served, engine):
        await engine.run(PROGRAM, "own.toml")
        await engine.run(PROGRAM, Path("own.toml"))
        with pytest.raises(PolicyError, match="unknown policy"):
            await engine.run(PROGRAM, "nonsense")

        assert [one.policies[0].limits.pids for one in served.runtime.sandboxes] == [7, 7]


async def test_call_without_policy_has_that_of_the_connection_or_else_the_engines_own() -> None:
    config = EngineConfig(policy="tests/unit/nowhere.toml")
    with pytest.raises(PolicyError):
        RemoteEngine(config.policy)
    runtime = FakeRuntime()
    own, connections = Policy(limits=ProgramLimits(pids=5)), Policy(limits=ProgramLimits(pids=6))

    class WithPolicy(Engine):
        def __init__(self, config: EngineConfig, *, runtimes: list[FakeRuntime]) -> None:
            super().__init__(config, policy=own, runtimes=runtimes)

    async with background(runtime, config=COLD, kind=WithPolicy):
        async with Engine.connect() as engine:
            await engine.run(PROGRAM)
        async with Engine.connect(policy=connections) as engine:
            await engine.run(PROGRAM)
            await engine.run(PROGRAM, Policy())

    assert [one.policies[0].limits.pids for one in runtime.sandboxes] == [5, 6, Policy().limits.pids]


async def test_policy_that_is_wrong_in_a_value_is_refused_by_the_client() -> None:
    async with shared() as (_, engine):
        with pytest.raises(PolicyError, match="pids"):
            await engine.run(PROGRAM, Policy(limits=ProgramLimits(pids=0)))


async def test_ceiling_of_the_engine_holds_for_its_clients() -> None:
    class Bounded(Engine):
        def __init__(self, config: EngineConfig, *, runtimes: list[FakeRuntime]) -> None:
            super().__init__(config, ceiling=Policy(limits=ProgramLimits(pids=3)), runtimes=runtimes)

    runtime = FakeRuntime()
    async with background(runtime, config=COLD, kind=Bounded), Engine.connect() as engine:
        await engine.run(PROGRAM, Policy(limits=ProgramLimits(pids=60)))

    assert runtime.sandboxes[0].policies[0].limits.pids == 3


# Failures.


async def test_exceptions_are_those_of_an_own_engine() -> None:
    able = Capabilities(languages=frozenset({"python"}))
    async with background(FakeRuntime(capabilities=able)) as served, Engine.connect() as engine:
        for program, policy in (
            (Program(code="1", language="cobol"), None),
            (PROGRAM, Policy(network=Network(mode="allow-list", allow=("a.b",)))),
            (Program(code=""), None),
            (Program(code="1", files=(File(name="a", path="/no/such/file"),)), None),
        ):
            with pytest.raises(EngineError) as own:
                await served.engine.run(program, policy)
            with pytest.raises(EngineError) as remote:
                await engine.run(program, policy)

            assert type(remote.value) is type(own.value)
            assert str(remote.value) == str(own.value)
            assert vars(remote.value) == vars(own.value)
        assert isinstance(own.value, ConfigError)


async def test_clause_that_cannot_be_enforced_is_named() -> None:
    async with shared() as (_, engine):
        with pytest.raises(PolicyUnsupportedError) as caught:
            await engine.run(PROGRAM, Policy(network=Network(mode="allow-list", allow=("a.b",))))

        assert caught.value.clause.startswith("network")
        assert caught.value.runtime == "fake"


async def test_sandbox_that_is_lost_is_told() -> None:
    async with shared(dies) as (_, engine):
        with pytest.raises(SandboxLostError, match="the fake sandbox died") as caught:
            await engine.run(PROGRAM)

        assert caught.value.dispatched


async def test_exception_of_emit_kills_the_program_and_is_raised() -> None:
    async def writes(sandbox: FakeSandbox, program: Program, policy: Policy, emit: object) -> Result:
        assert callable(emit)
        emit(Output(stream="stdout", data=b"x"))
        emit(Output(stream="stdout", data=b"y"))
        return await hangs(sandbox, program, policy, None)

    seen: list[bytes] = []

    def fails(output: Output) -> None:
        seen.append(output.data)
        raise ZeroDivisionError("the caller's own")

    async with shared(writes) as (served, engine):
        with pytest.raises(ZeroDivisionError, match="the caller's own"):
            await engine.run(PROGRAM, emit=fails)

        assert seen == [b"x"]
        assert served.engine.runs() == []
        assert await engine.runs() == []


async def test_request_that_is_too_large_is_refused_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with shared() as (_, engine):
        monkeypatch.setattr(_client, "MAX_REQUEST", 2000)
        await engine.run(Program(code="1", stdin=b"x" * 1000))

        with pytest.raises(ConfigError, match="a background engine takes") as caught:
            await engine.run(Program(code="1", stdin=b"x" * 2000))

        assert "by path" in caught.value.hint


async def test_no_engine_is_told_with_what_to_do() -> None:
    with pytest.raises(BackgroundError, match="no background engine runs") as caught:
        async with Engine.connect():
            pass

    assert caught.value.hint == "`isorun up` starts one"
    assert not caught.value.dispatched


@pytest.mark.parametrize("make", [_open_to_group, _open_to_all, _link, _foreign])
async def test_folder_that_is_not_ours_alone_is_not_trusted(control_folder: Path, make: object) -> None:
    assert callable(make)
    make(control_folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(control_folder / SOCKET))
        listener.listen()

        with pytest.raises(BackgroundError, match="can be asked"):
            async with Engine.connect():
                pass


async def test_socket_of_a_killed_engine_is_no_engine(control_folder: Path) -> None:
    os.mkdir(control_folder, 0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(control_folder / SOCKET))

    with pytest.raises(BackgroundError, match="no background engine runs"):
        async with Engine.connect():
            pass


async def test_engine_that_is_stopped_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_client, "GREETING_SECONDS", 0.05)
    with listening(), pytest.raises(BackgroundError, match="does not answer"):
        async with Engine.connect():
            pass


async def test_engine_that_accepts_nobody_is_told_in_time(
    control_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_client, "GREETING_SECONDS", 0.05)
    os.mkdir(control_folder, 0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(control_folder / SOCKET))
        listener.listen(0)
        with dial(), pytest.raises(BackgroundError, match="accepts nobody"):
            async with Engine.connect():
                pass


async def test_client_that_is_one_too_many_is_told() -> None:
    async with background(limits=Limits(clients=1)), Engine.connect():
        with pytest.raises(BackgroundError, match="serves 1 clients already"):
            async with Engine.connect():
                pass


async def test_requests_beyond_the_bound_are_refused_and_may_be_repeated() -> None:
    async with hanging(Limits(requests=2)) as served, Engine.connect() as engine:
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(engine.run, PROGRAM)
            await until_running(served, 2)

            with pytest.raises(PoolFullError) as caught:
                await engine.run(PROGRAM)

            assert not caught.value.dispatched
            tasks.cancel_scope.cancel()


async def test_all_who_wait_are_told_when_the_engine_goes() -> None:
    async with hanging() as served, Engine.connect() as engine:
        errors: list[EngineError] = []

        async def run() -> None:
            try:
                await engine.run(PROGRAM)
            except EngineError as error:
                errors.append(error)

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(run)
            await until_running(served)

            served.stop()

        assert len(errors) == 50
        assert all(isinstance(error, BackgroundError) and error.dispatched for error in errors)
        with pytest.raises(BackgroundError) as caught:
            await engine.run(PROGRAM)
        assert not caught.value.dispatched
        with pytest.raises(BackgroundError) as asked:
            await engine.stats()
        assert not asked.value.dispatched


@pytest.mark.parametrize("words", [b"garbage", b"A\0\0\0\1\xff", b"A\xff\xff\xff\xff", b"x\0\0\0\0010"])
async def test_whoever_is_no_engine_is_not_believed(words: bytes) -> None:
    with listening() as listener:
        async with anyio.create_task_group() as tasks:

            async def lie() -> None:
                await anyio.wait_readable(listener)
                peer, _ = listener.accept()
                with peer:
                    peer.send(words)

            tasks.start_soon(lie)

            with pytest.raises(BackgroundError):
                async with Engine.connect():
                    pass


async def test_engine_is_told_to_end(control_folder: Path) -> None:
    async with shared() as (served, engine):
        await engine.shutdown()

        await served.shutdown.wait()
    assert os.listdir(control_folder) == [LOCK]


async def test_it_is_used_within_its_block() -> None:
    engine = Engine.connect()

    with pytest.raises(BackgroundError, match="no connection"):
        await engine.run(PROGRAM)
    with pytest.raises(BackgroundError, match="no connection") as caught:
        engine.stream(PROGRAM)
    assert "async with Engine.connect()" in caught.value.hint
