"""Hundreds of runs that end in every way leave the process and the machine as they were."""

import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest

from engine import Engine, File, Program, Status
from policies import Isolation, Limits, Policy
from tests.support.jails import config
from tests.support.machine import (
    children,
    descendants,
    descriptors,
    group_folders,
    jailed,
    mounts,
    resident_mib,
    until,
    wardens,
)

pytestmark = [pytest.mark.jail, pytest.mark.slow]

RUNS = 500 if os.environ.get("ISORUN_TEST_ALL") else 200
SIDE_BY_SIDE = 8
#: The interpreter's heap settles within this; 500 leaks of a captured output alone would be above.
GROWTH_MIB = 24.0
#: It keeps nothing of a run but a few numbers.
GROWTH_OF_WARDEN_MIB = 2.0
CANCELLED_AFTER_SECONDS = 0.03


class Kind(NamedTuple):
    """One way for a run to end; without a status it is cancelled."""

    program: Program
    limits: Limits
    status: Status | None
    isolation: Isolation = Isolation()


KINDS = (
    Kind(Program(code="print('x' * 10_000)"), Limits(), Status.OK),
    Kind(Program(code="raise ValueError('wrong')"), Limits(), Status.ERROR),
    Kind(Program(code="list(range(10_000))"), Limits(), Status.OK),
    Kind(
        Program(
            code="open('out', 'wb').write(open('folder/in', 'rb').read() * 2)",
            files=(File(name="folder/in", data=b"x" * 100_000),),
        ),
        Limits(),
        Status.OK,
    ),
    Kind(Program(code="while True: pass"), Limits(wall_seconds=0.05), Status.TIMEOUT),
    Kind(Program(code="b'x' * (100 << 20)"), Limits(memory_mib=48), Status.MEMORY),
    Kind(Program(code="while True: print('x' * 99)"), Limits(output_kib=64), Status.OUTPUT),
    Kind(Program(code="import time; time.sleep(60)"), Limits(), None),
)


class Holdings(NamedTuple):
    """What the process and the machine hold; none of it may change at all."""

    descriptors: frozenset[str]
    descriptors_of_warden: int
    descendants: int
    groups: int
    mounts: int
    temporary: list[str]
    threads: int


def holdings() -> Holdings:
    [warden] = wardens()
    return Holdings(
        descriptors=frozenset(descriptors()),
        descriptors_of_warden=len(descriptors(warden)),
        descendants=len(descendants(warden)),
        groups=len(run_groups(warden)),
        mounts=len(mounts()),
        temporary=os.listdir(tempfile.gettempdir()),
        threads=len(own_threads()),
    )


def own_threads() -> list[str]:
    """Return the threads that last; of workers there are as many as work has been done at once."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if not name.startswith("AnyIO worker")]


def run_groups(warden: int) -> list[Path]:
    """Return the control groups of runs, and of the process that the warden keeps parked."""
    return [entry for folder in group_folders(warden) for entry in folder.iterdir() if entry.is_dir()]


def is_quiet() -> bool:
    """Whether no run is left and the warden has its next process parked, in its groups and no others."""
    [warden] = wardens()
    numbers = {folder.name for folder in run_groups(warden)}
    return not jailed(warden) and len(children(warden)) == 1 and len(numbers) == 1


@pytest.fixture
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


async def run_kind(engine: Engine, kind: Kind) -> None:
    policy = Policy(limits=kind.limits, isolation=kind.isolation)
    if kind.status is None:
        with anyio.move_on_after(CANCELLED_AFTER_SECONDS) as scope:
            await engine.run(kind.program, policy)
        assert scope.cancelled_caught
        return
    result = await engine.run(kind.program, policy)
    assert result.status is kind.status, result


async def run_all(engine: Engine, count: int, kinds: Sequence[Kind] = KINDS) -> None:
    """Run kinds in turn, several at once."""
    limiter = anyio.CapacityLimiter(SIDE_BY_SIDE)

    async def run_one(number: int) -> None:
        async with limiter:
            await run_kind(engine, kinds[number % len(kinds)])

    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(run_one, number)


async def test_hundreds_of_mixed_runs_leave_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # others use the common one at the same time
    async with Engine(config()) as engine:
        await run_all(engine, 8 * len(KINDS))  # worker threads, caches and the heap reach their size
        await until(is_quiet, what="the runs have gone")
        [warden] = wardens()
        before, ours_before, wardens_before = holdings(), resident_mib(), resident_mib(warden)

        await run_all(engine, RUNS)

        await until(is_quiet, what="the runs have gone")
        assert holdings() == before
        assert resident_mib() - ours_before < GROWTH_MIB
        assert resident_mib(warden) - wardens_before < GROWTH_OF_WARDEN_MIB
        assert engine.stats().active == 0
