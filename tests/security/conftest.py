"""One engine and one set of canaries for all attacks of a module, on every way to a sandbox."""

import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Literal, override

import pytest

from engine import Caller, Emit, Engine, EngineConfig, PolicyLike, Program, Result
from engine._caller import ANYBODY
from tests.support.canaries import Canaries, planted
from tests.support.jails import config

#: How a sandbox comes to be: by an nsjail of its own, or forked from a zygote.
type Way = Literal["exec", "fork"]

ENGINE_SECRET = "TEST_ENGINE_SECRET"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rows(*numbers): rows of the security checklist that a test covers")


class SureEngine(Engine):
    """An engine whose results must have come by one path, and not by a fall-back from another.

    Args:
        settings: Of the engine.
        path: What each result has to say.
    """

    def __init__(self, settings: EngineConfig, path: str) -> None:
        super().__init__(settings)
        self._path = path

    @override
    async def run(
        self,
        program: Program,
        policy: PolicyLike | None = None,
        *,
        emit: Emit | None = None,
        caller: Caller = ANYBODY,
    ) -> Result:
        result = await super().run(program, policy, emit=emit, caller=caller)
        assert (result.isolation.path, result.isolation.fallback) == (self._path, None)
        return result


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module", params=["exec", "fork"])
def way(request: pytest.FixtureRequest) -> Way:
    """How the sandboxes of a test come to be: every attack must end the same on both ways."""
    found: Way = request.param
    return found


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    folder: Path = tmp_path_factory.mktemp("canaries")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    os.environ[ENGINE_SECRET] = f"engine-secret-{os.urandom(16).hex()}"
    with planted(folder) as found:
        yield found
    del os.environ[ENGINE_SECRET]


@pytest.fixture(scope="module")
async def engine(anyio_backend: str, canaries: Canaries, way: Way) -> AsyncGenerator[Engine]:
    settings = config(fork=way == "fork")
    async with SureEngine(settings, path="fork" if way == "fork" else "cold") as opened:
        yield opened
