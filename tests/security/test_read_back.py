"""What the kernel says, to root outside, of a sandbox that waits and of one whose program runs.

The sandbox verifies itself before it takes a program; this is the same from where it cannot lie.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from engine import Engine, Program
from policies import Limits, Policy
from tests.support.jails import config
from tests.support.machine import until, wardens
from tests.support.zygotes import Family, families, group_of

from .conftest import Way
from .outside import (
    limits_of,
    numbers_of,
    of_runs,
    oom_score,
    open_files,
    programs,
    shared_namespaces,
    status,
    uid_of,
)

pytestmark = [
    pytest.mark.jail,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root sees the files of other users' processes"),
]

LIMITS = Limits(cpu_seconds=20, memory_mib=100, pids=11, disk_mib=13, open_files=77)
POLICY = Policy(limits=LIMITS)
_PAUSES = "import signal\nprint('ready', flush=True)\nsignal.pause()"
_MIB = 1 << 20
#: The supervisor of the exec path is counted with nsjail.
_EXTRA_PIDS = {"exec": 2, "fork": 0}
_EVERY_SET = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


@pytest.fixture(params=["waiting", "running"])
async def program(request: pytest.FixtureRequest, way: Way) -> AsyncGenerator[int]:
    """The host's id of the process that will be, or is, the program."""
    opened = waiting(way) if request.param == "waiting" else running(way)
    async with opened as pid:
        yield pid


@asynccontextmanager
async def waiting(way: Way) -> AsyncGenerator[int]:
    """Keep one sandbox ready, without a program."""
    settings = config(pool={"warm": 1, "max-size": 2, "fork": way == "fork"})
    async with Engine(settings, policy=POLICY) as engine:
        await engine.run(Program(code="pass", environment="base"))
        await until(lambda: engine.stats().pools[0].idle == 1, what="a sandbox waits")
        [warden] = wardens()
        await until(lambda: len(programs(warden)) == 1, what="the one before is gone")
        yield programs(warden)[0]


@asynccontextmanager
async def running(way: Way, count: int = 1) -> AsyncGenerator[int]:
    """Keep programs running; gives the id of the last one."""
    ready = [anyio.Event() for _ in range(count)]
    async with (
        Engine(config(fork=way == "fork"), policy=POLICY) as engine,
        anyio.create_task_group() as tasks,
    ):
        for event in ready:
            tasks.start_soon(pause, engine, event)
        for event in ready:
            await event.wait()
        [warden] = wardens()
        yield programs(warden)[-1]
        tasks.cancel_scope.cancel()


async def pause(engine: Engine, ready: anyio.Event) -> None:
    """Run a program that waits for a signal, once it has said that it is there."""
    await engine.run(Program(code=_PAUSES, environment="base"), emit=lambda output: ready.set())


def family() -> Family:
    """Return the only zygote."""
    [warden] = wardens()
    [found] = families(warden)
    return found


async def test_no_namespace_is_the_hosts(program: int) -> None:
    assert shared_namespaces(program, os.getpid()) == set()


async def test_no_privilege_is_left(program: int) -> None:
    seen = status(program)

    assert {name: seen[name] for name in _EVERY_SET} == dict.fromkeys(_EVERY_SET, "0" * 16)
    assert (seen["NoNewPrivs"], seen["Seccomp"], seen["Threads"]) == ("1", "2", "1")
    assert seen["Groups"] == ""
    assert numbers_of(program)[-1] == 2


async def test_user_is_one_that_nobody_else_has(program: int) -> None:
    [warden] = wardens()
    others = [pid for pid in of_runs(warden) if pid != program and numbers_of(pid)[-1] != 1]

    assert len(set(status(program)["Uid"].split())) == 1
    assert status(program)["Uid"] == status(program)["Gid"]
    assert uid_of(program) > 1 << 30
    assert uid_of(program) not in {uid_of(pid) for pid in others}


async def test_memory_and_files_are_closed_to_processes_of_the_same_user(program: int) -> None:
    """A process that may be dumped owns its files in `/proc`; of another they are root's."""
    owners = {os.stat(f"/proc/{program}/{name}").st_uid for name in ("mem", "environ", "fd", "maps")}

    assert uid_of(program) not in owners


