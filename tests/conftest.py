"""Fixtures for every test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import _control_folder


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Logic is tested on both event loops; folders that start real jails override this."""
    return str(request.param)


@pytest.fixture(autouse=True)
def _own_configuration(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep out the developer's configuration and engine, and, but for their own tests, his containers."""
    if request.node.get_closest_marker("docker") is None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    for name in list(os.environ):
        if name.startswith("ISORUN_") and name != "ISORUN_CACHE_DIR":
            monkeypatch.delenv(name)
    monkeypatch.setenv("ISORUN_BACKGROUND", "0")


@pytest.fixture(scope="session", autouse=True)
def _own_control_sockets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the engines of the tests listen where nobody looks who is not a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield


@pytest.fixture
def control_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the engines of one test listen, in whichever place; nobody else does."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(_control_folder, "_RUN", tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / "isorun"


@pytest.fixture
def repository() -> Path:
    """The folder of the checkout."""
    return Path(__file__).resolve().parent.parent
