"""Many runs on V8 that end in every way leave the process and the machine as they were."""

import os
import tempfile
from pathlib import Path

import pytest

from engine import Engine, File, Program, Status
from policies import Isolation, Limits
from tests.integration.test_leaks import (
    GROWTH_MIB,
    GROWTH_OF_WARDEN_MIB,
    Holdings,
    Kind,
    holdings,
    is_quiet,
    run_all,
    run_groups,
)
from tests.support.jails import config
from tests.support.machine import resident_mib, until, wardens
from tests.support.zygotes import families

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(180)]

RUNS = 240 if os.environ.get("ISORUN_TEST_ALL") else 18
#: Of each pool; its programs are started by a fork, others by an exec.
WARM = 2
DENO = Isolation(require=("deno",))
PYODIDE = Isolation(require=("pyodide",))

_COPY = """
import { copied } from './folder/module.js';
copied(Deno.readFileSync('folder/in'), (data) => Deno.writeFileSync('out', data));
"""
_MODULE = b"export const copied = (data, write) => write(data);"
_FILL = "const all = []; for (;;) all.push(new Uint8Array(1 << 22).fill(1));"
_SLEEP = "await new Promise((done) => setTimeout(done, 60_000));"


def javascript(code: str, *files: File) -> Program:
    return Program(code=code, language="javascript", files=files)


KINDS = (
    Kind(javascript("console.log('x'.repeat(10_000))"), Limits(), Status.OK, DENO),
    Kind(javascript("throw new TypeError('wrong')"), Limits(), Status.ERROR, DENO),
    Kind(Program(code="const n: number = 1; n + 1", language="typescript"), Limits(), Status.OK, DENO),
    Kind(
        javascript(
            _COPY, File(name="folder/in", data=b"x" * 100_000), File(name="folder/module.js", data=_MODULE)
        ),
        Limits(),
        Status.OK,
        DENO,
    ),
    Kind(javascript("for (;;);"), Limits(wall_seconds=0.1), Status.TIMEOUT, DENO),
    Kind(javascript(_FILL), Limits(memory_mib=96), Status.MEMORY, DENO),
    Kind(javascript("for (;;) console.log('x'.repeat(999))"), Limits(output_kib=64), Status.OUTPUT, DENO),
    Kind(javascript(_SLEEP), Limits(), None, DENO),
    Kind(
        Program(code="open('out', 'w').write(open('in').read())", files=(File(name="in", data=b"x" * 9999),)),
        Limits(),
        Status.OK,
        PYODIDE,
    ),
    Kind(Program(code="raise ValueError('wrong')"), Limits(), Status.ERROR, PYODIDE),
    Kind(Program(code="while True: pass"), Limits(wall_seconds=0.1), Status.TIMEOUT, PYODIDE),
    Kind(Program(code="import asyncio; await asyncio.sleep(60)"), Limits(), None, PYODIDE),
)


@pytest.fixture
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


def state() -> tuple[Holdings, int]:
    """Return what is held. Sandboxes that wait have other descriptors each time, as many as before."""
    held = holdings()
    return held._replace(descriptors=frozenset()), len(held.descriptors)


def is_settled(engine: Engine, waiting: int) -> bool:
    """Whether all that lives is what waits, the zygotes, and what each has prepared for the next run."""
    pools = engine.stats().pools
    if not waiting:
        return is_quiet() and not any(pool.live for pool in pools)
    [warden] = wardens()
    count = len(pools) * waiting
    zygotes = families(warden)
    inits = sum(len(family.inits()) for family in zygotes)
    groups = {folder.name for folder in run_groups(warden)}
    prepared = inits == count + len(zygotes) and len(groups) == inits + 1
    return prepared and all(pool.idle == pool.live == waiting for pool in pools)


@pytest.mark.parametrize(("waiting", "fork"), [(0, False), (WARM, True)], ids=["on demand", "warm"])
async def test_mixed_runs_leave_everything_as_it_was(
    waiting: int, fork: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # others use the common one at the same time
    async with Engine(config(fork=fork, pool={"warm": waiting})) as engine:
        await run_all(engine, 3 * len(KINDS), KINDS)  # worker threads, caches and the heap reach their size
        await until(lambda: is_settled(engine, waiting), what="the runs have gone")
        [warden] = wardens()
        before, ours_before, wardens_before = state(), resident_mib(), resident_mib(warden)

        await run_all(engine, RUNS, KINDS)

        await until(lambda: is_settled(engine, waiting), what="the runs have gone")
        assert state() == before
        assert resident_mib() - ours_before < GROWTH_MIB
        assert resident_mib(warden) - wardens_before < GROWTH_OF_WARDEN_MIB
        assert engine.stats().active == 0
