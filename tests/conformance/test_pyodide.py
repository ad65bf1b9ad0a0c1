"""The Pyodide runtime passes the conformance suite: started on demand from its snapshot, and waiting."""

from collections.abc import AsyncGenerator

import pytest

from engine import Engine, Program
from engine._host import open_host
from policies import Isolation, Policy
from runtimes.conformance import PYODIDE, Check, checks_for, run_check
from runtimes.pyodide import PyodideRuntime
from tests.support.jails import config
from tests.support.machine import until
from tests.support.samples import sample

#: Each takes seconds of cpu time.
CASES = [pytest.param(check, id=check.name) for check in sample(checks_for(PYODIDE), 16)]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    settings = config(pool={"warm": 1})
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[PyodideRuntime(host)]) as opened:
            yield opened


@pytest.mark.jail
@pytest.mark.slow
@pytest.mark.parametrize("check", CASES)
async def test_pyodide_conforms(engine: Engine, check: Check) -> None:
    await run_check(engine, check, PYODIDE)


@pytest.mark.jail
async def test_waiting_pyodide_process_takes_the_program(anyio_backend: str) -> None:
    program, policy = Program(code="1"), Policy(isolation=Isolation(require=("pyodide",)))
    async with Engine(config(pool={"warm": 1})) as engine:
        first = await engine.run(program, policy)
        await until(lambda: engine.stats().pools[-1].idle == 1, what="a sandbox waits")
        result = await engine.run(program, policy)

    assert (first.isolation.path, first.value) == ("snapshot", 1)
    assert (result.isolation.runtime, result.isolation.path, result.value) == ("pyodide", "warm", 1)
