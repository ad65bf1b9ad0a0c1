"""The warden and its client over plain host programs: starts, ends, deadlines, counters, its own death."""

import os
import signal
from collections.abc import AsyncGenerator

import anyio
import pytest

from engine import SandboxLostError, SandboxStartError
from engine._process import Bounds, Child, Warden
from tests.support.machine import (
    PATIENCE_SECONDS,
    descendants,
    group_folders,
    is_running,
    jailed,
    until,
    wardens,
)

_MIB = 1 << 20
_BOUNDS = Bounds(memory_bytes=256 * _MIB, pids=64)
_SHELL = "/bin/sh"


@pytest.fixture
def anyio_backend() -> str:
    """Real processes are tested on one event loop."""
    return "asyncio"


@pytest.fixture
async def warden(anyio_backend: str) -> AsyncGenerator[Warden]:
    async with Warden.open() as opened:
        await opened.ready()
        yield opened


needs_cgroups = pytest.mark.skipif(
    not os.access("/sys/fs/cgroup", os.W_OK), reason="no right to make control groups here"
)


def shell(warden: Warden, script: str, bounds: Bounds = _BOUNDS) -> Child:
    return warden.spawn([_SHELL, "-c", script], {}, bounds)


async def test_exit_code_comes_back(warden: Warden) -> None:
    ended = await shell(warden, "exit 7").wait()

    assert os.waitstatus_to_exitcode(ended.wait_status) == 7
    assert (ended.killed, ended.failure) == (None, "")


async def test_process_gets_the_named_descriptors_and_no_others(warden: Warden) -> None:
    reader, writer = os.pipe()

    child = warden.spawn([_SHELL, "-c", "ls /proc/self/fd >&5; env >&5"], {5: writer, 1: writer}, _BOUNDS)
    os.close(writer)
    await child.wait()

    lines = os.read(reader, 10_000).decode().split()
    os.close(reader)
    # 3 is what `ls` itself opens; a shell sets PWD.
    assert {line for line in lines if line.isdigit()} <= {"0", "1", "2", "3", "5"}
    assert not [
        line for line in lines if "=" in line and not line.startswith(("PWD=", "OLDPWD=", "SHLVL=", "_="))
    ]


async def test_end_is_heard_of_while_all_around_is_cancelled() -> None:
    """Whoever is cancelled has sandboxes to close, and waits for their ends."""
    ended = []
    with anyio.CancelScope() as scope:
        async with Warden.open() as warden:
            await warden.ready()
            child = shell(warden, "sleep 1000")
            scope.cancel()
            with anyio.CancelScope(shield=True):
                child.kill("cancelled")
                with anyio.move_on_after(PATIENCE_SECONDS):
                    ended.append(await child.wait())

    assert [one.killed for one in ended] == ["cancelled"]


async def test_program_that_does_not_exist_is_named(warden: Warden) -> None:
    ended = await warden.spawn(["/does/not/exist"], {}, _BOUNDS).wait()

    assert "FileNotFoundError" in ended.failure


async def test_wall_deadline_kills_the_whole_tree(warden: Warden) -> None:
    child = shell(warden, "trap '' TERM INT; (setsid sleep 300 &) ; sleep 300 & sleep 300")

    await child.arm(_BOUNDS, wall_seconds=0.3, cpu_seconds=60)
    ended = await child.wait()

    assert ended.killed == "wall"
    [pid] = wardens()
    assert jailed(pid) == []


@needs_cgroups
async def test_cpu_limit_counts_the_whole_tree(warden: Warden) -> None:
    child = shell(warden, "while :; do /bin/true; done & while :; do /bin/true; done")

    await child.arm(_BOUNDS, wall_seconds=30, cpu_seconds=0.4)
    ended = await child.wait()

    assert ended.killed == "cpu"
    assert ended.cpu_seconds is not None
    assert 0.4 <= ended.cpu_seconds < 3


@needs_cgroups
async def test_cpu_used_before_arming_is_not_counted_against_the_limit(warden: Warden) -> None:
    (said, says), (hears, told) = os.pipe(), os.pipe()
    child = warden.spawn(
        [_SHELL, "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo x >&5; read line <&6"],
        {5: says, 6: hears},
        _BOUNDS,
    )
    await anyio.wait_readable(said)

    await child.arm(_BOUNDS, wall_seconds=30, cpu_seconds=0.1)
    os.write(told, b"go on\n")
    ended = await child.wait()
    for descriptor in (said, says, hears, told):
        os.close(descriptor)

    assert ended.killed is None


