"""A fork fails, in a step of the set-up or because the kernel refuses it: the program runs by exec."""

import ast
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from engine import Engine, Result
from runtimes.jails import _runtime, _zygotes
from tests.support.jails import run_python
from tests.support.machine import descriptors, is_running, until, wardens
from tests.support.zygotes import families, forking_engine, group_of, is_idle, run_until_forked, the_family

pytestmark = [pytest.mark.jail, pytest.mark.slow]

_BOX = Path(__file__).resolve().parents[2] / "runtimes/guest/box.py"


def steps() -> list[str]:
    """Return the steps that a child takes, from the source: it can be imported in a jail only."""
    for node in ast.parse(_BOX.read_text("utf-8")).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Tuple):
            if isinstance(node.target, ast.Name) and node.target.id == "STEPS":
                return [ast.unparse(step) for step in node.value.elts]
    raise AssertionError("no steps")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


async def run_by_exec(engine: Engine, reason: str) -> Result:
    """Run a program whose fork fails for a reason."""
    result = await run_python(engine, "1 + 1")

    assert (result.status, result.value, result.isolation.path) == ("ok", 2, "cold")
    assert reason in (result.isolation.fallback or "")
    return result


def test_there_are_steps() -> None:
    assert len(steps()) >= 9


@pytest.mark.parametrize("step", steps())
async def test_child_that_dies_in_a_step_leaves_nothing_and_the_program_runs_by_exec(step: str) -> None:
    async with forking_engine(die_at=step) as engine:
        await run_by_exec(engine, "did not report ready")
        [warden] = wardens()
        await until(lambda: is_idle(warden), what="the first child has gone")
        family, before = the_family(warden), descriptors()

        await run_by_exec(engine, "did not report ready")

        await until(lambda: is_idle(warden), what="the second child has gone")
        assert (the_family(warden), descriptors()) == (family, before)


async def test_zygote_whose_forks_all_fail_is_left_alone_for_a_while() -> None:
    async with forking_engine(die_at="verify") as engine:
        for _ in range(3):
            await run_by_exec(engine, "did not report ready")
        [warden] = wardens()
        await until(lambda: is_idle(warden, 0), what="the zygote has gone")

        await run_by_exec(engine, "its forks failed")

        assert families(warden) == []


async def test_step_that_fails_is_named_in_the_result() -> None:
    async with forking_engine(filter_program=b"no filter") as engine:
        await run_by_exec(engine, "filter_system_calls: OSError")
        [warden] = wardens()

        await until(lambda: is_idle(warden), what="the child has gone")


@pytest.mark.parametrize("free", [0, 1, 3])
async def test_fork_refused_for_lack_of_processes_is_made_up_for_by_exec(free: int) -> None:
    """Needed beside the zygote: the init, that of the next run, and the child before it is in its group."""
    async with forking_engine() as engine:
        await run_python(engine, "1 + 1")
        [warden] = wardens()
        await until(lambda: is_idle(warden), what="the first run has gone")
        family = the_family(warden)
        limit = group_of(family.zygote, "pids") / "pids.max"
        usual = limit.read_text("ascii")

        limit.write_text(str(len(family) + free))
        results = [await run_python(engine, "1 + 1")]
        await until(lambda: is_idle(warden), what="the run has gone")
        results.append(await run_python(engine, "1 + 1"))
        limit.write_text(usual)

        assert [result.value for result in results] == [2, 2]
        paths = {result.isolation.path for result in results}
        reasons = {result.isolation.fallback for result in results if result.isolation.fallback}
        assert (paths == {"fork"}) is (free == 3)
        assert all("Resource temporarily unavailable" in reason for reason in reasons)
        assert (await run_python(engine, "1 + 1")).isolation.path == "fork"
        await until(lambda: is_idle(warden), what="the runs have gone")
        assert the_family(warden) == family


async def test_namespace_that_has_lost_its_init_refuses_the_fork_for_lack_of_memory() -> None:
    """That is what the kernel says to a fork into a process namespace without its first process."""
    async with forking_engine() as engine:
        await run_python(engine, "1 + 1")
        [warden] = wardens()
        await until(lambda: is_idle(warden) and the_family(warden).inits(), what="the next one is prepared")
        family = the_family(warden)
        [init] = family.inits()
        os.kill(init, signal.SIGKILL)
        await until(lambda: not is_running(init), what="the init is dead")

        await run_by_exec(engine, "fork: Cannot allocate memory")

        assert (await run_python(engine, "1 + 1")).isolation.path == "fork"
        await until(lambda: is_idle(warden), what="the runs have gone")
        assert the_family(warden) == family


def take_all_room(group: Path) -> None:
    """Lower the memory limit of a group until the kernel finds nothing more to give up."""
    limit = int((group / "memory.usage_in_bytes").read_text("ascii"))
    with suppress(OSError):
        while True:
            (group / "memory.limit_in_bytes").write_text(str(limit))
            limit -= 64 << 10


@pytest.mark.skipif(
    not Path("/sys/fs/cgroup/memory/memory.oom_control").exists(),
    reason="needs cgroup v1: in v2 the kernel always kills a group that is out of memory",
)
async def test_zygote_out_of_memory_refuses_forks_and_later_another_one_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_zygotes, "_FIRST_BACK_OFF_SECONDS", 0.01)
    monkeypatch.setattr(_runtime, "FORK_SECONDS", 0.5)  # it may also hang, waiting for a page
    async with forking_engine() as engine:
        await run_python(engine, "1 + 1")
        [warden] = wardens()
        family = the_family(warden)
        group = group_of(family.zygote, "memory")
        (group / "memory.oom_control").write_text("1")
        take_all_room(group)

        results = [await run_python(engine, "1 + 1") for _ in range(3)]

        assert [result.value for result in results] == [2] * 3
        assert "cold" in {result.isolation.path for result in results}
        await until(family.is_gone, what="the zygote has been given up")
        assert (await run_until_forked(engine)).value == 2


async def test_zygote_killed_for_its_memory_is_replaced() -> None:
    async with forking_engine() as engine:
        await run_python(engine, "1 + 1")
        [warden] = wardens()
        family = the_family(warden)
        group = group_of(family.zygote, "memory")
        names = ("memory.usage_in_bytes", "memory.limit_in_bytes")
        usage, limit = names if (group / names[0]).exists() else ("memory.current", "memory.max")
        (group / limit).write_text((group / usage).read_text("ascii"))

        results = [await run_python(engine, "1 + 1") for _ in range(4)]

        assert [result.value for result in results] == [2] * 4
        assert (await run_until_forked(engine)).value == 2
        await until(lambda: is_idle(warden), what="the runs have gone")
        assert family.is_gone()
