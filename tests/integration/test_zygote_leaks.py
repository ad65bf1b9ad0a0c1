"""A thousand forked runs that end in every way leave everything as it was, the zygote's jail too."""

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

from engine import Engine, PoolConfig
from runtimes.jails import _zygote
from tests.integration.test_leaks import (
    GROWTH_MIB,
    GROWTH_OF_WARDEN_MIB,
    Holdings,
    holdings,
    run_all,
    run_groups,
)
from tests.support.machine import descriptors, resident_mib, until, wardens
from tests.support.zygotes import Family, forking_engine, the_family

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(300)]

#: Wait in line at once.
BATCH = 100
#: Ours, the warden's, and of two that keep nothing of a run after its end.
GROWTH = (GROWTH_MIB, GROWTH_OF_WARDEN_MIB, 1.0, 1.0)


@pytest.fixture
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


class Jail(NamedTuple):
    """What a zygote's jail holds; none of it may change at all."""

    family: Family
    descriptors: tuple[int, ...]
    inits: int
    programs: int


def jail() -> Jail:
    [warden] = wardens()
    family = the_family(warden)
    held = tuple(len(descriptors(pid)) for pid in family)
    return Jail(family, held, len(family.inits()), len(family.programs()))


def memory() -> list[float]:
    """Return the resident memory of all that stays: ours, the warden's, the maker's, the zygote's."""
    [warden] = wardens()
    family = the_family(warden)
    return [resident_mib(), *map(resident_mib, (warden, family.maker, family.zygote))]


def state() -> tuple[Holdings, int, Jail]:
    """Return what is held. Children that wait have other descriptors each time, as many as before."""
    held = holdings()
    return held._replace(descriptors=frozenset()), len(held.descriptors), jail()


async def settled(engine: Engine, waiting: int) -> tuple[Holdings, int, Jail]:
    """Wait until no run is left and the next ones are prepared; return what is held."""
    await until(lambda: is_settled(engine, waiting), what="the runs have gone and the next ones are prepared")
    return state()


@pytest.mark.parametrize(("warm", "batches"), [(0, 45 if os.environ.get("ISORUN_TEST_ALL") else 5), (2, 2)])
async def test_a_thousand_forked_runs_leave_everything_as_it_was(
    warm: int, batches: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # others use the common one at the same time
    monkeypatch.setattr(_zygote, "MAX_FORKS", 10**6)
    async with forking_engine(PoolConfig(warm=warm, max_warm=warm)) as engine:
        await run_all(engine, BATCH)  # worker threads, caches and the heap reach their size
        held, before = await settled(engine, warm), memory()

        for _ in range(batches):
            await run_all(engine, BATCH)

        assert await settled(engine, warm) == held
        grown = [after - mib for after, mib in zip(memory(), before, strict=True)]
        assert all(mib < limit for mib, limit in zip(grown, GROWTH, strict=True)), grown
        assert engine.stats().active == 0


def is_settled(engine: Engine, waiting: int) -> bool:
    """Whether all that lives is a zygote, children that wait, and what is prepared for the next one."""
    [warden] = wardens()
    found = jail()
    groups = {folder.name for folder in run_groups(warden)}
    prepared = found.inits == waiting + 1 and len(groups) == waiting + 2
    [pool] = engine.stats().pools
    return prepared and found.programs == pool.idle == pool.live == waiting