@needs_cgroups
async def test_limits_that_come_with_arming_replace_those_of_the_start(warden: Warden) -> None:
    child = shell(warden, "sleep 0.2; for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; wait")

    await child.arm(Bounds(256 * _MIB, 4), wall_seconds=10, cpu_seconds=10)
    ended = await child.wait()

    assert ended.pids_refused > 0


async def test_kill_keeps_the_first_reason(warden: Warden) -> None:
    child = shell(warden, "sleep 300")

    child.kill("output")
    child.kill("cancelled")
    ended = await child.wait()
    child.kill("closed")

    assert ended.killed == "output"
    assert os.WTERMSIG(ended.wait_status) == signal.SIGKILL


async def test_daemon_of_a_finished_process_is_gone_when_its_end_is_reported(warden: Warden) -> None:
    if not {"memory", "pids"} <= warden.controllers:
        pytest.skip("without control groups a daemon outside of a pid namespace cannot be found")
    ended = await shell(warden, "setsid sh -c 'sleep 300 & sleep 300 &' & exit 0").wait()

    assert ended.wait_status == 0
    [pid] = wardens()
    assert jailed(pid) == []


async def test_signals_that_the_warden_ignores_are_default_in_its_children(warden: Warden) -> None:
    reader, writer = os.pipe()

    child = warden.spawn([_SHELL, "-c", "grep SigIgn /proc/self/status"], {1: writer}, _BOUNDS)
    os.close(writer)
    await child.wait()

    ignored = int(os.read(reader, 100).split()[1], 16)
    os.close(reader)
    assert ignored == 0


async def test_twenty_at_once_end_with_their_own_codes(warden: Warden) -> None:
    children = [shell(warden, f"exit {number}") for number in range(20)]

    codes = [os.waitstatus_to_exitcode((await child.wait()).wait_status) for child in children]

    assert codes == list(range(20))


async def test_terminal_signals_do_not_end_the_warden(warden: Warden) -> None:
    [pid] = wardens()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)

    ended = await shell(warden, "exit 3").wait()

    assert os.waitstatus_to_exitcode(ended.wait_status) == 3


async def test_killed_parked_process_is_replaced(warden: Warden) -> None:
    """Between runs the warden keeps one process that has joined a group; losing it must cost no run."""
    [pid] = wardens()
    await until(lambda: descendants(pid), what="a process is parked")
    parked = descendants(pid)
    for process in parked:
        os.kill(process, signal.SIGKILL)
    await until(lambda: not any(map(is_running, parked)), what="it is dead")

    ended = await shell(warden, "exit 5").wait()

    assert os.waitstatus_to_exitcode(ended.wait_status) == 5


async def test_closing_leaves_no_process_and_no_group() -> None:
    async with Warden.open() as warden:
        await warden.ready()
        [pid] = wardens()
        for _ in range(3):
            shell(warden, "sleep 300 & sleep 300")
        await until(lambda: len(jailed(pid)) >= 3, what="all have started")
        processes = descendants(pid)

    assert not is_running(pid)
    assert not any(map(is_running, processes))
    assert group_folders(pid) == []


async def test_death_of_the_warden_is_an_error_and_the_end_of_its_children() -> None:
    async with Warden.open() as warden:
        await warden.ready()
        [pid] = wardens()
        child = warden.spawn(["/bin/sleep", "300"], {}, _BOUNDS)
        await until(lambda: jailed(pid), what="it has started")
        processes = descendants(pid)

        os.kill(pid, signal.SIGKILL)

        with pytest.raises(SandboxLostError):
            await child.wait()
        await until(lambda: not any(map(is_running, processes)), what="its children are dead")
        with pytest.raises((SandboxStartError, SandboxLostError)):
            await warden.spawn(["/bin/true"], {}, _BOUNDS).wait()


async def test_next_warden_sweeps_the_groups_of_a_dead_one() -> None:
    async with Warden.open() as first:
        await first.ready()
        [dead] = wardens()
        child = first.spawn(["/bin/sleep", "300"], {}, _BOUNDS)
        await until(lambda: jailed(dead), what="it has started")
        os.kill(dead, signal.SIGKILL)
        with pytest.raises(SandboxLostError):
            await child.wait()
    left = group_folders(dead)

    async with Warden.open() as second:
        await second.ready()

    assert left or not first.controllers
    assert group_folders(dead) == []
