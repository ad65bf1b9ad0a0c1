"""Which runs `isorun bench startup` counts, over sandboxes that take no time."""

import anyio
import pytest

from engine import (
    Capabilities,
    Engine,
    EngineConfig,
    IsolationInfo,
    Output,
    PoolConfig,
    Program,
    Reason,
    Result,
    Status,
)
from engine._runtime import Emit
from engine.bench._floor import MeasureError
from engine.bench._plan import LEAST_RUNS
from engine.bench._startup import startup
from engine.bench._turns import timed, until_ready
from engine.testing import FakeRuntime, prints

from ._bench import PYTHON, Measured, answers, subject, with_plan

_VARIANTS = ("nothing", "packages", "files", "policy")


async def test_every_way_and_every_variant_is_measured() -> None:
    measured = Measured()

    await startup(measured.bench, subject())

    expected = {("first", "nothing"), *((path, name) for path in ("cold", "warm") for name in _VARIANTS)}
    assert {(one.path, one.variant) for one in measured.measurements} == expected
    assert {one.measure for one in measured.measurements} == {"first byte", "result"}
    assert measured.notes == []


async def test_each_run_has_its_own_floor() -> None:
    measured = Measured()

    await startup(measured.bench, subject())

    floors = [one.floor for one in measured.measurements if one.measure == "result"]
    assert all(len(one.values) == len(one.floor) for one in measured.measurements)
    assert sum(map(len, floors)) == len(set().union(*floors)) == measured.floor.starts


async def test_first_runs_open_an_engine_each() -> None:
    measured = Measured()

    await startup(measured.bench, subject())

    # Two of them, then without forks, with forks, and with a sandbox kept ready.
    pools = [config.pool for config in measured.configs]
    assert [pool.warm for pool in pools] == [0, 0, 0, 0, 1]
    assert [pool.fork for pool in pools] == [True, True, False, True, True]


async def test_path_is_that_of_the_result() -> None:
    measured = Measured(path="snapshot")

    await startup(measured.bench, subject())

    assert measured.paths == {"first", "snapshot", "warm"}


async def test_quick_measures_variants_of_waiting_sandboxes_only() -> None:
    measured = Measured()

    await startup(with_plan(measured, quick=True), subject())

    assert {one.variant for one in measured.measurements if one.path == "cold"} == {"nothing"}
    assert {one.variant for one in measured.measurements if one.path == "warm"} == set(_VARIANTS)


async def test_what_is_too_slow_has_only_the_smallest_program() -> None:
    measured = Measured()

    await startup(with_plan(measured, slow_seconds=0.0), subject())

    assert {one.variant for one in measured.measurements if one.path == "warm"} == {"nothing"}
    assert measured.notes == ["fake: startup, warm: too slow to measure packages, files, policy in a minute"]


async def test_slow_series_ends_early_but_not_before_it_says_something() -> None:
    measured = Measured()

    await startup(with_plan(measured, runs=50, series_seconds=0.0), subject())

    assert {len(one.values) for one in measured.measurements if one.path != "first"} == {LEAST_RUNS}


async def test_session_is_measured_where_there_are_sessions() -> None:
    able = Capabilities(languages=frozenset({"python"}), sessions=frozenset({"python"}))
    measured = Measured(able=able)

    await startup(measured.bench, subject(able))

    assert [one.variant for one in measured.measurements if one.path == "session"] == ["nothing"] * 2


async def test_program_that_fails_in_a_variant_leaves_a_note_and_the_others() -> None:
    measured = Measured(answer=lambda program: b"?" if "pandas" in str(program.code) else answers(program))

    await startup(measured.bench, subject())

    assert {one.variant for one in measured.measurements} == {"nothing", "files", "policy"}
    assert measured.notes == [
        "fake: startup, cold, packages: the program wrote '?' instead of '6\\n'",
        "fake: startup, warm, packages: the program wrote '?' instead of '6\\n'",
    ]


async def test_file_that_was_not_collected_leaves_a_note() -> None:
    measured = Measured(with_files=False)

    await startup(measured.bench, subject())

    assert "fake: startup, warm, files: `sum.txt` was not collected" in measured.notes


async def test_run_that_came_another_way_is_not_counted_and_said() -> None:
    paths = iter(["cold"] * 5 + ["fork"] + ["cold"] * 100)  # after the runs before the series and one of it
    measured = Measured(path=lambda: next(paths))

    await startup(with_plan(measured, quick=True), subject())

    cold = [one for one in measured.measurements if one.path == "cold" and one.measure == "result"]
    assert [len(one.values) for one in cold] == [3]
    assert measured.notes == ["fake: startup, cold, nothing: 1 runs came as `fork` and are left out"]


async def test_limits_are_changed_within_what_the_runtime_can_do() -> None:
    able = Capabilities(languages=frozenset({"python"}), least_memory_mib=500, least_pids=60)
    runtime = FakeRuntime(behaviour=Measured().behave, capabilities=able)
    measured = Measured(runtime)

    await startup(measured.bench, subject(able))

    limits = [policy.limits for sandbox in runtime.sandboxes for policy in sandbox.policies]
    assert (500, 60) in {(one.memory_mib, one.pids) for one in limits}


async def test_first_byte_comes_before_the_result() -> None:
    async def once(emit: Emit) -> Result:
        emit(Output(stream="stdout", data=b"2"))
        await anyio.sleep(0.01)
        emit(Output(stream="stdout", data=b"\n"))
        return Result(status=Status.OK, reason=Reason.EXIT_ZERO, isolation=IsolationInfo(runtime="fake"))

    done = await timed(once)

    assert done.first_byte_ms is not None
    assert done.result_ms - done.first_byte_ms >= 9


async def test_program_without_output_has_no_first_byte() -> None:
    runtime = FakeRuntime(behaviour=prints())
    async with Engine(EngineConfig(), runtimes=[runtime]) as engine:
        done = await timed(lambda emit: engine.run(Program(code="1"), emit=emit))

    assert done.first_byte_ms is None


async def test_pool_that_is_not_refilled_is_not_waited_for_without_end() -> None:
    runtime = FakeRuntime(behaviour=prints(), capabilities=PYTHON)
    pool = PoolConfig(warm=1, max_warm=1)
    async with Engine(EngineConfig(pool=pool), runtimes=[runtime]) as engine:
        runtime.start_errors.extend([None, *[OSError("no more")] * 9])
        await engine.run(Program(code="1"))

        with pytest.raises(MeasureError, match=r"no 1 sandboxes were ready within 0\.05 s.*no more"):
            await until_ready(engine, 1, seconds=0.05)


async def test_engine_that_has_run_nothing_has_nothing_to_wait_for() -> None:
    async with Engine(EngineConfig(), runtimes=[FakeRuntime()]) as engine:
        await until_ready(engine, 0, seconds=0)
