"""A caller gives up while a sandbox is being forked, at any moment: nothing is left behind."""

import anyio
import pytest

from engine import Engine, EngineError, PoolConfig, PoolTimeoutError, Program, Result
from tests.support.jails import limited, run_python
from tests.support.machine import descriptors, group_folders, is_running, mounts, until, wardens
from tests.support.zygotes import Family, families, forking_engine, is_idle, library_engine, the_family

pytestmark = [pytest.mark.jail, pytest.mark.slow]

#: From before the order is sent until after a short program has ended.
DELAYS = [number * 0.0002 for number in range(75)]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


async def quiet(engine: Engine) -> tuple[Family, int]:
    """Wait until nothing runs; return the zygote and how many descriptors we hold."""
    await run_python(engine, "1 + 1")
    [warden] = wardens()
    await until(lambda: is_idle(warden), what="the runs have gone")
    return the_family(warden), len(descriptors())


async def cancelled(engine: Engine, seconds: float) -> None:
    """Run a program and give it up."""
    with anyio.move_on_after(seconds):
        await run_python(engine, "1 + 1")


async def no_children() -> None:
    """Wait until no zygote has a child; it may still import."""
    [warden] = wardens()
    await until(lambda: all(family.is_idle() for family in families(warden)), what="the children have gone")


async def test_forks_cancelled_at_any_moment_leave_nothing() -> None:
    async with forking_engine() as engine:
        before = await quiet(engine)

        for seconds in DELAYS:
            await cancelled(engine, seconds)

        assert (await run_python(engine, "1 + 1")).isolation.path == "fork"
        assert await quiet(engine) == before
        assert engine.stats().active == 0


async def test_forks_cancelled_side_by_side_leave_nothing() -> None:
    async with forking_engine() as engine:
        before = await quiet(engine)

        async with anyio.create_task_group() as tasks:
            for seconds in DELAYS:
                tasks.start_soon(cancelled, engine, seconds)

        assert (await run_python(engine, "1 + 1")).isolation.path == "fork"
        assert await quiet(engine) == before


async def test_forks_that_are_not_ready_in_time_leave_nothing() -> None:
    """The caller's patience ends: its error says so, whatever the fork was doing."""
    late = 0
    for milliseconds in (0.5, 1, 2, 3, 4, 6, 8):
        pool = PoolConfig(warm=0, max_warm=0, acquire_seconds=milliseconds / 1000)
        async with forking_engine(pool) as engine:
            for _ in range(5):
                try:
                    assert (await run_python(engine, "1 + 1")).value == 2
                except PoolTimeoutError:
                    late += 1
            await no_children()
    assert late


@pytest.mark.parametrize("wall_seconds", [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.25])
async def test_wall_limit_of_less_than_a_start_is_a_timeout_or_the_whole_result(wall_seconds: float) -> None:
    async with forking_engine() as engine:
        before = await quiet(engine)

        results = [await run_python(engine, "1 + 1", limited(wall_seconds=wall_seconds)) for _ in range(8)]

        ends = {(result.status.value, result.reason.value) for result in results}
        assert ends <= {("ok", "exit-zero"), ("timeout", "wall-limit")}
        assert all(result.value == 2 for result in results if result.ok)
        assert {result.isolation.path for result in results} == {"fork"}
        if wall_seconds >= 0.25:
            assert ends == {("ok", "exit-zero")}
        assert await quiet(engine) == before


@pytest.mark.parametrize("milliseconds", [0, 5, 20, 50, 70, 80, 90, 100, 120, 150, 200])
async def test_engine_closed_while_a_zygote_is_started_leaves_nothing(milliseconds: int) -> None:
    before = len(descriptors()), mounts()
    results: list[Result | EngineError] = []

    async def run_one(engine: Engine) -> None:
        try:
            results.append(await engine.run(Program(code="1 + 1")))
        except EngineError as error:
            results.append(error)

    async with anyio.create_task_group() as tasks:
        with anyio.fail_after(5):
            async with forking_engine(PoolConfig(warm=2, max_warm=2)) as engine:
                await engine.tiers()
                [warden] = wardens()
                tasks.start_soon(run_one, engine)
                await anyio.sleep(milliseconds / 1000)

    assert len(results) == 1
    assert not is_running(warden)
    assert group_folders(warden) == []
    assert (len(descriptors()), mounts()) == before


async def test_caller_who_gives_up_while_a_zygote_imports_does_not_stop_it() -> None:
    async with library_engine("import time\ntime.sleep(0.3)") as engine:
        for _ in range(5):
            await cancelled(engine, 0.02)
        [warden] = wardens()
        await until(lambda: families(warden), what="the zygote imports")
        family = the_family(warden)

        result = await run_python(engine, "1 + 1")

        assert (result.value, result.isolation.path) == (2, "fork")
        await until(lambda: is_idle(warden), what="the runs have gone")
        assert the_family(warden) == family


async def test_callers_who_wait_for_one_zygote_are_all_served_by_it() -> None:
    async with library_engine("import time\ntime.sleep(0.3)") as engine:
        results: list[Result] = []

        async def run_one() -> None:
            results.append(await run_python(engine, "1 + 1"))

        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(run_one)
        [warden] = wardens()

        assert [(result.value, result.isolation.path) for result in results] == [(2, "fork")] * 8
        await until(lambda: is_idle(warden), what="the runs have gone")
