"""What can go wrong with containers of the machine's own daemon: each is said, and nothing is left."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from engine import (
    ConfigError,
    Engine,
    EngineError,
    File,
    PolicyUnsupportedError,
    Program,
    Result,
    RuntimeUnavailableError,
    SandboxLostError,
    SandboxStartError,
    Status,
)
from engine._host import open_host
from policies import Docker, Isolation, Limits, Mount, Network, Policy
from runtimes.docker import DockerRuntime
from runtimes.docker._catalog import reference
from tests.integration.test_v8_engine_killed import wait_for_line
from tests.support.daemons import containers_of, docker, require_daemon
from tests.support.jails import config
from tests.support.machine import PATIENCE_SECONDS, until

pytestmark = [pytest.mark.docker, pytest.mark.slow]
BASE = reference("base")
IN_DOCKER = Isolation(require=("docker",))
WAITING = "print('up', flush=True)\nimport time\ntime.sleep(600)"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    path = require_daemon()
    yield
    assert containers_of(os.getpid(), host=path) == []


@asynccontextmanager
async def docker_engine() -> AsyncGenerator[Engine]:
    settings = config()
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as opened:
            yield opened


def image_of(tmp_path: Path, *, without: str) -> str:
    """Make an image that lacks something from the base image, and return its name."""
    name = f"isorun-test/without-{without.rpartition('/')[2]}"
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nRUN rm -f {without}\n")
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    command = ["docker", "build", "--network", "none", "--quiet", "--tag", name, str(tmp_path)]
    subprocess.run(command, capture_output=True, check=True, env=environment)
    return name


@pytest.fixture
def lacking(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    made: list[str] = []

    def make(path: str) -> str:
        made.append(image_of(tmp_path, without=path))
        return made[-1]

    yield make
    for name in made:
        docker("image", "rm", "--force", name)


def own_image(name: str) -> Policy:
    return Policy(docker=Docker(image=name), isolation=IN_DOCKER)


# The daemon


@pytest.mark.parametrize("name", ["gone.sock", "dead.sock"])
async def test_daemon_that_is_away_is_named_with_the_fix(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "dead.sock"))  # nobody listens
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / name}")
        async with docker_engine() as engine:
            with pytest.raises(RuntimeUnavailableError, match=name) as raised:
                await engine.run(Program(code="1"))

    assert raised.value.hint
    assert not raised.value.dispatched


async def test_socket_of_another_is_named_with_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    async with docker_engine() as engine:
        with pytest.raises(RuntimeUnavailableError, match="may not use the daemon") as raised:
            await engine.run(Program(code="1"))

    assert "group" in raised.value.hint


async def test_daemon_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    async with docker_engine() as engine:
        with pytest.raises(RuntimeUnavailableError, match="guard the containers of a daemon elsewhere"):
            await engine.run(Program(code="1"))


# Images


async def test_image_that_is_not_there_is_named() -> None:
    async with docker_engine() as engine:
        with pytest.raises(ConfigError, match="no image `isorun-test/none:1`"):
            await engine.run(Program(code="1"), own_image("isorun-test/none:1"))


async def test_image_of_ones_own_runs_programs() -> None:
    async with docker_engine() as engine:
        result = await engine.run(Program(code="echo $0", language="bash"), own_image(BASE))

    assert (result.stdout, result.isolation.environment) == ("/tmp/.isorun/main.sh\n", BASE)


async def test_image_without_the_interpreter_is_named() -> None:
    async with docker_engine() as engine:
        with pytest.raises(ConfigError, match=f"`{BASE}` has no `ruby`") as raised:
            await engine.run(Program(code="puts 1", language="ruby"), own_image(BASE))

    assert raised.value.hint


async def test_program_may_end_with_the_code_of_a_missing_command() -> None:
    async with docker_engine() as engine:
        result = await engine.run(Program(code="exit 127", language="sh"))

    assert (result.status, result.exit_code) == (Status.ERROR, 127)


@pytest.mark.parametrize(("path", "said"), [("/bin/tar", "no tar"), ("/bin/sh", "`sh` and `tar`")])
async def test_image_without_what_every_container_needs_is_refused(
    path: str, said: str, lacking: Callable[[str], str]
) -> None:
    policy = own_image(lacking(path))
    async with docker_engine() as engine:
        with pytest.raises(SandboxStartError) as raised:
            await engine.run(Program(code="1", language="sh"), policy)

    assert said in f"{raised.value} {raised.value.hint}"
    assert not raised.value.dispatched


# From outside


async def run_until(engine: Engine, end: Callable[[str], object]) -> Result:
    """Run a program that waits, and do something to its container when it does."""

    def act(_: object) -> None:
        [container] = containers_of(os.getpid())
        end(container["ID"])

    return await engine.run(Program(code=WAITING), emit=act)


async def test_container_killed_from_outside_is_a_crash() -> None:
    async with docker_engine() as engine:
        result = await run_until(engine, lambda container: docker("kill", container))
        following = await engine.run(Program(code="print(2)"))

    assert (result.status, result.reason) == ("crashed", "supervisor-died")
    assert result.stdout == "up\n"
    assert following.ok


async def test_container_removed_from_outside_is_lost() -> None:
    async with docker_engine() as engine:
        with pytest.raises(SandboxLostError, match="removed by somebody else") as raised:
            await run_until(engine, lambda container: docker("rm", "--force", container))

    assert raised.value.dispatched


async def test_waiting_container_that_was_removed_is_replaced() -> None:
    settings = config(pool={"warm": 1})
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as engine:
            await engine.run(Program(code="1"))
            await until(lambda: engine.stats().pools[0].idle == 1, what="a container waits")
            for container in containers_of(os.getpid()):
                docker("rm", "--force", container["ID"])
            result = await engine.run(Program(code="print(2)"))

    assert result.stdout == "2\n"


async def test_cancelling_removes_the_container() -> None:
    async with docker_engine() as engine:
        with anyio.CancelScope() as scope:
            await engine.run(Program(code=WAITING), emit=lambda _: scope.cancel())

        assert scope.cancelled_caught
        await until(lambda: not containers_of(os.getpid()), what="the container is removed")


async def test_cancelling_all_that_is_around_an_engine_removes_its_containers() -> None:
    settings = config(pool={"warm": 1})
    with anyio.CancelScope() as scope:
        async with open_host(settings) as host:
            async with Engine(settings, runtimes=[DockerRuntime(host)]) as engine:
                await engine.run(Program(code=WAITING), emit=lambda _: scope.cancel())

    assert scope.cancelled_caught


def test_interrupted_command_removes_its_container() -> None:
    command = [str(Path(sys.executable).with_name("isorun")), "run", "--isolation", "docker", "-c", WAITING]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    with process:
        wait_for_line(process, b"up")
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_SECONDS)

    assert process.returncode == 130
    assert containers_of(process.pid) == []


# Limits and clauses


async def test_limits_that_differ_from_those_of_a_waiting_container_are_set() -> None:
    grab = Program(code="x = b'x' * (200 << 20)\nprint('there')")
    settings = config(pool={"warm": 1})
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as engine:
            await engine.run(Program(code="1"))
            await until(lambda: engine.stats().pools[0].idle == 1, what="a container waits")
            small = await engine.run(grab, Policy(limits=Limits(memory_mib=100)))
            await until(lambda: engine.stats().pools[0].idle == 1, what="a container waits")
            large = await engine.run(grab, Policy(limits=Limits(memory_mib=300)))

    assert (small.status, small.isolation.path) == ("memory", "warm")
    assert (large.status, large.isolation.path) == ("ok", "warm")


@pytest.mark.parametrize(
    ("policy", "clause"),
    [
        (Policy(gpu="all"), "gpu"),
        (Policy(mounts=(Mount(source="/etc", target="/mnt/etc"),)), "mounts"),
        (Policy(network=Network(mode="allow-list", allow=("a.example",))), "network"),
        (Policy(docker=Docker(runtime="runsc-of-nobody")), "docker.runtime"),
    ],
)
async def test_clause_that_cannot_be_enforced_is_refused(policy: Policy, clause: str) -> None:
    async with docker_engine() as engine:
        with pytest.raises(PolicyUnsupportedError) as raised:
            await engine.run(Program(code="1"), policy)

    assert raised.value.clause == clause


async def test_missing_oci_runtime_is_refused_with_the_fix() -> None:
    async with docker_engine() as engine:
        with pytest.raises(EngineError, match=r"lacks the OCI runtime `runsc-of-nobody`.*install it"):
            await engine.run(Program(code="1"), Policy(docker=Docker(runtime="runsc-of-nobody")))


@pytest.mark.parametrize("runtime", ["runc", "crun"])
async def test_oci_runtime_of_the_policy_runs_the_program(runtime: str) -> None:
    if runtime not in docker("info", "--format", "{{range $name, $_ := .Runtimes}}{{$name}} {{end}}").split():
        pytest.skip(f"the daemon has no {runtime}")
    async with docker_engine() as engine:
        result = await engine.run(Program(code="print(1)"), Policy(docker=Docker(runtime=runtime)))

    assert (result.stdout, result.isolation.oci_runtime) == ("1\n", runtime)


async def test_program_that_does_not_fit_is_refused_with_the_limit_to_raise() -> None:
    many = tuple(File(name=f"f{number}", data=b"") for number in range(14))
    async with docker_engine() as engine:
        with pytest.raises(SandboxStartError) as raised:
            await engine.run(Program(code="1", files=many), Policy(limits=Limits(file_count=16)))

    assert "limits.file-count" in raised.value.hint
