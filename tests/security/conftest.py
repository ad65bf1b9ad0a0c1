"""One engine and one set of canaries for all attacks of a module."""

import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from engine import Engine
from tests.support.canaries import Canaries, planted
from tests.support.jails import config

ENGINE_SECRET = "TEST_ENGINE_SECRET"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rows(*numbers): rows of the security checklist that a test covers")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


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
async def engine(anyio_backend: str, canaries: Canaries) -> AsyncGenerator[Engine]:
    async with Engine(config()) as opened:
        yield opened
