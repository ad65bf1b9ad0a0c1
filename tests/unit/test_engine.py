"""One run: from the call to the result."""

from pathlib import Path

import pytest

from engine import (
    Capabilities,
    ConfigError,
    Emit,
    Engine,
    EngineConfig,
    ErrorInfo,
    File,
    Limits,
    Output,
    Policy,
    PolicyError,
    PoolConfig,
    Program,
    Result,
    SandboxLostError,
    SandboxStartError,
    Status,
    Timing,
)
from engine.testing import FakeRuntime, FakeSandbox, dies, prints
from policies import Mount, load

from ._pools import settle

PROGRAM = Program(code="print(1)")


def engine_with(runtime: FakeRuntime, *, warm: int = 0, max_size: int = 4) -> Engine:
    pool = PoolConfig(warm=warm, max_warm=warm, max_size=max_size)
    return Engine(EngineConfig(pool=pool), runtimes=[runtime])


async def test_run_gives_what_the_sandbox_reported() -> None:
    runtime = FakeRuntime(behaviour=prints(b"out", b"err"))
    async with engine_with(runtime) as engine:
        result = await engine.run(PROGRAM)

    assert result.ok
    assert (result.stdout, result.stderr) == ("out", "err")
    assert runtime.sandboxes[0].programs == [PROGRAM]
    assert runtime.live == 0


async def test_failing_program_is_a_result() -> None:
    error = ErrorInfo(type="ValueError", message="no")
    runtime = FakeRuntime(behaviour=prints(status=Status.ERROR, error=error))
    async with engine_with(runtime) as engine:
        result = await engine.run(PROGRAM)

    assert result.status is Status.ERROR
    assert result.error == error


async def test_output_is_emitted_while_it_comes() -> None:
    seen: list[Output] = []
    runtime = FakeRuntime(behaviour=prints(b"out", b"err"))
    async with engine_with(runtime) as engine:
        await engine.run(PROGRAM, emit=seen.append)

    assert seen == [Output(stream="stdout", data=b"out"), Output(stream="stderr", data=b"err")]


async def test_isolation_says_cold_then_warm_and_why() -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime, warm=1) as engine:
        cold = await engine.run(PROGRAM)
        await settle()
        warm = await engine.run(PROGRAM)

    assert (cold.isolation.path, warm.isolation.path) == ("cold", "warm")
    assert cold.isolation.runtime == "fake"
    assert cold.isolation.why == "the lightest that covers policy and program"


async def test_timing_is_cumulative_and_includes_what_the_sandbox_measured() -> None:
    inside = Timing(started=5.0, ran=100.0, collected=150.0)
    async with engine_with(FakeRuntime(behaviour=prints(timing=inside))) as engine:
        timing = (await engine.run(PROGRAM)).timing

    assert 0 < timing.queued <= timing.started < timing.ran < timing.collected
    assert timing.ran - timing.started == pytest.approx(95.0)
    assert timing.collected - timing.ran == pytest.approx(50.0)
    assert timing.total > timing.queued


async def test_hint_comes_from_the_runtime() -> None:
    runtime = FakeRuntime()
    runtime.advice = "try the `data` environment"
    async with engine_with(runtime) as engine:
        assert (await engine.run(PROGRAM)).hint == "try the `data` environment"


async def test_lost_sandbox_is_an_exception_and_was_dispatched() -> None:
    runtime = FakeRuntime(behaviour=dies)
    async with engine_with(runtime) as engine:
        with pytest.raises(SandboxLostError) as caught:
            await engine.run(PROGRAM)

        assert caught.value.dispatched
        assert engine.stats().failed == 1
    assert runtime.live == 0


async def test_sandbox_that_died_before_the_program_began_is_replaced() -> None:
    given: list[FakeSandbox] = []

    async def first_is_dead(
        sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
    ) -> Result:
        given.append(sandbox)
        if len(given) == 1:
            raise SandboxLostError("killed while it waited")
        return await prints(b"out")(sandbox, program, policy, emit)

    runtime = FakeRuntime(behaviour=first_is_dead)
    async with engine_with(runtime) as engine:
        result = await engine.run(PROGRAM)

        assert result.stdout == "out"
        assert (engine.stats().failed, len(set(given))) == (0, 2)
    assert runtime.live == 0


async def test_second_sandbox_that_died_before_the_program_began_is_an_exception() -> None:
    async def dead(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        raise SandboxLostError("killed while it waited")

    async with engine_with(FakeRuntime(behaviour=dead)) as engine:
        with pytest.raises(SandboxLostError) as caught:
            await engine.run(PROGRAM)

        assert not caught.value.dispatched
        assert engine.stats().failed == 1


async def test_sandbox_that_does_not_start_is_an_exception_and_was_not_dispatched() -> None:
    runtime = FakeRuntime()
    runtime.start_errors.append(SandboxStartError("no namespaces"))
    async with engine_with(runtime) as engine:
        with pytest.raises(SandboxStartError) as caught:
            await engine.run(PROGRAM)

        assert not caught.value.dispatched
        assert (await engine.run(PROGRAM)).ok


async def test_bad_program_starts_nothing() -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime) as engine:
        with pytest.raises(ConfigError, match="`code` is empty"):
            await engine.run(Program(code=""))

    assert not runtime.sandboxes