async def test_groups_are_its_own_and_limited(program: int, way: Way) -> None:
    [warden] = wardens()
    own = set(of_runs(warden))
    for controller in ("memory", "pids"):
        folder = group_of(program, controller)
        members = {int(line) for line in (folder / "cgroup.procs").read_text("ascii").split()}
        assert program in members
        assert members <= own
        assert folder != group_of(warden, controller)

    assert read_limit(program, "memory", "memory.max", "memory.limit_in_bytes") == LIMITS.memory_mib * _MIB
    assert read_limit(program, "pids", "pids.max", "pids.max") == LIMITS.pids + _EXTRA_PIDS[way]


def read_limit(pid: int, controller: str, new: str, old: str) -> int:
    """Read a limit of a process's group, by its name in version 2 or 1."""
    folder = group_of(pid, controller)
    path = folder / new if (folder / new).exists() else folder / old
    return int(path.read_text("ascii"))


async def test_program_is_the_first_to_go_when_memory_is_short(program: int, way: Way) -> None:
    assert oom_score(program) == 900
    if way == "fork":
        assert {oom_score(pid) for pid in family()} == {100}


@pytest.mark.parametrize("program", ["running"], indirect=True)
async def test_resource_limits_are_the_policys_and_have_no_room(program: int) -> None:
    found = limits_of(program)

    assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == {}
    assert {name: found[name][0] for name in EXPECTED_LIMITS} == EXPECTED_LIMITS


EXPECTED_LIMITS = {
    "Max cpu time": "21",
    "Max file size": str(13 * _MIB),
    "Max processes": "13",
    "Max open files": "77",
    "Max core file size": "0",
    "Max locked memory": "65536",
    "Max msgqueue size": "0",
    "Max realtime priority": "0",
}


@pytest.mark.parametrize("program", ["running"], indirect=True)
async def test_program_holds_the_planned_descriptors_alone(program: int) -> None:
    assert open_files(program) == {0: "pipe r", 1: "pipe w", 2: "pipe w", 4: "pipe w"}


@pytest.mark.parametrize("program", ["waiting"], indirect=True)
async def test_waiting_sandbox_has_the_socket_for_its_program_besides(program: int) -> None:
    assert open_files(program) == {0: "pipe r", 1: "pipe w", 2: "pipe w", 3: "socket rw", 4: "pipe w"}


async def test_siblings_share_nothing_with_each_other_or_the_zygote() -> None:
    async with running("fork", count=2):
        [warden] = wardens()
        first, second = programs(warden)
        zygote = family().zygote
        inits = family().inits()

        assert shared_namespaces(first, second) == set()
        assert shared_namespaces(first, zygote) == set()
        assert shared_namespaces(second, zygote) == set()
        assert len({uid_of(pid) for pid in (first, second, zygote)}) == 3
        assert uid_of(first) not in {uid_of(pid) for pid in inits}
        assert len({group_of(pid, "memory") for pid in (first, second, zygote)}) == 3
        assert len({group_of(pid, "pids") for pid in (first, second, zygote)}) == 3


async def test_init_is_in_the_namespaces_of_its_program_but_not_its_user() -> None:
    async with running("fork") as program:
        [init] = [pid for pid in family().inits() if "pid" in shared_namespaces(pid, program)]

        assert shared_namespaces(init, program) == {"pid", "net", "mnt"}
        assert shared_namespaces(init, os.getpid()) <= {"cgroup"}
        assert os.stat(f"/proc/{init}/mem").st_uid != uid_of(program)


async def test_zygote_and_maker_are_jailed_and_hold_only_what_they_need() -> None:
    async with running("fork"):
        found = family()

        for pid in (found.maker, found.zygote):
            assert shared_namespaces(pid, os.getpid()) <= {"cgroup"}
            assert uid_of(pid) > 1 << 30
            assert status(pid)["Threads"] == "1"
        # To the maker, and for a run to the engine and to the warden.
        assert sockets(found.zygote) == ["socket rw"] * 3
        # To the warden and to the zygote, and both ends of what the next run will have.
        assert sockets(found.maker) == ["socket rw"] * 4


def sockets(pid: int) -> list[str]:
    return [kind for kind in open_files(pid).values() if "socket" in kind]
