"""The engine is killed while containers wait and run: none lives on, and only its own are removed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Engine, Program
from engine._host import open_host
from runtimes.docker import DockerRuntime
from runtimes.docker._catalog import reference
from runtimes.docker._container import OWNER_LABEL, machine
from tests.integration.test_v8_engine_killed import wait_for_line
from tests.support.daemons import containers_of, docker, require_daemon
from tests.support.jails import config
from tests.support.machine import is_running, wait_until, wardens

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(120)]
REPOSITORY = Path(__file__).resolve().parents[2]
ENGINE = """
from functools import partial
import anyio
from engine import Engine, Program
from policies import Isolation, Limits, Policy
from tests.support.jails import config
from tests.support.machine import until

POLICY = Policy(limits=Limits(wall_seconds=600, cpu_seconds=600), isolation=Isolation(require=("docker",)))
SLEEP = Program(code="trap '' TERM; (setsid sleep 600 &); echo up; sleep 600", language="sh")

async def main():
    up = anyio.Event()
    async with Engine(config(pool={"warm": 1})) as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(partial(engine.run, SLEEP, POLICY, emit=lambda output: up.set()))
        await up.wait()
        await until(lambda: engine.stats().pools[0].idle == 1, what="a container waits")
        print("ready", flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def daemon() -> None:
    require_daemon()


@pytest.fixture
def engine_process() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", ENGINE], stdout=subprocess.PIPE, cwd=REPOSITORY)
    with process:
        try:
            wait_for_line(process, b"ready")
            yield process
        finally:
            process.kill()


def first_processes(pid: int) -> list[int]:
    names = [container["ID"] for container in containers_of(pid)]
    return [int(docker("inspect", "--format", "{{.State.Pid}}", name)) for name in names]


def test_killed_engine_leaves_no_container(engine_process: subprocess.Popen[bytes]) -> None:
    processes = first_processes(engine_process.pid)
    assert len(processes) == 2

    engine_process.kill()

    wait_until(lambda: not any(map(is_running, processes)), what="all containers are dead")
    # Removing is the daemon's work, which takes a loaded machine longer than anything else here.
    wait_until(lambda: containers_of(engine_process.pid) == [], what="and removed", seconds=45)


async def test_next_engine_removes_what_a_dead_one_has_left_and_nothing_else(
    engine_process: subprocess.Popen[bytes],
) -> None:
    [warden] = wardens(engine_process.pid)
    os.kill(warden, signal.SIGSTOP)
    os.kill(warden, signal.SIGKILL)  # nobody cleans up
    engine_process.kill()
    engine_process.wait()
    boot, namespace = machine().split(":")
    made_by(f"{boot}:{namespace}:{os.getpid()}:1")  # our number and another start: that process is gone
    elsewhere = made_by(f"{boot}:1:1:1")
    kept = [elsewhere, docker("create", reference("base"), "true")]
    try:
        await run_one()

        listed = docker("ps", "--all", "--quiet", "--no-trunc").split()
        assert set(kept) <= set(listed)
        assert containers_of(engine_process.pid) == []
        assert containers_of(os.getpid()) == []
    finally:
        docker("rm", "--force", *kept)


def made_by(owner: str) -> str:
    return docker("create", "--label", f"{OWNER_LABEL}={owner}", reference("base"), "true")


async def run_one() -> None:
    settings = config()
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as engine:
            assert (await engine.run(Program(code="echo 1", language="sh"))).ok
