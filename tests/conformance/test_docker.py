"""The Docker runtime passes the conformance suite: fresh containers and waiting ones, in two languages."""

from collections.abc import AsyncGenerator

import msgspec
import pytest

from engine import Engine, Program
from engine._host import open_host
from runtimes.conformance import BASH, PYTHON, Check, Language, checks_for, run_check
from runtimes.docker import DockerRuntime
from tests.support.daemons import require_daemon
from tests.support.jails import config
from tests.support.machine import until
from tests.support.samples import sample

#: What an interpreter says of its program's values and errors is read by no one here.
_UNTOLD = {"value", "error", "syntax-error"}
_TELLING = {name: text for name, text in PYTHON.snippets.items() if name not in _UNTOLD}
_PYTHON = msgspec.structs.replace(PYTHON, snippets=_TELLING)
CASES = [
    pytest.param(language, check, id=f"{language.name}-{check.name}")
    for language, checks in ((_PYTHON, checks_for(_PYTHON)), (BASH, sample(checks_for(BASH), 6)))
    for check in checks
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real containers are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    require_daemon()
    settings = config(pool={"warm": 1})
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as opened:
            yield opened


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize(("language", "check"), CASES)
async def test_docker_conforms(engine: Engine, language: Language, check: Check) -> None:
    await run_check(engine, check, language)


@pytest.mark.docker
async def test_waiting_container_takes_a_program(engine: Engine) -> None:
    await until(lambda: all(pool.idle for pool in engine.stats().pools[:1]), what="a container waits")
    result = await engine.run(Program(code="print(1)"))

    assert (result.isolation.runtime, result.isolation.path, result.stdout) == ("docker", "warm", "1\n")
