"""Where a daemon is looked for."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from engine import RuntimeUnavailableError
from runtimes.docker import _endpoint
from runtimes.docker._endpoint import find_socket


def listen(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    return listener


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder of the user, on a machine where the system has no daemon."""
    usual = _endpoint._usual_places
    monkeypatch.setattr(
        _endpoint,
        "_usual_places",
        lambda environ: (place for place in usual(environ) if place.is_relative_to(tmp_path)),
    )
    return tmp_path


def test_named_socket_is_taken(tmp_path: Path) -> None:
    with closing(listen(tmp_path / "d.sock")):
        found = find_socket({"DOCKER_HOST": f"unix://{tmp_path}/d.sock"})

    assert found == tmp_path / "d.sock"


@pytest.mark.parametrize(
    "host", ["tcp://127.0.0.1:2375", "ssh://me@there", "npipe:////./pipe/docker", "unix://d.sock", "/d.sock"]
)
def test_daemon_elsewhere_is_refused(host: str) -> None:
    with pytest.raises(RuntimeUnavailableError, match="elsewhere") as caught:
        find_socket({"DOCKER_HOST": host})

    assert host in str(caught.value)
    assert "unix:///" in caught.value.hint


def test_named_socket_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for name in ("missing", "file"):
        with pytest.raises(RuntimeUnavailableError, match=name):
            find_socket({"DOCKER_HOST": f"unix://{tmp_path}/{name}"})


def test_usual_places_begin_with_the_daemon_of_the_system() -> None:
    places = list(_endpoint._usual_places({"XDG_RUNTIME_DIR": "/run/user/7"}))

    assert [str(place) for place in places] == [
        "/var/run/docker.sock",
        "/run/user/7/docker.sock",
        "/run/podman/podman.sock",
        "/run/user/7/podman/podman.sock",
    ]


def test_first_socket_there_is_taken(own: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(own)}
    with closing(listen(own / "podman/podman.sock")):
        assert find_socket(environ) == own / "podman/podman.sock"
        with closing(listen(own / "docker.sock")):
            assert find_socket(environ) == own / "docker.sock"


def test_no_socket_says_where_it_was_looked_for_and_what_to_install(own: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match=r"docker\.sock") as caught:
        find_socket({"XDG_RUNTIME_DIR": str(own)})

    assert "install" in caught.value.hint
