"""Each setting of a container is needed: without it a program gets through, or the self-test refuses."""

import json
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import runtimes.docker._runtime as made_by
from engine import Engine, Program, Result, RuntimeUnavailableError
from engine._host import open_host
from policies import Limits, Policy
from runtimes.docker import DockerRuntime
from runtimes.docker._container import container_config
from tests.support.daemons import containers_of, require_daemon
from tests.support.jails import config

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.rows(47, 48)]

type Edit = Callable[[dict[str, Any]], None]
POLICY = Policy(limits=Limits(memory_mib=64, pids=12, disk_mib=8, file_count=60, wall_seconds=20))


@pytest.fixture(autouse=True)
def daemon() -> None:
    require_daemon()


def sets(**settings: Any) -> Edit:
    """Give settings of the host's side another value; None takes one away."""

    def edit(made: dict[str, Any]) -> None:
        for name, value in settings.items():
            made["HostConfig"][name] = value
            if value is None:
                del made["HostConfig"][name]

    return edit


def runs_as_root(made: dict[str, Any]) -> None:
    made["User"] = "0:0"
    made["HostConfig"]["Tmpfs"] = {"/tmp": "rw,exec,mode=1777,size=8m,nr_inodes=60"}


def has_the_hosts_network(made: dict[str, Any]) -> None:
    del made["NetworkDisabled"]
    made["HostConfig"]["NetworkMode"] = "host"


def without_security(option: str, instead: tuple[str, ...] = ()) -> Edit:
    def edit(made: dict[str, Any]) -> None:
        options = made["HostConfig"]["SecurityOpt"]
        kept = [one for one in options if not one.startswith(option)]
        made["HostConfig"]["SecurityOpt"] = [*kept, *instead]

    return edit


def without_both(made: dict[str, Any]) -> None:
    """Without the first alone it does not start: the filter would be there before the user is."""
    without_security("no-new")(made)
    without_security("seccomp", ("seccomp=unconfined",))(made)


def without_tmpfs_option(name: str) -> Edit:
    def edit(made: dict[str, Any]) -> None:
        options = made["HostConfig"]["Tmpfs"]["/tmp"].split(",")
        made["HostConfig"]["Tmpfs"]["/tmp"] = ",".join(one for one in options if not one.startswith(name))

    return edit


