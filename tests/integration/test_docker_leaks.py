"""Mixed runs in containers, some of them cancelled, leave everything as it was."""

import os
from functools import partial

import anyio
import pytest

from engine import Engine, Program
from engine._host import open_host
from policies import Limits, Policy
from runtimes.docker import DockerRuntime
from tests.support.daemons import containers_of, require_daemon
from tests.support.jails import config
from tests.support.machine import descendants, descriptors, until, wardens

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(180)]
ROUNDS = 12 if os.environ.get("ISORUN_TEST_ALL") else 3
PROGRAMS = (
    Program(code="print('x' * 100)"),
    Program(code="echo $RANDOM > a; mkfifo b; ln -s / c", language="bash"),
    Program(code="exit 3", language="sh"),
    Program(code="(setsid sleep 600 &) ; kill -SEGV $$", language="sh"),
    Program(code="x = b'x' * (1 << 30)"),
    Program(code="while :; do echo flood; done", language="sh"),
    Program(code="kill -9 -1; sleep 600", language="sh"),
)
POLICY = Policy(limits=Limits(wall_seconds=5, cpu_seconds=5, memory_mib=128, output_kib=64))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def cancelled(engine: Engine, seconds: float) -> None:
    with anyio.move_on_after(seconds):
        await engine.run(Program(code="sleep 600", language="sh"), POLICY)


async def test_mixed_containers_leave_everything_as_it_was() -> None:
    require_daemon()
    settings = config(pool={"warm": 1, "max-size": 4})
    before = descriptors()
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as engine:
            await engine.run_many(PROGRAMS, POLICY)
            [warden] = wardens()
            await until(lambda: no_more_than_wait(engine), what="the first round is cleared away")
            helpers, open_there = len(descendants(warden)), len(descriptors(warden))
            for _ in range(ROUNDS):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(partial(engine.run_many, PROGRAMS, POLICY))
                    for seconds in (0.01, 0.1, 0.4):
                        tasks.start_soon(cancelled, engine, seconds)
            await until(lambda: no_more_than_wait(engine), what="all containers but waiting ones are removed")

            await until(lambda: len(descriptors(warden)) <= open_there, what="the warden has let go of all")
            assert len(descendants(warden)) <= helpers
    assert containers_of(os.getpid()) == []
    assert descriptors() == before


def no_more_than_wait(engine: Engine) -> bool:
    pools = engine.stats().pools
    waiting = sum(pool.idle for pool in pools)
    return waiting == len(pools) and len(containers_of(os.getpid())) == waiting
