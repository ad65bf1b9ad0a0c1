"""With what containers are made, who owns them, and who removes those of engines that are gone."""

import json
import os
import subprocess
import sys
from typing import Any

import anyio
import pytest

from policies import Docker, Limits, Policy
from runtimes.docker._container import OWNER_LABEL, Detail, container_config, limits_of, machine, owner_of
from runtimes.docker._daemon import DaemonError
from runtimes.docker._remover import Remover, orphans, own_label

DETAIL = Detail(image="sha256:" + "0" * 64, image_name="isorun/base:1")


def made(policy: Policy | None = None, detail: Detail = DETAIL, number: int = 1) -> dict[str, Any]:
    return container_config(detail, policy or Policy(), number=number, owner="owner")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NetworkMode", "none"),
        ("ReadonlyRootfs", True),
        ("CapDrop", ["ALL"]),
        ("Privileged", False),
        ("Init", True),
        ("IpcMode", "private"),
        ("Memory", 512 << 20),
        ("MemorySwap", 512 << 20),
        ("PidsLimit", 66),
        ("ShmSize", 64 << 20),
    ],
)
def test_setting_is_that_of_the_policy(name: str, value: object) -> None:
    assert made()["HostConfig"][name] == value


def test_security_options_are_our_own() -> None:
    options = made()["HostConfig"]["SecurityOpt"]

    assert options[0] == "no-new-privileges"
    assert json.loads(options[1].removeprefix("seccomp="))["defaultAction"] == "SCMP_ACT_ERRNO"


def test_nothing_of_the_host_is_given() -> None:
    settings = made()["HostConfig"]

    assert not {"Binds", "Mounts", "VolumesFrom", "Devices", "CapAdd", "PortBindings"} & set(settings)


def test_tmpfs_is_sized_and_belongs_to_the_user() -> None:
    settings = made(Policy(limits=Limits(disk_mib=7, file_count=99)))
    user = settings["User"].partition(":")[0]
    options = settings["HostConfig"]["Tmpfs"]["/tmp"].split(",")

    assert {"size=7m", "nr_inodes=99", "nosuid", "nodev", "mode=0700", f"uid={user}"} <= set(options)


def test_users_side_by_side_differ_and_are_no_persons() -> None:
    users = {made(number=number)["User"] for number in range(100)}

    assert len(users) == 100
    assert all(61_184 <= int(user.partition(":")[0]) <= 65_519 for user in users)
    assert 61_184 <= int(made(number=10**9)["User"].partition(":")[0]) <= 65_519


@pytest.mark.parametrize(
    ("gpu", "requests"),
    [
        ("none", None),
        ((), None),
        ("all", [{"Count": -1, "Capabilities": [["gpu"]]}]),
        (("0", "GPU-1"), [{"DeviceIDs": ["0", "GPU-1"], "Capabilities": [["gpu"]]}]),
    ],
)
def test_gpu_is_given_as_the_policy_says_and_never_else(gpu: Any, requests: object) -> None:
    assert made(Policy(gpu=gpu))["HostConfig"].get("DeviceRequests") == requests


def test_oci_runtime_is_passed_on() -> None:
    detail = Detail(image="i", image_name="n", oci_runtime="runsc")

    assert made(Policy(docker=Docker(runtime="runsc")), detail)["HostConfig"]["Runtime"] == "runsc"
    assert "Runtime" not in made()["HostConfig"]


def test_limits_leave_room_for_init_and_supervisor() -> None:
    assert limits_of(Limits(memory_mib=100, pids=1)) == {
        "Memory": 100 << 20,
        "MemorySwap": 100 << 20,
        "PidsLimit": 3,
    }


# Owners


def test_owner_is_a_process_and_its_start() -> None:
    owner = own_label()

    assert owner == owner_of(os.getpid())
    assert owner.startswith(f"{machine()}:{os.getpid()}:")
    assert owner_of(2**30) is None


def test_owner_is_found_whatever_the_process_calls_itself() -> None:
    rename = "import ctypes, os; ctypes.CDLL(None).prctl(15, b') 1 (\\xc3\\xa4\\xc3')"
    code = f"{rename}; os.write(1, b'x'); os.read(0, 1)"
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        process.stdout.read(1)
        owner = owner_of(process.pid)
        process.kill()

    assert owner is not None
    assert owner.rpartition(":")[2].isdecimal()


def listed(owner: str) -> list[dict[str, Any]]:
    return [{"Id": "x", "Labels": {OWNER_LABEL: owner}}]


@pytest.mark.parametrize(
    ("owner", "is_orphan"),
    [
        (own_label(), False),
        (f"{machine()}:{os.getpid()}:1", True),
        (f"{machine()}:{2**30}:1", True),
        ("another-boot:1:1:1", True),
        (f"{machine().partition(':')[0]}:1:1:1", False),
        ("", False),
        ("::::", False),
        ("a:b:c", False),
        (f"{machine()}:x:1", False),
    ],
    ids=[
        "living",
        "number given again",
        "dead",
        "other boot",
        "other numbering",
        "none",
        "colons",
        "few",
        "word",
    ],
)
def test_orphan_is_what_belongs_to_an_engine_that_is_gone(owner: str, is_orphan: bool) -> None:
    assert orphans(listed(owner)) == (["x"] if is_orphan else [])


def test_container_without_labels_is_nobodys() -> None:
    assert orphans([{"Id": "x"}, {"Id": "y", "Labels": {}}]) == []


# Removing


class FakeDaemon:
    """Removes when it is let."""

    def __init__(self) -> None:
        self.gate = anyio.Event()
        self.removed: list[str] = []
        self.at_once = self.most = 0
        self.fails = False

    async def remove(self, name: str) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await self.gate.wait()
            if self.fails:
                raise DaemonError("no answer")
            self.removed.append(name)
        finally:
            self.at_once -= 1


async def test_containers_are_removed_in_the_background_a_few_at_once() -> None:
    daemon = FakeDaemon()
    async with anyio.create_task_group() as tasks:
        remover = Remover(daemon, tasks)  # type: ignore[arg-type]
        for number in range(10):
            remover.remove(str(number))
        await anyio.wait_all_tasks_blocked()
        assert daemon.removed == []
        daemon.gate.set()
        await remover.aclose()

    assert sorted(daemon.removed) == [str(number) for number in range(10)]
    assert daemon.most == 4


async def test_removal_goes_on_when_all_around_it_is_cancelled() -> None:
    daemon = FakeDaemon()
    async with anyio.create_task_group() as tasks:
        remover = Remover(daemon, tasks)  # type: ignore[arg-type]
        remover.remove("one")
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
        daemon.gate.set()

    assert daemon.removed == ["one"]


async def test_container_that_could_not_be_removed_is_tried_again() -> None:
    daemon = FakeDaemon()
    daemon.fails = True
    daemon.gate.set()
    async with anyio.create_task_group() as tasks:
        remover = Remover(daemon, tasks)  # type: ignore[arg-type]
        remover.remove("one")
        await anyio.wait_all_tasks_blocked()
        assert daemon.removed == []
        daemon.fails = False
        remover.remove("two")
        await remover.aclose()

    assert sorted(daemon.removed) == ["one", "two"]
