"""The nsjail runtime passes the conformance suite, in a compiled-in language and in one started by exec."""

from collections.abc import AsyncGenerator

import pytest

from engine import Engine
from runtimes.conformance import BASH, PYTHON, Check, Language, checks_for, run_check
from tests.support.jails import config

CASES = [
    pytest.param(language, check, id=f"{language.name}-{check.name}")
    for language in (PYTHON, BASH)
    for check in checks_for(language)
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    async with Engine(config()) as opened:
        yield opened


@pytest.mark.jail
@pytest.mark.slow
@pytest.mark.parametrize(("language", "check"), CASES)
async def test_nsjail_conforms(engine: Engine, language: Language, check: Check) -> None:
    await run_check(engine, check, language)
