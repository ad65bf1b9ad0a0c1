"""Control groups vanish under the warden: the run is lost with a typed error, all others go on."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from engine import Engine, PoolConfig, SandboxLostError, SandboxStartError
from runtimes.jails import _zygotes
from tests.support.background import begin
from tests.support.jails import limited, run_python
from tests.support.machine import group_folders, is_running, until, wardens
from tests.support.zygotes import families, forking_engine, group_of, is_idle, run_until_forked, the_family

pytestmark = [
    pytest.mark.jail,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to move processes between control groups"),
]

ENDS_SOON = "import time\nprint('ready', flush=True)\ntime.sleep(0.3)\n1 + 1"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    """An engine with a zygote and one child that waits."""
    async with forking_engine(PoolConfig(warm=1, max_warm=1)) as opened:
        await run_python(opened, "1 + 1")
        await until(lambda: opened.stats().pools[0].idle == 1, what="a child waits")
        yield opened


def remove_groups(warden: int, name: str | None = None) -> None:
    """Remove one run's groups, or all of a warden's, after moving what is inside out of them."""
    for folder in group_folders(warden):
        for group in [entry for entry in folder.iterdir() if entry.is_dir() and name in (None, entry.name)]:
            _empty(group, folder.parent)
            group.rmdir()
        if name is None:
            folder.rmdir()


def _empty(group: Path, outside: Path) -> None:
    for pid in (group / "cgroup.procs").read_text("ascii").split():
        with suppress(ProcessLookupError):
            (outside / "cgroup.procs").write_text(pid)


def name_of_group(pid: int) -> str:
    return group_of(pid, "pids").name


async def test_run_without_its_group_is_lost_when_it_ends(engine: Engine) -> None:
    """Nothing has limited or counted it, so nothing can be said about it."""
    [warden] = wardens()
    [program] = the_family(warden).programs()
    async with anyio.create_task_group() as tasks:
        run = await begin(tasks, engine, ENDS_SOON)

        remove_groups(warden, name_of_group(program))

        with pytest.raises(SandboxLostError, match="control group") as caught:
            await run.finish()
    assert caught.value.dispatched
    assert caught.value.hint
    assert (await run_python(engine, "1 + 1")).value == 2
    assert wardens() == [warden]


async def test_program_is_not_run_in_a_sandbox_without_its_group(engine: Engine) -> None:
    [warden] = wardens()
    family = the_family(warden)
    [waiting] = family.programs()
    remove_groups(warden, name_of_group(waiting))

    with pytest.raises(SandboxLostError, match="control group"):
        await run_python(engine, "1 + 1")

    await until(lambda: not is_running(waiting), what="the sandbox is gone")
    assert (await run_python(engine, "1 + 1")).value == 2
    assert the_family(warden) == family


async def test_run_near_its_cpu_limit_is_killed_when_its_group_is_gone(engine: Engine) -> None:
    """The warden reads the cpu time from the group; without that there would be no limit."""
    [warden] = wardens()
    [program] = the_family(warden).programs()
    code = "print('ready', flush=True)\nwhile True: pass"
    async with anyio.create_task_group() as tasks:
        run = await begin(tasks, engine, code, limited(cpu_seconds=1, wall_seconds=600))

        remove_groups(warden, name_of_group(program))

        with pytest.raises(SandboxLostError, match="control group"):
            await run.finish()
    assert not is_running(program)


async def test_child_that_dies_without_its_group_is_replaced(engine: Engine) -> None:
    [warden] = wardens()
    [waiting] = the_family(warden).programs()
    remove_groups(warden, name_of_group(waiting))
    os.kill(waiting, signal.SIGKILL)
    await until(lambda: not is_running(waiting), what="the child is dead")

    with suppress(SandboxLostError):  # handed over before the death was known
        await run_python(engine, "1 + 1")

    assert (await run_python(engine, "1 + 1")).value == 2


async def test_zygote_without_its_group_is_replaced_when_it_cannot_fork(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From where it has been moved to, the kernel may not let it have children in the groups of runs."""
    monkeypatch.setattr(_zygotes, "_FIRST_BACK_OFF_SECONDS", 0.01)
    [warden] = wardens()
    family = the_family(warden)
    remove_groups(warden, name_of_group(family.zygote))

    results = [await run_python(engine, "1 + 1") for _ in range(5)]

    assert [result.value for result in results] == [2] * 5
    assert (await run_until_forked(engine)).value == 2
    await until(lambda: len(families(warden)) == 1, what="there is one zygote")


async def test_nothing_runs_without_the_folder_of_all_groups() -> None:
    async with forking_engine() as engine:
        await run_python(engine, "1 + 1")
        [warden] = wardens()
        await until(lambda: is_idle(warden), what="the run has gone")
        remove_groups(warden)

        for _ in range(2):
            with pytest.raises(SandboxStartError) as caught:
                await run_python(engine, "1 + 1")
            assert "No such file or directory" in str(caught.value)
            assert not caught.value.dispatched

        family = the_family(warden)
    assert family.is_gone()
    assert not is_running(warden)
