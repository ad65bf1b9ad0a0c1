"""The warden's limits over plain host programs, each hit and just missed, and what it cleans up."""

import os
import signal
import sys
from collections.abc import AsyncGenerator, Sequence

import anyio
import pytest

from engine import SandboxStartError
from engine._process import Bounds, Child, Warden
from tests.support.machine import children, is_running, until
from tests.support.zygotes import run_groups

pytestmark = pytest.mark.slow

MIB = 1 << 20
ROOM = Bounds(256 * MIB, 32)
LONG = 60.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def warden() -> AsyncGenerator[Warden]:
    async with Warden.open() as opened:
        await opened.ready()
        yield opened


@pytest.fixture
def limiting(warden: Warden) -> Warden:
    """A warden that can set limits."""
    if not {"memory", "pids"} <= warden.controllers:
        pytest.skip(f"no cgroups here: {'; '.join(warden.problems)}")
    return warden


def pid_of(warden: Warden) -> int:
    return warden._process.pid


def spawn(warden: Warden, code: str, bounds: Bounds = ROOM, *, stdin: int = -1, stdout: int = -1) -> Child:
    """Start Python code; its standard streams lead nowhere unless given."""
    return spawn_command(warden, [sys.executable, "-I", "-S", "-c", code], bounds, stdin=stdin, stdout=stdout)


def spawn_command(
    warden: Warden, argv: Sequence[str], bounds: Bounds = ROOM, *, stdin: int = -1, stdout: int = -1
) -> Child:
    nowhere = os.open("/dev/null", os.O_RDWR)
    try:
        given = {0: stdin, 1: stdout, 2: nowhere}
        streams = {number: nowhere if source < 0 else source for number, source in given.items()}
        return warden.spawn(argv, streams, bounds)
    finally:
        os.close(nowhere)


async def test_signal_is_reported(warden: Warden) -> None:
    ended = await spawn(warden, "import os; os.kill(os.getpid(), 15)").wait()

    assert (ended.wait_status, ended.killed) == (signal.SIGTERM, None)


async def test_limit_that_the_kernel_refuses_is_a_start_error(limiting: Warden) -> None:
    child = spawn(limiting, "pass", Bounds(256 * MIB, -5))

    with pytest.raises(SandboxStartError, match="the sandbox cannot be started: "):
        await child.wait()
    assert (await spawn(limiting, "pass").wait()).wait_status == 0


async def test_program_within_its_wall_limit_is_left_alone(warden: Warden) -> None:
    child = spawn(warden, "pass")

    await child.arm(ROOM, wall_seconds=LONG, cpu_seconds=LONG)

    assert (await child.wait()).killed is None


@pytest.mark.parametrize(("used", "killed"), [(16, False), (128, True)])
async def test_memory_above_the_limit_kills(limiting: Warden, used: int, killed: bool) -> None:
    ended = await spawn(limiting, f"data = bytearray({used} << 20)", Bounds(64 * MIB, 8)).wait()

    assert (ended.oom_kills > 0, ended.wait_status) == (killed, signal.SIGKILL if killed else 0)
    assert ended.peak_bytes is not None
    assert used * MIB <= ended.peak_bytes or killed


FORKS = """
import os, signal
for _ in range({}):
    if os.fork() == 0: signal.pause()
"""


@pytest.mark.parametrize(("forks", "refused"), [(3, False), (4, True)])
async def test_processes_above_the_limit_are_refused(limiting: Warden, forks: int, refused: bool) -> None:
    ended = await spawn(limiting, FORKS.format(forks), Bounds(256 * MIB, 4)).wait()

    assert (ended.pids_refused > 0, ended.wait_status) == (refused, 256 if refused else 0)


WAIT_THEN_USE = "import os; os.read(0, 1); data = bytearray(100 << 20)"


@pytest.mark.parametrize(("before", "after", "killed"), [(256, 48, True), (48, 256, False)])
async def test_limits_follow_when_the_program_arrives(
    limiting: Warden, before: int, after: int, killed: bool
) -> None:
    reader, writer = os.pipe()
    child = spawn(limiting, WAIT_THEN_USE, Bounds(before * MIB, 8), stdin=reader)
    os.close(reader)

    await child.arm(Bounds(after * MIB, 4), wall_seconds=LONG, cpu_seconds=LONG)
    os.close(writer)

    assert ((await child.wait()).oom_kills > 0) is killed


async def test_arming_waits_for_a_warden_that_is_late_and_only_if_limits_change(warden: Warden) -> None:
    child = spawn(warden, "import time; time.sleep(60)")
    is_armed = anyio.Event()

    async def arm(bounds: Bounds) -> None:
        await child.arm(bounds, wall_seconds=LONG, cpu_seconds=LONG)
        is_armed.set()

    os.kill(pid_of(warden), signal.SIGSTOP)
    try:
        await arm(ROOM)
        is_armed = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(arm, ROOM._replace(pids=16))
            await anyio.wait_all_tasks_blocked()
            waited = not is_armed.is_set()
            os.kill(pid_of(warden), signal.SIGCONT)
    finally:
        os.kill(pid_of(warden), signal.SIGCONT)
    child.kill("closed")
    await child.wait()

    assert waited


async def test_arming_what_has_ended_returns(warden: Warden) -> None:
    child = spawn(warden, "pass")
    await child.wait()

    await child.arm(ROOM._replace(pids=16), wall_seconds=LONG, cpu_seconds=LONG)

    assert not child.is_alive


async def test_arming_what_ends_meanwhile_returns(warden: Warden) -> None:
    child = spawn(warden, "import time; time.sleep(60)")

    child.kill("closed")
    await child.arm(ROOM._replace(pids=16), wall_seconds=LONG, cpu_seconds=LONG)

    assert (await child.wait()).killed == "closed"


async def test_orphans_of_killed_programs_are_reaped(limiting: Warden) -> None:
    for _ in range(3):
        await spawn(limiting, FORKS.format(4)).wait()

    # The process that waits for the next command is all that stays.
    await until(lambda: len(children(pid_of(limiting))) == 1, what="the warden has no zombies")
    (parked,) = children(pid_of(limiting))
    assert is_running(parked)


async def test_groups_of_ended_processes_are_removed(limiting: Warden) -> None:
    for _ in range(3):
        await spawn(limiting, "pass").wait()

    # They are removed after the end has been told. The fourth is that of the process that waits.
    await until(lambda: run_groups(pid_of(limiting)) <= {"4"}, what="the groups are removed")


async def test_listener_is_called_at_the_end_and_at_once_after_it(warden: Warden) -> None:
    child = spawn(warden, "pass")
    calls: list[str] = []

    child.notify(lambda: calls.append("end"))
    await child.wait()
    child.notify(lambda: calls.append("late"))

    assert calls == ["end", "late"]
    assert not child.is_alive
