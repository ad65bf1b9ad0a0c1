"""What a container is promised to be, read back from the kernel and from the daemon, waiting and running."""

import os
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest

from engine import Engine, Program
from engine._host import open_host
from policies import Limits, Policy
from runtimes.docker import DockerRuntime
from runtimes.docker._daemon import Daemon
from runtimes.docker._endpoint import find_socket
from tests.support.daemons import containers_of, require_daemon
from tests.support.jails import config
from tests.support.machine import descendants, until

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.rows(6, 7, 12, 14, 15, 17, 18, 21, 22, 47)]
LIMITS = Limits(memory_mib=200, pids=20, disk_mib=8, file_count=100, open_files=99, wall_seconds=60)
SLEEP = Program(code="echo up; sleep 600", language="bash")


class Seen(NamedTuple):
    """A container, and a process of its user in it.

    Attributes:
        inspected: What the daemon says.
        first: Its first process.
        inner: The shell that waits, or the program.
    """

    inspected: dict[str, Any]
    first: Path
    inner: Path

    @property
    def settings(self) -> dict[str, Any]:
        found: dict[str, Any] = self.inspected["HostConfig"]
        return found

    def status(self) -> dict[str, str]:
        lines = (self.inner / "status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def group(self, controller: str, first: str, second: str) -> int:
        """Return a figure of its control group, by the name of the file in version 1 and in version 2."""
        for line in (self.first / "cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            if controller in names.split(","):
                return int((Path("/sys/fs/cgroup") / controller / path.lstrip("/") / first).read_text())
        own = (self.first / "cgroup").read_text().partition("0::/")[2].strip()
        return int((Path("/sys/fs/cgroup") / own / second).read_text())


@pytest.fixture(scope="module", params=["waiting", "running"])
async def seen(anyio_backend: str, request: pytest.FixtureRequest) -> AsyncGenerator[Seen]:
    require_daemon()
    settings = config(pool={"warm": 1, "max-size": 2})
    async with open_host(settings) as host, anyio.create_task_group() as tasks:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as engine:
            up = anyio.Event()
            if request.param == "running":

                async def run() -> None:
                    await engine.run(SLEEP, Policy(limits=LIMITS), emit=lambda _: up.set())

                tasks.start_soon(run)
                await up.wait()
            else:
                await engine.run(Program(code="true", language="sh"), Policy(limits=LIMITS))
            await until(lambda: engine.stats().pools[0].idle == 1, what="a container waits")
            yield await look(request.param)
            tasks.cancel_scope.cancel()


async def look(which: str) -> Seen:
    async with Daemon(find_socket()) as daemon:
        for container in containers_of(os.getpid()):
            inspected = await daemon.inspect(container["ID"])
            first = Path("/proc") / str(inspected["State"]["Pid"])
            below = [Path("/proc") / str(pid) for pid in descendants(int(first.name))]
            sleeping = [pid for pid in below if b"sleep\x00600" in (pid / "cmdline").read_bytes()]
            if bool(sleeping) == (which == "running"):
                return Seen(inspected, first, sleeping[0] if sleeping else below[1])
    raise AssertionError("no such container")


def test_its_user_is_no_person_and_has_no_groups(seen: Seen) -> None:
    status = seen.status()
    uids, gids = set(status["Uid"].split()), set(status["Gid"].split())

    assert len(uids) == len(gids) == 1
    assert all(61_184 <= int(number) <= 65_519 for number in uids | gids)
    assert set(status["Groups"].split()) <= gids


@pytest.mark.parametrize("name", ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
def test_it_has_no_capability(seen: Seen, name: str) -> None:
    assert int(seen.status()[name], 16) == 0


def test_its_init_has_none_either(seen: Seen) -> None:
    text = (seen.first / "status").read_text()
    assert re.findall(r"^Cap\w+:\s*(\w+)$", text, re.MULTILINE) == ["0" * 16] * 5


def test_it_cannot_gain_privileges_and_its_calls_are_filtered(seen: Seen) -> None:
    status = seen.status()
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize("name", ["net", "pid", "mnt", "ipc", "uts", "cgroup"])
def test_namespace_is_its_own(seen: Seen, name: str) -> None:
    assert os.readlink(seen.inner / "ns" / name) != os.readlink(f"/proc/self/ns/{name}")


def test_it_has_no_interface_but_loopback(seen: Seen) -> None:
    lines = (seen.inner / "net" / "dev").read_text().splitlines()[2:]
    assert [line.partition(":")[0].strip() for line in lines] == ["lo"]


def test_what_can_be_written_is_sized(seen: Seen) -> None:
    mounts = [line.split(" - ") for line in (seen.inner / "mountinfo").read_text().splitlines()]
    found = {left.split()[4]: (left.split()[5].split(","), right.split()) for left, right in mounts}
    writable = {path for path, (options, _) in found.items() if "rw" in options}

    # A mount over what is masked has no room, and `/dev` is a file system of the container's with fixed size.
    assert {path for path in writable if not path.startswith(("/proc", "/dev", "/sys"))} == {"/tmp"}
    assert "ro" in found["/"][0]
    assert {"nosuid", "nodev"} <= set(found["/tmp"][0])
    assert {"size=8192k", "nr_inodes=100"} <= set(found["/tmp"][1][2].split(","))
    assert "size=8192k" in found["/dev/shm"][1][2].split(",")


def test_files_of_the_host_are_not_mounted(seen: Seen) -> None:
    assert seen.inspected["Mounts"] == []
    assert not seen.settings["Binds"]
    assert not seen.settings["Devices"]
    assert not seen.settings["VolumesFrom"]


def test_control_groups_hold_the_limits(seen: Seen) -> None:
    assert seen.group("memory", "memory.limit_in_bytes", "memory.max") == 200 << 20
    assert seen.group("pids", "pids.max", "pids.max") == 20 + 2
    assert seen.group("cpu", "cpu.shares", "cpu.weight") in (512, 20)
    assert seen.settings["MemorySwap"] == seen.settings["Memory"] == 200 << 20


def test_resource_limits_are_hard(seen: Seen) -> None:
    lines = (seen.inner / "limits").read_text().splitlines()[1:]
    limits = {line[:26].strip(): line[26:68].split() for line in lines}

    assert limits["Max core file size"] == ["0", "0"]
    if b"sleep" in (seen.inner / "cmdline").read_bytes():
        assert limits["Max open files"] == ["99", "99"]
        assert limits["Max file size"] == [str(8 << 20)] * 2
        assert limits["Max stack size"] == [str(8192 * 1024)] * 2


def test_it_is_the_first_to_go_when_memory_is_short(seen: Seen) -> None:
    assert (seen.inner / "oom_score_adj").read_text().strip() == "900"


def test_first_process_is_an_init(seen: Seen) -> None:
    assert b"docker-init" in (seen.first / "cmdline").read_bytes()
    assert seen.settings["Init"] is True


def test_image_is_pinned_and_nothing_goes_on_by_itself(seen: Seen) -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", seen.inspected["Config"]["Image"])
    assert seen.settings["LogConfig"]["Type"] == "none"
    assert seen.settings["RestartPolicy"]["Name"] == "no"
    assert seen.settings["NetworkMode"] == "none"
    assert not seen.settings["Privileged"]
    assert seen.inspected["Config"]["StdinOnce"] is True
    assert not seen.inspected["Config"]["Tty"]


def test_facts_of_the_machine_are_hidden(seen: Seen) -> None:
    masked = set(seen.settings["MaskedPaths"])
    assert "/proc/sys" in seen.settings["ReadonlyPaths"]
    assert {"/proc/kcore", "/proc/keys", "/proc/kallsyms", "/sys/kernel", "/sys/firmware"} <= masked


def test_it_holds_no_descriptor_of_others(seen: Seen) -> None:
    targets = {os.readlink(one) for one in (seen.inner / "fd").iterdir()}
    own = ("pipe:", "/tmp/.isorun/", "/dev/null")
    assert [target for target in targets if not target.startswith(own)] == []
