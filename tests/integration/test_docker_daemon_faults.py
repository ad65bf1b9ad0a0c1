"""A daemon that dies, comes back, or has no room left: what becomes of runs and of containers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Engine, EngineError, Program, Result, SandboxLostError
from engine._host import open_host
from policies import Limits, Policy
from runtimes.docker import DockerRuntime
from runtimes.docker._daemon import Daemon
from runtimes.docker._remover import sweep
from tests.support.daemons import PrivateDaemon, containers_of, private_daemon, require_daemon
from tests.support.jails import config
from tests.support.machine import is_running, until

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(180)]
WAITING = Program(code="echo $$; sleep 600", language="sh")
LONG = Policy(limits=Limits(wall_seconds=600, cpu_seconds=600))


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def own_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    require_daemon()
    with private_daemon(tmp_path_factory.mktemp("daemon")) as daemon:
        yield daemon


@pytest.fixture(autouse=True)
def uses_own_daemon(own_daemon: PrivateDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{own_daemon.socket}")


async def test_daemon_that_dies_takes_the_run_along_and_serves_again_when_it_is_back(
    own_daemon: PrivateDaemon,
) -> None:
    first: list[int] = []

    def kill(_: object) -> None:
        [container] = containers_of(os.getpid(), host=own_daemon.socket)
        first.append(first_process(container["ID"]))
        own_daemon.kill()

    settings = config()
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as engine:
            with pytest.raises(SandboxLostError) as raised:
                await engine.run(WAITING, LONG, emit=kill)
            assert raised.value.dispatched
            await until(lambda: not is_running(first[0]), what="the program is dead, without its daemon")
            with pytest.raises(EngineError) as unavailable:
                await engine.run(WAITING, LONG)
            own_daemon.start()
            again = await engine.run(Program(code="echo again", language="sh"))

    assert unavailable.value.hint
    assert again.stdout == "again\n"
    assert containers_of(os.getpid(), host=own_daemon.socket) == []


def first_process(container: str) -> int:
    """Return the first process of a container, found without its daemon."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and container in cgroups(folder) and "tar -xf" in command(folder):
            return int(folder.name)
    raise AssertionError("the container has no process")


def cgroups(folder: Path) -> str:
    try:
        return (folder / "cgroup").read_text()
    except OSError:
        return ""


def command(folder: Path) -> str:
    return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")


async def test_full_disk_of_the_daemon_is_named_with_the_fix(own_daemon: PrivateDaemon) -> None:
    filler = own_daemon.data / "filler"
    try:
        fill(filler)
        async with Engine(config()) as engine:
            with pytest.raises(EngineError, match="no space left") as raised:
                await run_in_docker(engine)
    finally:
        filler.unlink()

    assert "docker system prune" in raised.value.hint
    assert containers_of(os.getpid(), host=own_daemon.socket) == []


def fill(path: Path) -> None:
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


async def run_in_docker(engine: Engine) -> Result:
    from policies import Isolation

    policy = Policy(isolation=Isolation(require=("docker",)))
    return await engine.run(Program(code="echo 1", language="sh"), policy)


async def test_sweep_of_a_daemon_without_leftovers_removes_nothing(own_daemon: PrivateDaemon) -> None:
    async with Daemon(own_daemon.socket) as daemon:
        await sweep(daemon)
        assert await daemon.containers("isorun.owner") == []
