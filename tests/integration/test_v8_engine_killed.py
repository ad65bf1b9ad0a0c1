"""The engine is killed while sandboxes of Deno and Pyodide wait, run and start: all of them end with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine import Departure, Engine, Program
from policies import Isolation, Policy
from tests.support.jails import config
from tests.support.machine import (
    command_line,
    descendants,
    group_folders,
    is_running,
    jailed,
    mounts,
    until,
    wait_until,
    wardens,
)

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(120)]

REPOSITORY = Path(__file__).resolve().parents[2]
#: How many wait, of Deno and of Pyodide.
WAITING = 2
#: Each is busy in another way when the engine dies: tier, language, code.
PROGRAMS = (
    ("deno", "javascript", "console.log('up'); await new Promise((done) => setTimeout(done, 600_000));"),
    ("deno", "typescript", "console.log('up'); for (;;) console.log('x'.repeat(99));"),
    ("pyodide", "python", "print('up', flush=True)\nwhile True: pass"),
)
#: An engine that runs some of the programs, and says so when they are under way and as many others wait.
ENGINE = """
import sys
from functools import partial
import anyio
from engine import Engine, Program
from policies import Isolation, Limits, Policy
from tests.integration.test_v8_engine_killed import PROGRAMS, WAITING
from tests.support.jails import config

LIMITS = Limits(wall_seconds=600, cpu_seconds=600, output_kib=1 << 20)

async def main(count, fork):
    up = set()
    settings = config(fork=fork, pool={"warm": WAITING})
    async with Engine(settings) as engine, anyio.create_task_group() as tasks:
        await engine.tiers()
        print("proven", flush=True)
        for number, (tier, language, code) in enumerate(PROGRAMS[:count]):
            policy = Policy(limits=LIMITS, isolation=Isolation(require=(tier,)))
            emit = lambda output, number=number: up.add(number)
            tasks.start_soon(partial(engine.run, Program(code=code, language=language), policy, emit=emit))
        while len(up) < count or any(pool.idle < WAITING for pool in engine.stats().pools):
            await anyio.sleep(0.01)
        print("ready", flush=True)
        await anyio.sleep_forever()

anyio.run(main, int(sys.argv[1]), sys.argv[2] == "fork")
"""


@pytest.fixture
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@contextmanager
def engine_process(
    temporary: Path, *, programs: int = len(PROGRAMS), fork: bool = True
) -> Iterator[subprocess.Popen[bytes]]:
    """Start an engine, whose tiers have been proven and whose programs begin to start."""
    process = subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(programs), "fork" if fork else "exec"],
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"proven\n"
            yield process
        finally:
            process.kill()


def guests(warden: int, entry: str) -> list[int]:
    """Return the Deno processes of a warden that run a module of the guest code."""
    return [pid for pid in jailed(warden) if "/deno run" in command_line(pid) and entry in command_line(pid)]


def assert_nothing_left(warden: int, processes: Sequence[int]) -> None:
    wait_until(lambda: not is_running(warden), what="the warden is gone")
    wait_until(lambda: not any(map(is_running, processes)), what="everything that was started has ended")
    wait_until(lambda: group_folders(warden) == [], what="its control groups are gone")


def wait_for_line(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == line + b"\n"


def test_killed_engine_leaves_nothing_of_what_waits_and_runs(tmp_path: Path) -> None:
    before = set(mounts())
    with engine_process(tmp_path) as process:
        wait_for_line(process, b"ready")
        [warden] = wardens(process.pid)
        processes = descendants(warden)
        assert len(guests(warden, "/javascript.js")) == 2 * WAITING + 2
        assert len(guests(warden, "/pyodide.js")) == WAITING + 1
        assert group_folders(warden)

        process.kill()

        assert_nothing_left(warden, processes)
    assert set(mounts()) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fork", [True, False], ids=["fork", "exec"])
def test_processes_that_are_stopped_end_with_a_killed_engine_too(fork: bool, tmp_path: Path) -> None:
    before = set(mounts())
    with engine_process(tmp_path, programs=1, fork=fork) as process:
        wait_for_line(process, b"ready")
        [warden] = wardens(process.pid)
        processes, stopped = descendants(warden), guests(warden, "/javascript.js")
        assert len(stopped) == WAITING + 1
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)

        process.kill()

        assert_nothing_left(warden, processes)
    assert set(mounts()) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 2, 3])
def test_engine_killed_while_processes_start_leaves_nothing(count: int, tmp_path: Path) -> None:
    with engine_process(tmp_path) as process:
        [warden] = wardens(process.pid)
        wait_until(lambda: len(guests(warden, ".js")) >= count, what="some processes have started")

        process.kill()
        processes = [*guests(warden, ".js"), *jailed(warden)]

        assert_nothing_left(warden, processes)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("tier", "language"), [("deno", "typescript"), ("pyodide", "python")])
async def test_waiting_sandboxes_that_were_killed_are_counted_and_replaced(tier: str, language: str) -> None:
    program = Program(code="1 + 1", language=language)
    policy = Policy(isolation=Isolation(require=(tier,)))
    async with Engine(config(pool={"warm": WAITING})) as engine:
        await engine.run(program, policy)
        await until(lambda: engine.stats().pools[-1].idle == WAITING, what="sandboxes wait")
        [warden] = wardens()
        waiting = guests(warden, ".js")
        assert len(waiting) == WAITING
        assert engine.stats().pools[-1].left[Departure.DEAD] == 0

        for pid in waiting:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not jailed(warden) and not any_alive(engine), what="the engine knows")
        cold = await engine.run(program, policy)
        await until(lambda: engine.stats().pools[-1].idle == WAITING, what="others wait in their place")
        warm = await engine.run(program, policy)

        left = engine.stats().pools[-1].left
    assert (cold.value, warm.value) == (2, 2)
    assert warm.isolation.path == "warm" != cold.isolation.path
    assert (left[Departure.DEAD], left[Departure.USED], left[Departure.UNCLEAN]) == (WAITING, 3, 0)


def any_alive(engine: Engine) -> bool:
    """Whether the engine believes so of any sandbox that waits; the pool asks only when it lends one."""
    assert engine._parts is not None
    pools = engine._parts.pools._pools.values()
    return any(sandbox.is_alive() for pool in pools for sandbox in pool._shelf._sandboxes)
