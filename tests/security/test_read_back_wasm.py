"""What the kernel says, to root outside, of a process that waits for a module and of one that runs it."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

import anyio
import pytest

from engine import Engine, Program
from policies import Limits, Policy
from runtimes.wasm import OWN_DESCRIPTORS, OWN_THREADS
from tests.support.jails import config
from tests.support.machine import command_line, until, wardens
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
    variables,
)
from .test_read_back import read_limit

pytestmark = [
    pytest.mark.jail,
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root sees the files of other users' processes"),
]

LIMITS = Limits(cpu_seconds=20, memory_mib=300, pids=11, disk_mib=13, file_count=100, open_files=77)
POLICY = Policy(limits=LIMITS)
SECRET = "secret-of-the-user"
WAITS = f"""
#include <stdio.h>
#include <unistd.h>
int main(void) {{ puts("{SECRET}"); fflush(stdout); sleep(600); }}
"""
_MIB = 1 << 20
#: The supervisor of the exec path is counted with nsjail.
_EXTRA_PIDS = {"exec": 2, "fork": 0}
_EVERY_SET = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


class Seen(NamedTuple):
    """A process to look at.

    Attributes:
        pid: As the host counts.
        runs: Whether it has its module.
        way: How its jail came to be.
    """

    pid: int
    runs: bool
    way: Way


@pytest.fixture(scope="module", params=["waiting", "running"])
async def seen(anyio_backend: str, request: pytest.FixtureRequest, way: Way) -> AsyncGenerator[Seen]:
    """The process that will have, or has, a module; all tests look at the same one."""
    runs = request.param == "running"
    async with running(way) if runs else waiting(way) as pid:
        yield Seen(pid, runs, way)


@asynccontextmanager
async def waiting(way: Way) -> AsyncGenerator[int]:
    """Keep one sandbox ready, without a module."""
    settings = config(pool={"warm": 1, "max-size": 2, "fork": way == "fork"})
    async with Engine(settings, policy=POLICY) as engine:
        await engine.run(Program(code="int main(void) { return 0; }", language="c"))
        await until(lambda: engine.stats().pools[0].idle == 1, what="a sandbox waits")
        [warden] = wardens()
        await until(lambda: len(programs(warden)) == 1, what="the one before is gone")
        yield programs(warden)[0]


@asynccontextmanager
async def running(way: Way) -> AsyncGenerator[int]:
    """Keep one module running."""
    ready = anyio.Event()
    program = Program(code=WAITS, language="c", args=(SECRET,), env={"SECRET": SECRET})
    async with (
        Engine(config(fork=way == "fork"), policy=POLICY) as engine,
        anyio.create_task_group() as tasks,
    ):

        async def run() -> None:
            await engine.run(program, emit=lambda output: ready.set())

        tasks.start_soon(run)
        await ready.wait()
        [warden] = wardens()
        yield programs(warden)[-1]
        tasks.cancel_scope.cancel()


async def test_it_is_in_no_namespace_of_the_hosts(seen: Seen) -> None:
    assert os.readlink(f"/proc/{seen.pid}/cwd") == "/box/work"
    assert shared_namespaces(seen.pid, os.getpid()) == set()
    assert numbers_of(seen.pid)[-1] == 2


@pytest.mark.rows(14, 15)
async def test_no_privilege_is_left_to_any_thread(seen: Seen) -> None:
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

    # Who waits has the usual limits until a program comes with its own.
    limits = LIMITS if seen.runs else Limits()
    pids = limits.pids + (OWN_THREADS if seen.runs else 0) + _EXTRA_PIDS[seen.way]
    assert read_limit(seen.pid, "memory", "memory.max", "memory.limit_in_bytes") == limits.memory_mib * _MIB
    assert read_limit(seen.pid, "pids", "pids.max", "pids.max") == pids


async def test_process_is_the_first_to_go_when_memory_is_short(seen: Seen) -> None:
    assert oom_score(seen.pid) == 900


@pytest.mark.rows(16, 25)
async def test_resource_limits_are_the_policys_with_the_process_own_descriptors_on_top(seen: Seen) -> None:
    found = limits_of(seen.pid)
    expected = EXPECTED_LIMITS | (EXPECTED_WITH_PROGRAM if seen.runs else {})

    assert {name: found[name] for name in expected} == {
        name: (value, value) for name, value in expected.items()
    }


EXPECTED_WITH_PROGRAM = {
    "Max file size": str(13 * _MIB),
    "Max open files": str(LIMITS.open_files + OWN_DESCRIPTORS),
}
EXPECTED_LIMITS = {
    "Max core file size": "0",
    "Max locked memory": "65536",
    "Max msgqueue size": "0",
    "Max realtime priority": "0",
}


@pytest.mark.rows(18)
async def test_descriptors_are_pipes_the_folder_and_those_of_wasmtime_itself(seen: Seen) -> None:
    found = open_files(seen.pid)

    assert {number: found[number] for number in range(3)} == {0: "pipe r", 1: "pipe w", 2: "pipe w"}
    assert set(found.values()) <= (RUNNING if seen.runs else WAITING)
    pipes = {inode for number, inode in inodes(seen.pid, "pipe") if number > 2}
    assert len(pipes - {inode for number, inode in inodes(seen.pid, "pipe") if number <= 2}) <= 1


#: A program comes through a socket, which is closed before it is read. What is no file is what the threads
#: for input and output wait by.
WAITING = {"pipe r", "pipe w", "socket rw", "anon_inode rw", "/box/work r"}
#: The initial memory of a module is shared by copy on write from a file without a name.
RUNNING = {"pipe r", "pipe w", "anon_inode rw", "/box/work r", "/memfd rw"}
DEVICES = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")}


async def test_only_the_box_can_be_written_and_no_compiler_is_there(seen: Seen) -> None:
    found = mounts(seen.pid)
    writable = {path for path, mounted in found.items() if "ro" not in mounted.options}

    assert writable == {"/box", *DEVICES}
    assert all("nosuid" in mounted.options for mounted in found.values())
    assert {path for path, mounted in found.items() if "nodev" not in mounted.options} == DEVICES
    assert [path for path in found if path.startswith("/opt/tools")] == []


async def test_box_has_the_size_of_the_policy_and_proc_shows_processes_alone(seen: Seen) -> None:
    found = mounts(seen.pid)

    # Who waits has the usual limits until a program comes with its own.
    limits = LIMITS if seen.runs else Limits()
    size = {f"size={limits.disk_mib * 1024}k", f"nr_inodes={limits.file_count}"}
    assert found["/box"].inner >= size
    assert found["/proc"].inner >= {"subset=pid", "hidepid=invisible"}


@pytest.mark.rows(13)
async def test_nothing_of_the_user_is_in_environment_or_command_line(seen: Seen) -> None:
    assert SECRET not in command_line(seen.pid)
    assert "SECRET" not in variables(seen.pid)
