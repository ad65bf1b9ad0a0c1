"""The nsjail runtime passes the conformance suite: started by exec and forked, in two languages."""

from collections.abc import AsyncGenerator

import pytest

from engine import Engine, Program
from runtimes.conformance import BASH, PYTHON, Check, Language, checks_for, run_check
from tests.support.jails import config

CASES = [
    pytest.param(language, check, id=f"{language.name}-{check.name}")
    for language in (PYTHON, BASH)
    for check in checks_for(language)
]
FORKED = [pytest.param(check, id=check.name) for check in checks_for(PYTHON)]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    async with Engine(config()) as opened:
        yield opened


@pytest.fixture(scope="module")
async def forking_engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    async with Engine(config(fork=True)) as opened:
        yield opened


@pytest.mark.jail
@pytest.mark.slow
@pytest.mark.parametrize(("language", "check"), CASES)
async def test_nsjail_conforms(engine: Engine, language: Language, check: Check) -> None:
    await run_check(engine, check, language)


@pytest.mark.jail
@pytest.mark.slow
@pytest.mark.parametrize("check", FORKED)
async def test_forked_jails_conform(forking_engine: Engine, check: Check) -> None:
    await run_check(forking_engine, check, PYTHON)


@pytest.mark.jail
async def test_forking_engine_forks(forking_engine: Engine) -> None:
    result = await forking_engine.run(Program(code="1"))

    assert (result.isolation.path, result.isolation.fallback) == ("fork", None)
