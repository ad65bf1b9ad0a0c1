"""What the kernel says, to root outside, of a Deno process that waits and of one whose program runs."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

import anyio
import pytest

from engine import Engine, Program
from policies import Isolation, Limits, Policy
from runtimes.v8 import DENO_FOLDER, GUEST_FOLDER, OWN_THREADS
from tests.support.jails import config
from tests.support.machine import command_line, until, wardens
from tests.support.v8 import Tier
from tests.support.zygotes import group_of

from .conftest import Way
from .outside import (
    inodes,
    limits_of,
    mounts,
    numbers_of,
    of_runs,
    oom_score,
    open_files,
    programs,
    shared_namespaces,
    status,
    threads,
    uid_of,
    unix_sockets,
    variables,
)
from .test_read_back import read_limit

pytestmark = [
    pytest.mark.jail,
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root sees the files of other users' processes"),
]

LIMITS = Limits(cpu_seconds=20, memory_mib=300, pids=11, disk_mib=13, file_count=100, open_files=77)
SECRET = "secret-of-the-user"
PROGRAMS: dict[Tier, Program] = {
    "deno": Program(
        code=f"console.log('ready'); setTimeout(() => {{}}, 600_000); // {SECRET}",
        language="javascript",
        args=(SECRET,),
        env={"SECRET": SECRET},
    ),
    "pyodide": Program(
        code=f"import time\nprint('ready', flush=True)\ntime.sleep(600)  # {SECRET}",
        args=(SECRET,),
        env={"SECRET": SECRET},
    ),
}
HARMLESS: dict[Tier, Program] = {
    "deno": Program(code="1", language="javascript"),
    "pyodide": Program(code="1"),
}
_MIB = 1 << 20
#: The supervisor of the exec path is counted with nsjail.
_EXTRA_PIDS = {"exec": 2, "fork": 0}
_EVERY_SET = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


class Seen(NamedTuple):
    """A process to look at.

    Attributes:
        pid: As the host counts.
        tier: Whose process it is.
        runs: Whether it has its program.
        way: How its jail came to be.
    """

    pid: int
    tier: Tier
    runs: bool
    way: Way


@pytest.fixture(scope="module", params=["waiting", "running"])
def runs(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "running")


@pytest.fixture(scope="module", params=["deno", "pyodide"])
def tier(request: pytest.FixtureRequest) -> Tier:
    found: Tier = request.param
    return found


@pytest.fixture(scope="module")
async def seen(anyio_backend: str, tier: Tier, runs: bool, way: Way) -> AsyncGenerator[Seen]:
    """The process that will be, or is, the program; all tests look at the same one."""
    opened = running(tier, way) if runs else waiting(tier, way)
    async with opened as pid:
        yield Seen(pid, tier, runs, way)


def policy(tier: Tier) -> Policy:
    return Policy(limits=LIMITS, isolation=Isolation(require=(tier,)))


@asynccontextmanager
async def waiting(tier: Tier, way: Way) -> AsyncGenerator[int]:
    """Keep one sandbox ready, without a program."""
    settings = config(pool={"warm": 1, "max-size": 2, "fork": way == "fork"})
    async with Engine(settings, policy=policy(tier)) as engine:
        await engine.run(HARMLESS[tier])
        await until(lambda: engine.stats().pools[0].idle == 1, what="a sandbox waits")
        [warden] = wardens()
        await until(lambda: len(programs(warden)) == 1, what="the one before is gone")
        yield programs(warden)[0]


@asynccontextmanager
async def running(tier: Tier, way: Way) -> AsyncGenerator[int]:
    """Keep one program running."""
    ready = anyio.Event()
    async with (
        Engine(config(fork=way == "fork"), policy=policy(tier)) as engine,
        anyio.create_task_group() as tasks,
    ):

        async def run() -> None:
            await engine.run(PROGRAMS[tier], emit=lambda output: ready.set())

        tasks.start_soon(run)
        await ready.wait()
        [warden] = wardens()
        yield programs(warden)[-1]
        tasks.cancel_scope.cancel()


async def test_it_is_deno_in_no_namespace_of_the_hosts(seen: Seen) -> None:
    assert os.readlink(f"/proc/{seen.pid}/exe") == f"{DENO_FOLDER}/deno"
    assert os.readlink(f"/proc/{seen.pid}/cwd") == "/box/work"
    assert shared_namespaces(seen.pid, os.getpid()) == set()
    assert numbers_of(seen.pid)[-1] == 2


async def test_no_privilege_is_left(seen: Seen) -> None:
    found = status(seen.pid)

    assert {name: found[name] for name in _EVERY_SET} == dict.fromkeys(_EVERY_SET, "0" * 16)
    assert (found["NoNewPrivs"], found["Seccomp"], found["Groups"]) == ("1", "2", "")
    assert all(thread["Seccomp"] == "2" for thread in threads(seen.pid))
    assert int(found["Threads"]) <= OWN_THREADS


async def test_user_is_one_that_nobody_else_has(seen: Seen) -> None:
    [warden] = wardens()
    others = [pid for pid in of_runs(warden) if pid != seen.pid and numbers_of(pid)[-1] != 1]

    assert len(set(status(seen.pid)["Uid"].split())) == 1
    assert status(seen.pid)["Uid"] == status(seen.pid)["Gid"]
    assert uid_of(seen.pid) > 1 << 30
    assert uid_of(seen.pid) not in {uid_of(pid) for pid in others}


async def test_groups_are_its_own_and_limited(seen: Seen) -> None:
    [warden] = wardens()
    for controller in ("memory", "pids"):
        folder = group_of(seen.pid, controller)
        members = {int(line) for line in (folder / "cgroup.procs").read_text("ascii").split()}
        assert seen.pid in members
        assert members <= set(of_runs(warden))
        assert folder != group_of(warden, controller)

    # Who waits has room for its heap until a program comes with limits of its own.
    memory_mib = LIMITS.memory_mib if seen.runs else 512
    pids = (LIMITS.pids + OWN_THREADS if seen.runs else Limits().pids) + _EXTRA_PIDS[seen.way]
    assert read_limit(seen.pid, "memory", "memory.max", "memory.limit_in_bytes") == memory_mib * _MIB
    assert read_limit(seen.pid, "pids", "pids.max", "pids.max") == pids


async def test_program_is_the_first_to_go_when_memory_is_short(seen: Seen) -> None:
    assert oom_score(seen.pid) == 900


async def test_resource_limits_are_the_policys_with_deno_s_own_descriptors_on_top(seen: Seen) -> None:
    found = limits_of(seen.pid)

    assert {name: found[name] for name in EXPECTED_LIMITS} == {
        name: (value, value) for name, value in EXPECTED_LIMITS.items()
    }


EXPECTED_LIMITS = {
    # The size of the disk bounds them, which comes with the program; the process cannot be changed then.
    "Max file size": "unlimited",
    "Max open files": str(77 + 64),
    "Max core file size": "0",
    "Max locked memory": "65536",
    "Max msgqueue size": "0",
    "Max realtime priority": "0",
}


async def test_descriptors_are_pipes_the_report_and_those_of_deno_itself(seen: Seen) -> None:
    found = open_files(seen.pid)
    kinds = set(found.values())

    assert {number: found[number] for number in range(3)} == {0: "pipe r", 1: "pipe w", 2: "pipe w"}
    assert kinds == {"pipe r", "pipe w", "anon_inode rw", "socket rw", "/box/report (deleted) w"}
    assert list(found.values()).count("pipe r") == 1
    pipes = {inode for number, inode in inodes(seen.pid, "pipe") if number > 2}
    assert pipes == {inode for number, inode in inodes(seen.pid, "pipe") if number in (1, 2)}


async def test_sockets_were_made_in_the_sandbox_and_have_no_name(seen: Seen) -> None:
    """A socket belongs to the network namespace that it was made in, wherever it is passed to."""
    own = {inode for _, inode in inodes(seen.pid, "socket")}
    made_inside, made_outside = unix_sockets(seen.pid), unix_sockets(os.getpid())

    assert own
    assert own <= set(made_inside)
    assert not own & set(made_outside)
    assert {made_inside[inode] for inode in own} == {""}


DEVICES = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")}
COMMON = {"/", "/box", "/dev", "/proc", "/opt/isorun", "/opt/tools", DENO_FOLDER, GUEST_FOLDER, *DEVICES}
PYODIDE = {"/opt/tools/pyodide", "/opt/tools/pyodide-packages"}


async def test_mounts_are_the_planned_ones_and_only_the_box_can_be_written(seen: Seen) -> None:
    found = mounts(seen.pid)
    writable = {path for path, mounted in found.items() if "ro" not in mounted.options}

    assert set(found) >= COMMON
    assert set(found) <= (COMMON | PYODIDE if seen.tier == "pyodide" else COMMON)
    assert writable == {"/box", *DEVICES}
    assert all("nosuid" in mounted.options for mounted in found.values())
    assert {path for path, mounted in found.items() if "nodev" not in mounted.options} == DEVICES


async def test_box_has_the_size_of_the_policy_and_proc_shows_processes_alone(seen: Seen) -> None:
    found = mounts(seen.pid)

    # Who waits has the usual disk until a program comes with its limit.
    limits = LIMITS if seen.runs else Limits()
    assert found["/box"].inner >= {f"size={limits.disk_mib * 1024}k", f"nr_inodes={limits.file_count}"}
    assert found["/proc"].inner >= {"subset=pid", "hidepid=invisible"}


VARIABLES = {
    "HOME": "/box/work",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "USER": "guest",
    "DENO_DIR": "/dev/null/deno",
    "DENO_NO_UPDATE_CHECK": "1",
    "NO_COLOR": "1",
}
#: For the Python that has forked.
FORKED = {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


async def test_environment_is_made_from_nothing(seen: Seen) -> None:
    assert variables(seen.pid) == VARIABLES | (FORKED if seen.way == "fork" else {})


async def test_nothing_of_the_user_is_in_the_command_line(seen: Seen) -> None:
    words = command_line(seen.pid).split()

    assert words[:2] == [f"{DENO_FOLDER}/deno", "run"]
    assert all(word.startswith(("-", "/opt/tools/", "/box")) for word in words[2:] if word != "javascript")
    assert SECRET not in " ".join(words)
