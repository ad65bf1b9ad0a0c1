"""Zygotes are replaced: after many forks, some time, or a crash; and make place for others."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from engine import Engine, PoolConfig, Program
from policies import Mount, Policy
from runtimes.jails import _zygote, _zygotes
from tests.support.background import begin
from tests.support.jails import run_python
from tests.support.machine import PATIENCE_SECONDS, descriptors, until, wardens
from tests.support.zygotes import (
    families,
    forking_engine,
    is_idle,
    library_engine,
    the_family,
    world_readable_folder,
)

pytestmark = [pytest.mark.jail, pytest.mark.slow]

WAITS_FOR_INPUT = "import sys\nprint('ready', flush=True)\nsys.stdin.read()"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    """An engine with a zygote that has forked once."""
    async with forking_engine() as opened:
        assert (await run_python(opened, "1 + 1")).isolation.path == "fork"
        yield opened


async def fork(engine: Engine, times: int = 1) -> None:
    for _ in range(times):
        assert (await run_python(engine, "1 + 1")).isolation.path == "fork"


async def replaced(warden: int, zygote: int) -> None:
    """Wait until another zygote is the only one."""
    await until(
        lambda: is_idle(warden) and the_family(warden).zygote != zygote, what="another zygote has taken over"
    )


@pytest.mark.parametrize("forks", [3, 4])
async def test_zygote_is_replaced_after_its_last_fork_and_not_before(
    engine: Engine, forks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_zygote, "MAX_FORKS", 3)
    [warden] = wardens()
    family = the_family(warden)

    await fork(engine, forks - 1)

    if forks == 4:  # the order of the fourth fork is what finds it worn; it is served all the same
        await replaced(warden, family.zygote)
        assert family.is_gone()
    else:
        await until(lambda: is_idle(warden), what="the run has gone")
        assert the_family(warden) == family


async def test_old_zygote_is_replaced_and_a_young_one_is_not(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    [warden] = wardens()
    family = the_family(warden)
    monkeypatch.setattr(_zygote, "MAX_AGE_SECONDS", 60.0)
    await fork(engine)
    assert the_family(warden) == family

    monkeypatch.setattr(_zygote, "MAX_AGE_SECONDS", 0.01)
    await fork(engine)

    await replaced(warden, family.zygote)


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL"])
async def test_crash_of_a_program_ends_the_zygote_whose_memory_layout_it_may_have_learned(
    engine: Engine, name: str
) -> None:
    [warden] = wardens()
    family = the_family(warden)

    crashed = await run_python(engine, f"import os, signal\nos.kill(os.getpid(), signal.{name})")
    await fork(engine)

    assert (crashed.signal, crashed.isolation.path) == (name, "fork")
    await replaced(warden, family.zygote)
    await fork(engine)


@pytest.mark.parametrize(
    "code", ["raise ValueError", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"]
)
async def test_program_that_fails_in_another_way_does_not(engine: Engine, code: str) -> None:
    [warden] = wardens()
    family = the_family(warden)

    assert not (await run_python(engine, code)).ok
    await fork(engine)

    await until(lambda: is_idle(warden), what="the runs have gone")
    assert the_family(warden) == family


async def test_old_zygote_lives_as_long_as_its_last_child(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    [warden] = wardens()
    old, before = the_family(warden), len(descriptors())
    async with anyio.create_task_group() as tasks:
        run = await begin(tasks, engine, "import time\nprint('ready', flush=True)\ntime.sleep(1)\n1 + 1")
        monkeypatch.setattr(_zygote, "MAX_FORKS", 1)
        await fork(engine)
        monkeypatch.setattr(_zygote, "MAX_FORKS", 1000)
        await until(lambda: len(families(warden)) == 2, what="a second zygote is there")
        [_, new] = families(warden)
        await until(lambda: len(old.programs()) == 1, what="only the long run is left in the old one")
        await fork(engine, 3)

        assert not old.is_gone()
        assert (await run.finish()).value == 2

    await until(old.is_gone, what="the old zygote is gone")
    await until(lambda: is_idle(warden), what="the runs have gone")
    assert the_family(warden) == new
    await until(lambda: len(descriptors()) == before, what="the old zygote's descriptors are closed")


async def test_old_zygote_serves_while_the_new_one_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    async with library_engine("import time\ntime.sleep(1)") as engine:
        await fork(engine)
        [warden] = wardens()
        old = the_family(warden)
        monkeypatch.setattr(_zygote, "MAX_FORKS", 1)

        with anyio.fail_after(0.9):
            await fork(engine, 5)

        assert old in families(warden)
        assert len(families(warden)) <= 2
        monkeypatch.setattr(_zygote, "MAX_FORKS", 1000)
        await replaced(warden, old.zygote)


async def test_children_that_wait_are_replaced_with_their_zygote() -> None:
    async with forking_engine(PoolConfig(warm=2, max_warm=2)) as engine:
        await run_python(engine, "1 + 1")
        await until(lambda: engine.stats().pools[0].idle == 2, what="two children wait")
        [warden] = wardens()
        old = the_family(warden)

        crashed = await run_python(engine, "import os\nos.abort()")
        results = []
        with anyio.fail_after(PATIENCE_SECONDS):
            while not old.is_gone():
                results.append(await run_python(engine, "1 + 1"))

        assert (crashed.isolation.path, crashed.signal) == ("warm", "SIGABRT")
        assert {result.value for result in results} == {2}
        assert {result.isolation.path for result in results} <= {"warm", "fork"}
        await until(lambda: len(the_family(warden).programs()) == 2, what="two children of the new one wait")


# Places


#: Each needs a zygote with other imports.
PROGRAMS = ("1", "import numpy\n1", "import pandas\n1")


async def run_in_place(engine: Engine, number: int) -> str | None:
    """Run one of the programs that need a zygote each; return why it was not forked."""
    result = await run_python(engine, PROGRAMS[number])
    assert result.value == 1
    return result.isolation.fallback


async def test_zygotes_in_use_make_no_place_and_unused_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zygotes, "MAX_ZYGOTES", 2)
    async with forking_engine() as engine:
        assert [await run_in_place(engine, number) for number in (0, 1)] == [None, None]
        [warden] = wardens()
        await until(lambda: is_idle(warden, 2), what="the runs have gone")
        first, second = families(warden)

        assert await run_in_place(engine, 2) == "2 other zygotes are in use"
        assert families(warden) == [first, second]

        monkeypatch.setattr(_zygotes, "_IN_USE_SECONDS", 0.0)
        assert await run_in_place(engine, 2) is None
        await until(first.is_gone, what="the one unused for longest is gone")
        await until(lambda: is_idle(warden, 2), what="the runs have gone")
        assert second in families(warden)


async def test_runs_with_different_mounts_share_a_zygote() -> None:
    async with forking_engine() as engine:
        with world_readable_folder() as folder:
            policies = [
                Policy(mounts=(Mount(source=str(folder), target=f"/mnt/{name}"),)) for name in ("a", "b")
            ]
            program = Program(code="import os\nos.listdir('/mnt')")
            results = [await engine.run(program, policy) for policy in policies]
        [warden] = wardens()

        assert [result.value for result in results] == [["a"], ["b"]]
        assert {result.isolation.path for result in results} == {"fork"}
        assert len(families(warden)) == 1