async def test_program_that_is_not_one_is_refused() -> None:
    async with engine_with(FakeRuntime()) as engine:
        with pytest.raises(ConfigError, match="`program` must be `Program`, not `str`"):
            await engine.run("print(1)")  # type: ignore[arg-type]


async def test_input_files_are_read_before_the_sandbox_gets_them(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_bytes(b"1,2\n")
    runtime = FakeRuntime()
    program = Program(code="1", files=(File(name="p.csv", path=str(tmp_path / "points.csv")),))
    async with engine_with(runtime) as engine:
        await engine.run(program)

    assert runtime.sandboxes[0].programs[0].files == (File(name="p.csv", data=b"1,2\n"),)


async def test_default_policy_is_the_configured_one() -> None:
    runtime = FakeRuntime()
    async with Engine(EngineConfig(policy="quick"), runtimes=[runtime]) as engine:
        await engine.run(PROGRAM)

    assert runtime.sandboxes[0].policies == [load("quick")]


async def test_policy_of_the_engine_replaces_the_configured_one() -> None:
    runtime = FakeRuntime()
    async with Engine(EngineConfig(policy="quick"), policy="data", runtimes=[runtime]) as engine:
        await engine.run(PROGRAM)

    assert runtime.sandboxes[0].policies == [load("data")]


async def test_policy_is_taken_as_object_preset_or_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[limits]\nwall-seconds = 3\n")
    mine = Policy(limits=Limits(wall_seconds=3))
    runtime = FakeRuntime()
    async with engine_with(runtime) as engine:
        for policy in (mine, "quick", file, str(file)):
            await engine.run(PROGRAM, policy)

    assert [one.policies[0] for one in runtime.sandboxes] == [mine, load("quick"), mine, mine]


async def test_policy_file_is_read_again_for_each_run(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    runtime = FakeRuntime()
    async with engine_with(runtime) as engine:
        for seconds in (3, 4):
            file.write_text(f"[limits]\nwall-seconds = {seconds}\n")
            await engine.run(PROGRAM, str(file))

    assert [one.policies[0].limits.wall_seconds for one in runtime.sandboxes] == [3, 4]


@pytest.mark.parametrize("policy", ["nope", "/no/such/file.toml", Policy(limits=Limits(pids=-1))])
async def test_bad_policy_starts_nothing(policy: Policy | str) -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime) as engine:
        with pytest.raises(PolicyError):
            await engine.run(PROGRAM, policy)

    assert not runtime.sandboxes


async def test_policy_of_another_type_is_refused() -> None:
    async with engine_with(FakeRuntime()) as engine:
        with pytest.raises(ConfigError, match="not `int`"):
            await engine.run(PROGRAM, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", [None, "data", Policy(limits=Limits(wall_seconds=60))])
async def test_ceiling_narrows_every_policy(policy: Policy | str | None) -> None:
    runtime = FakeRuntime()
    ceiling = Policy(limits=Limits(wall_seconds=1.0))
    config = EngineConfig(pool=PoolConfig(warm=0, max_warm=0))
    async with Engine(config, ceiling=ceiling, runtimes=[runtime]) as engine:
        await engine.run(PROGRAM, policy)
        await engine.run(PROGRAM, policy)

    assert [one.policies[0].limits.wall_seconds for one in runtime.sandboxes] == [1.0, 1.0]


def test_bad_default_policy_is_refused_at_once() -> None:
    with pytest.raises(PolicyError, match="unknown policy `nope`"):
        Engine(EngineConfig(policy="nope"), runtimes=[])


async def test_without_arguments_the_users_configuration_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "isorun").mkdir()
    (tmp_path / "isorun" / "config.toml").write_text('policy = "quick"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    runtime = FakeRuntime()
    async with Engine(runtimes=[runtime]) as engine:
        await engine.run(PROGRAM)

    assert runtime.sandboxes[0].policies == [load("quick")]


async def test_policies_that_differ_in_run_limits_share_a_pool() -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime, warm=1) as engine:
        await engine.run(PROGRAM, Policy(limits=Limits(wall_seconds=1)))
        await settle()
        second = await engine.run(PROGRAM, Policy(limits=Limits(wall_seconds=2), env={"A": "1"}))

        assert second.isolation.path == "warm"
        assert len(engine.stats().pools) == 1


async def test_policies_that_differ_at_start_have_pools_of_their_own() -> None:
    able = Capabilities(languages=frozenset({"python"}), gpu=True, mounts=True)
    runtime = FakeRuntime(capabilities=able)
    async with engine_with(runtime) as engine:
        await engine.run(PROGRAM)
        await engine.run(PROGRAM, Policy(mounts=(Mount(source="/data", target="/mnt/data"),)))
        assert len(engine.stats().pools) == 1

        await engine.run(PROGRAM, Policy(gpu="all"))

        assert len(engine.stats().pools) == 2


async def test_stats_count_results_and_failures() -> None:
    runtime = FakeRuntime(behaviour=prints(status=Status.ERROR))
    async with engine_with(runtime) as engine:
        await engine.run(PROGRAM)
        await engine.run(PROGRAM)
        with pytest.raises(ConfigError):
            await engine.run(Program(code=""))

        stats = engine.stats()

    assert stats.finished == {"error": 2}
    assert stats.failed == 1
    assert stats.active == 0
    assert stats.pools[0].cold == 2
