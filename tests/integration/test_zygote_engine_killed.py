"""The engine or its warden is killed while forked sandboxes wait: all of them end with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from engine import EngineError, PoolConfig, SandboxLostError
from tests.support.background import begin
from tests.support.jails import run_python
from tests.support.machine import (
    descendants,
    group_folders,
    is_running,
    jailed,
    mounts,
    until,
    wait_until,
    wardens,
)
from tests.support.zygotes import forking_engine, run_groups, the_family

pytestmark = [pytest.mark.jail, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parents[2]
WAITING = 100
#: An engine that keeps many sandboxes ready, and says so when all of them are.
ENGINE = """
import sys
import anyio
from engine import Engine, PoolConfig, Program
from tests.support.jails import config
import msgspec

async def main(waiting):
    pool = PoolConfig(warm=waiting, max_warm=waiting, max_size=waiting)
    settings = msgspec.structs.replace(config(), pool=pool)
    async with Engine(settings) as engine:
        result = await engine.run(Program(code="1 + 1"))
        print(result.isolation.path, flush=True)
        while engine.stats().pools[0].idle < waiting:
            await anyio.sleep(0.01)
        print("ready", flush=True)
        await anyio.sleep_forever()

anyio.run(main, int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@contextmanager
def engine_process(temporary: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start an engine whose sandboxes begin to wait."""
    process = subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(WAITING)],
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"fork\n"
            yield process
        finally:
            process.kill()


def assert_nothing_left(warden: int, processes: list[int]) -> None:
    wait_until(lambda: not is_running(warden), what="the warden is gone")
    wait_until(lambda: not any(map(is_running, processes)), what="everything that was started has ended")
    assert group_folders(warden) == []


@pytest.mark.parametrize("stopped", [None, "zygote", "maker"])
def test_engine_killed_with_a_hundred_children_waiting_leaves_nothing(
    stopped: str | None, tmp_path: Path
) -> None:
    mounts_before = mounts()
    with engine_process(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        [warden] = wardens(process.pid)
        family = the_family(warden)
        processes = descendants(warden)
        assert len(family.programs()) == WAITING
        assert len(family.inits()) in (WAITING, WAITING + 1)
        assert len(run_groups(warden)) >= WAITING + 1
        if stopped is not None:
            os.kill(getattr(family, stopped), signal.SIGSTOP)

        process.kill()

        assert_nothing_left(warden, processes)
    assert mounts() == mounts_before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 3, 10, 30])
def test_engine_killed_while_its_children_are_forked_leaves_nothing(count: int, tmp_path: Path) -> None:
    with engine_process(tmp_path) as process:
        [warden] = wardens(process.pid)
        family = the_family(warden)
        wait_until(lambda: len(family.programs()) >= count, what="some children wait")

        process.kill()
        processes = [*family, *family.programs(), *family.inits()]

        assert_nothing_left(warden, processes)


async def test_children_die_with_the_warden_and_the_engine_says_so() -> None:
    async with forking_engine(PoolConfig(warm=20, max_warm=20, max_size=24)) as engine:
        await run_python(engine, "1 + 1")
        await until(lambda: engine.stats().pools[0].idle == 20, what="the children wait")
        [warden] = wardens()
        processes = descendants(warden)
        async with anyio.create_task_group() as tasks:
            run = await begin(tasks, engine)

            os.kill(warden, signal.SIGKILL)

            with pytest.raises(SandboxLostError) as caught:
                await run.finish()
        assert caught.value.dispatched
        await until(lambda: not any(map(is_running, processes)), what="the children are gone")
        with pytest.raises(EngineError):
            await run_python(engine, "1 + 1")


async def test_one_engine_killed_does_not_touch_the_children_of_another(tmp_path: Path) -> None:
    async with forking_engine(PoolConfig(warm=2, max_warm=2)) as engine:
        await run_python(engine, "1 + 1")
        await until(lambda: engine.stats().pools[0].idle == 2, what="two children wait")
        [ours] = wardens()
        before = the_family(ours), sorted(jailed(ours))
        with engine_process(tmp_path) as process:
            [theirs] = wardens(process.pid)

            process.kill()

            assert_nothing_left(theirs, descendants(theirs))
        assert (the_family(ours), sorted(jailed(ours))) == before
        assert (await run_python(engine, "1 + 1")).isolation.path == "warm"