@asynccontextmanager
async def changed(
    edit: Edit | None, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[DockerRuntime]:
    """Open a runtime whose containers are made otherwise, with a cache of its own for proofs."""
    if edit is not None:

        def edited(*arguments: Any, **named: Any) -> dict[str, Any]:
            made = container_config(*arguments, **named)
            edit(made)
            return made

        monkeypatch.setattr(made_by, "container_config", edited)
    async with open_host(config(**{"cache-dir": str(cache)})) as host:
        runtime = DockerRuntime(host)
        try:
            yield runtime
        finally:
            await runtime.aclose()


class Removal(NamedTuple):
    """A setting that is taken away, and a program that shows the difference.

    Attributes:
        name: For people.
        edit: Takes it away.
        code: In bash; succeeds if it gets through.
    """

    name: str
    edit: Edit
    code: str


HOST_IPC = os.readlink("/proc/self/ns/ipc")
REMOVALS = (
    Removal("user", runs_as_root, "[ $(id -u) = 0 ]"),
    Removal("network", has_the_hosts_network, "[ $(wc -l </proc/net/dev) -gt 3 ]"),
    Removal("root", sets(ReadonlyRootfs=False), ": >/var/tmp/owned"),
    Removal("capabilities", sets(CapDrop=None), "! grep -q 'CapBnd:.0*$' /proc/self/status"),
    Removal("privileges", without_both, "grep -q 'NoNewPrivs:.0' /proc/self/status"),
    Removal("calls", without_security("seccomp", ("seccomp=unconfined",)), "unshare --user true"),
    Removal(
        "processes",
        sets(PidsLimit=None),
        "for n in {1..40}; do sleep 5 & done 2>&1; [ $(jobs -p | wc -l) = 40 ]",
    ),
    Removal(
        "memory",
        sets(Memory=None, MemorySwap=None),
        "x=$(head -c 90000000 /dev/zero | tr '\\0' x); [ ${#x} = 90000000 ]",
    ),
    Removal(
        "size",
        without_tmpfs_option("size"),
        "for n in 1 2 3; do head -c 7000000 /dev/zero >large$n || exit 1; done",
    ),
    Removal("files", without_tmpfs_option("nr_inodes"), "for n in {1..200}; do : > f$n || exit 1; done"),
    Removal(
        "shared memory",
        sets(ShmSize=None),
        "for n in 1 2 3; do head -c 7000000 /dev/zero >/dev/shm/large$n || exit 1; done",
    ),
    Removal("segments", sets(IpcMode="host"), f"[ $(readlink /proc/self/ns/ipc) = '{HOST_IPC}' ]"),
    Removal("facts", sets(MaskedPaths=None), "[ -s /proc/cmdline ] || [ -s /proc/kallsyms ]"),
    Removal("init", sets(Init=False), "! grep -q init /proc/1/cmdline"),
)


async def run(runtime: DockerRuntime, code: str) -> Result:
    """Run a program without the proof that would refuse the tier."""
    await prepare_unproven(runtime)
    async with await runtime.start(runtime.template(Program(code=code, language="bash"), POLICY)) as sandbox:
        return await sandbox.run(Program(code=code, language="bash"), POLICY, None)


async def prepare_unproven(runtime: DockerRuntime) -> None:
    async def prove(_: str) -> None:
        return

    runtime._prove = prove  # type: ignore[method-assign, assignment]
    await runtime.prepare()


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda one: str(one.name).replace(" ", "-"))
async def test_program_gets_through_without_the_setting_only(
    removal: Removal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with changed(None, tmp_path, monkeypatch) as runtime:
        held = await run(runtime, removal.code)
    async with changed(removal.edit, tmp_path, monkeypatch) as runtime:
        weakened = await run(runtime, removal.code)

    assert not held.ok
    assert weakened.ok, f"{weakened.status} {weakened.stderr}"


#: Settings that no program can tell from inside are read back in `test_read_back_docker.py`.
READ_BACK = {
    "CgroupnsMode",
    "CpuShares",
    "LogConfig",
    "OomScoreAdj",
    "Privileged",
    "ReadonlyPaths",
    "RestartPolicy",
    "Ulimits",
}


def test_every_setting_is_taken_away_by_a_test() -> None:
    from runtimes.docker._container import Detail

    whole = container_config(Detail(image="i", image_name="n"), POLICY, number=1, owner="o")
    touched: set[str] = set(READ_BACK)
    for removal in REMOVALS:
        made = json.loads(json.dumps(whole))
        removal.edit(made)
        touched |= {
            name for name in whole["HostConfig"] if made["HostConfig"].get(name) != whole["HostConfig"][name]
        }

    assert set(whole["HostConfig"]) - touched == set()


REFUSED = (
    (runs_as_root, "not root"),
    (has_the_hosts_network, "no network but a loopback"),
    (sets(CapDrop=None), "no capability in CapBnd"),
    (without_both, "no new privileges"),
    (without_security("seccomp", ("seccomp=unconfined",)), "system calls are filtered"),
    (without_tmpfs_option("size"), "the bytes of files are limited"),
    (without_tmpfs_option("nr_inodes"), "the number of files is limited"),
    (sets(Init=False), "an init is the first process"),
    (sets(Binds=["/var/run:/var/run"]), "no socket of a daemon"),
)


@pytest.mark.parametrize(("edit", "named"), REFUSED, ids=[named.replace(" ", "-") for _, named in REFUSED])
async def test_weakened_container_is_refused_by_name(
    edit: Edit, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with changed(edit, tmp_path, monkeypatch) as runtime:
        with pytest.raises(RuntimeUnavailableError, match=f"the container does not contain here: .*{named}"):
            await runtime.prepare()

    assert not any((tmp_path / "proofs").glob("*"))
    assert containers_of(os.getpid()) == []


async def test_root_that_can_be_written_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit(made: dict[str, Any]) -> None:
        runs_as_root(made)
        made["HostConfig"]["ReadonlyRootfs"] = False

    async with changed(edit, tmp_path, monkeypatch) as runtime:
        with pytest.raises(RuntimeUnavailableError, match="the root is read-only"):
            await runtime.prepare()


async def test_proof_is_kept_for_the_next_engine_and_for_these_settings_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with changed(None, tmp_path, monkeypatch) as runtime:
        await runtime.prepare()
        [proof] = (tmp_path / "proofs").iterdir()
    begun: list[str] = []
    monkeypatch.setattr(DockerRuntime, "_examine", lambda self, name: begun.append(name))
    async with changed(None, tmp_path, monkeypatch) as runtime:
        await runtime.prepare()
    assert begun == []
    async with changed(sets(CpuShares=513), tmp_path, monkeypatch) as runtime:
        with pytest.raises(TypeError):  # what stands in for the examination returns nothing
            await runtime.prepare()

    assert begun == ["runc"]
    assert list((tmp_path / "proofs").iterdir()) == [proof]


async def test_refused_tier_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with changed(runs_as_root, tmp_path, monkeypatch) as runtime:
        async with Engine(config(), runtimes=[runtime]) as engine:
            with pytest.raises(RuntimeUnavailableError, match="not root"):
                await engine.run(Program(code="echo 1", language="bash"))
