"""A process of a zygote's jail is killed or stopped from outside: no run hangs or gives a wrong result."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import suppress

import anyio
import pytest

from engine import Engine, PoolConfig, Result, SandboxLostError
from runtimes.jails import _runtime, _zygotes
from tests.support.background import begin
from tests.support.jails import limited, run_python
from tests.support.machine import PATIENCE_SECONDS, descriptors, is_running, until, wardens
from tests.support.zygotes import Family, families, forking_engine, is_idle, run_until_forked, the_family

pytestmark = [pytest.mark.jail, pytest.mark.slow]

#: A child is ready in a tenth of this on a busy machine.
FORK_SECONDS = 0.5
ENDS_SOON = "import time\nprint('ready', flush=True)\ntime.sleep(0.3)\n1 + 1"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_runtime, "FORK_SECONDS", FORK_SECONDS)
    monkeypatch.setattr(_zygotes, "_FIRST_BACK_OFF_SECONDS", 0.05)


@pytest.fixture
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    """An engine with a zygote and nothing else."""
    async with forking_engine() as opened:
        await run_python(opened, "1 + 1")
        [warden] = wardens()
        await until(lambda: is_idle(warden) and the_family(warden).inits(), what="the first run has gone")
        yield opened


@pytest.fixture
async def warm_engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    """An engine with a zygote and two children that wait."""
    async with forking_engine(PoolConfig(warm=2, max_warm=2)) as opened:
        await run_python(opened, "1 + 1")
        await until(lambda: opened.stats().pools[0].idle == 2, what="two children wait")
        yield opened


def one_of(family: Family, who: str) -> int:
    """Return a process: `init` is of the oldest sandbox."""
    return min(family.inits()) if who == "init" else int(getattr(family, who))


async def assert_recovered(engine: Engine, before: Family, *, warm: bool = False) -> None:
    """See that runs are forked again, and that nothing is left of a zygote that was given up."""
    [warden] = wardens()
    assert (await run_until_forked(engine)).value == 2
    await until(lambda: before in families(warden) or before.is_gone(), what="the zygote serves or is gone")
    if not warm:
        await until(lambda: is_idle(warden), what="the runs have gone")


# Idle


@pytest.mark.parametrize("who", ["zygote", "maker", "nsjail", "init"])
async def test_program_runs_after_an_idle_jail_has_lost_a_process(engine: Engine, who: str) -> None:
    [warden] = wardens()
    family, before = the_family(warden), descriptors()
    os.kill(one_of(family, who), signal.SIGKILL)

    results = [await run_python(engine, "1 + 1") for _ in range(2)]

    assert [result.value for result in results] == [2, 2]
    assert results[1].isolation.path == "fork"
    await assert_recovered(engine, family)
    assert family.is_gone() is (who != "init")
    # The exec path keeps one, for the configuration of its jails.
    await until(lambda: len(descriptors()) <= len(before) + 1, what="the old zygote's descriptors are closed")


@pytest.mark.parametrize("who", ["zygote", "maker"])
async def test_stopped_zygote_is_given_up_and_replaced(engine: Engine, who: str) -> None:
    [warden] = wardens()
    family = the_family(warden)
    os.kill(one_of(family, who), signal.SIGSTOP)

    with anyio.fail_after(FORK_SECONDS + 2):
        result = await run_python(engine, "1 + 1")

    assert (result.value, result.isolation.path) == (2, "cold")
    assert "not ready within" in (result.isolation.fallback or "")
    await until(family.is_gone, what="the stopped jail is gone")
    await assert_recovered(engine, family)


@pytest.mark.parametrize("who", ["zygote", "maker"])
async def test_callers_of_a_stopped_zygote_all_get_their_results(engine: Engine, who: str) -> None:
    [warden] = wardens()
    family = the_family(warden)
    os.kill(one_of(family, who), signal.SIGSTOP)
    results: list[Result] = []

    async def run_one() -> None:
        results.append(await run_python(engine, "1 + 1"))

    with anyio.fail_after(FORK_SECONDS + 5):
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(run_one)

    assert [(result.value, result.isolation.path) for result in results] == [(2, "cold")] * 8
    await assert_recovered(engine, family)


# Children wait


@pytest.mark.parametrize("who", ["zygote", "maker", "nsjail", "init"])
async def test_children_that_die_while_they_wait_are_replaced(warm_engine: Engine, who: str) -> None:
    [warden] = wardens()
    family = the_family(warden)
    victims = family.programs() if who != "init" else []
    os.kill(one_of(family, who), signal.SIGKILL)

    for _ in range(3):
        with suppress(SandboxLostError):  # handed over before the death was known
            result = await run_python(warm_engine, "1 + 1")
            assert result.value == 2 or result.reason in ("supervisor-died", "signal")

    await until(lambda: not any(map(is_running, victims)), what="the children are gone")
    await assert_recovered(warm_engine, family, warm=True)


async def test_program_of_a_child_whose_zygote_is_stopped_is_not_said_to_be_late(warm_engine: Engine) -> None:
    """Only the zygote knows how it ended; the wall limit is when the warden stops waiting for its word."""
    [warden] = wardens()
    family = the_family(warden)
    os.kill(family.zygote, signal.SIGSTOP)

    with anyio.fail_after(PATIENCE_SECONDS):
        result = await run_python(warm_engine, "print('done')", limited(wall_seconds=0.5))

    assert (result.status, result.reason, result.stdout) == ("crashed", "supervisor-died", "done\n")
    await until(family.is_gone, what="the stopped jail is gone")
    await assert_recovered(warm_engine, family, warm=True)


async def test_child_whose_maker_is_stopped_serves_its_program(warm_engine: Engine) -> None:
    [warden] = wardens()
    family = the_family(warden)
    os.kill(family.maker, signal.SIGSTOP)

    result = await run_python(warm_engine, "1 + 1")

    assert (result.value, result.isolation.path) == (2, "warm")
    await until(family.is_gone, what="the stopped jail is gone")


# A program runs


@pytest.mark.parametrize(
    ("who", "reason", "signal_name"),
    [
        ("zygote", "supervisor-died", None),
        ("maker", "supervisor-died", None),
        ("nsjail", "supervisor-died", None),
        ("init", "signal", "SIGKILL"),
    ],
)
async def test_run_that_loses_a_process_of_its_jail_has_crashed(
    engine: Engine, who: str, reason: str, signal_name: str | None
) -> None:
    [warden] = wardens()
    family = the_family(warden)
    async with anyio.create_task_group() as tasks:
        run = await begin(tasks, engine)
        programs = family.programs()

        os.kill(one_of(family, who), signal.SIGKILL)
        result = await run.finish()

    assert (result.status, result.reason, result.signal) == ("crashed", reason, signal_name)
    assert (result.stdout, result.isolation.path) == ("ready\n", "fork")
    assert not any(map(is_running, programs))
    await assert_recovered(engine, family)


async def test_run_whose_maker_is_stopped_ends_as_it_would(engine: Engine) -> None:
    [warden] = wardens()
    family = the_family(warden)
    async with anyio.create_task_group() as tasks:
        run = await begin(tasks, engine, ENDS_SOON)

        os.kill(family.maker, signal.SIGSTOP)
        result = await run.finish()

    assert (result.status, result.value) == ("ok", 2)
    await assert_recovered(engine, family)


async def test_run_that_loops_while_its_zygote_is_stopped_ends_at_its_limit(engine: Engine) -> None:
    [warden] = wardens()
    family = the_family(warden)
    async with anyio.create_task_group() as tasks:
        run = await begin(tasks, engine, policy=limited(wall_seconds=0.5))

        os.kill(family.zygote, signal.SIGSTOP)
        result = await run.finish()

    assert (result.status, result.reason) == ("timeout", "wall-limit")
    await until(family.is_gone, what="the stopped jail is gone")
    await assert_recovered(engine, family)


@pytest.mark.parametrize("who", ["zygote", "maker", "init"])
async def test_engine_with_a_stopped_process_and_a_run_closes(who: str) -> None:
    async with forking_engine(PoolConfig(warm=1, max_warm=1)) as engine:
        await run_python(engine, "1 + 1")
        [warden] = wardens()
        family = the_family(warden)
        async with anyio.create_task_group() as tasks:
            await begin(tasks, engine)
            os.kill(one_of(family, who), signal.SIGSTOP)
            tasks.cancel_scope.cancel()

    assert family.is_gone()
    assert not is_running(warden)
