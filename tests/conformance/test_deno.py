"""The Deno runtime passes the conformance suite in both languages: started on demand, and waiting."""

from collections.abc import AsyncGenerator

import pytest

from engine import Engine, Program
from engine._host import open_host
from runtimes.conformance import JAVASCRIPT, TYPESCRIPT, Check, Language, checks_for, run_check
from runtimes.deno import DenoRuntime
from tests.support.jails import config
from tests.support.machine import until

CASES = [
    pytest.param(language, check, id=f"{language.name}-{check.name}")
    for language in (JAVASCRIPT, TYPESCRIPT)
    for check in checks_for(language)
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    settings = config(pool={"warm": 1})
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DenoRuntime(host)]) as opened:
            yield opened


@pytest.mark.jail
@pytest.mark.slow
@pytest.mark.parametrize(("language", "check"), CASES)
async def test_deno_conforms(engine: Engine, language: Language, check: Check) -> None:
    await run_check(engine, check, language)


@pytest.mark.jail
async def test_waiting_deno_process_takes_the_program(anyio_backend: str) -> None:
    program = Program(code="1", language="javascript")
    async with Engine(config(pool={"warm": 1})) as engine:
        first = await engine.run(program)
        await until(lambda: engine.stats().pools[-1].idle == 1, what="a sandbox waits")
        result = await engine.run(program)

    assert (first.isolation.path, first.value) == ("cold", 1)
    assert (result.isolation.runtime, result.isolation.path, result.value) == ("deno", "warm", 1)
