"""The WASM runtime passes the conformance suite: started by exec, forked, and waiting."""

from collections.abc import AsyncGenerator

import pytest

from engine import Engine, Program
from engine._host import open_host
from runtimes.conformance import C, Check, checks_for, run_check
from runtimes.wasm import WasmRuntime
from tests.support.jails import config
from tests.support.machine import until

CHECKS = [pytest.param(check, id=check.name) for check in checks_for(C)]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module", params=[False, True], ids=["exec", "fork"])
async def engine(anyio_backend: str, request: pytest.FixtureRequest) -> AsyncGenerator[Engine]:
    settings = config(fork=request.param)
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[WasmRuntime(host)]) as opened:
            yield opened


@pytest.mark.jail
@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
async def test_wasm_conforms(engine: Engine, check: Check) -> None:
    await run_check(engine, check, C)


@pytest.mark.jail
async def test_waiting_process_takes_a_module(anyio_backend: str) -> None:
    program = Program(code="int main(void) { return 0; }", language="c")
    async with Engine(config(fork=True, pool={"warm": 1})) as engine:
        first = await engine.run(program)
        await until(lambda: engine.stats().pools[-1].idle == 1, what="a sandbox waits")
        result = await engine.run(program)

    assert (first.isolation.runtime, first.isolation.path, first.ok) == ("wasm", "fork", True)
    assert (result.isolation.runtime, result.isolation.path, result.ok) == ("wasm", "warm", True)
    assert (first.stages["compile"].status, result.stages["compile"].cached) == ("ok", True)
