"""What a user would take instead: found or not, and measured in turns with the floor."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import ConfigError
from engine.bench._floor import MeasureError
from engine.bench._peers import PEERS, Containers, Peer, chosen, measure_peer
from engine.bench._record import Measurement

from ._bench import Measured


def peer(once: Callable[[], dict[str, float]], missing: str = "") -> Peer:
    return Peer("other", missing, once)


async def test_peer_takes_turns_with_the_floor() -> None:
    measured = Measured()

    await measure_peer(measured.bench, peer(lambda: {"cold": 30.0, "session": 3.0}))

    assert measured.measurements == [
        Measurement(
            bench="startup",
            contender="other",
            is_peer=True,
            path=path,
            variant="nothing",
            measure="result",
            unit="ms",
            values=(value,) * 4,
            floor=(1.0, 2.0, 3.0, 4.0),
        )
        for path, value in (("cold", 30.0), ("session", 3.0))
    ]


async def test_missing_peer_leaves_a_note_that_says_how_to_get_it() -> None:
    measured = Measured()

    await measure_peer(measured.bench, peer(lambda: {}, "not here; `pip install other` gets it"))

    assert measured.notes == ["other: not here; `pip install other` gets it"]
    assert measured.measurements == []


async def test_peer_that_fails_keeps_what_it_gave_and_leaves_a_note() -> None:
    calls = iter([{"": 1.0}, {"": 2.0}, {"": 3.0}])

    def once() -> dict[str, float]:
        try:
            return next(calls)
        except StopIteration:
            raise MeasureError("it broke") from None

    measured = Measured()

    await measure_peer(measured.bench, peer(once))

    assert [(one.values, one.floor) for one in measured.measurements] == [((2.0, 3.0), (1.0, 2.0))]
    assert measured.notes == ["other: it broke"]


def test_unknown_peer_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="`best`") as caught:
        chosen(("subprocess", "best"), Containers())

    assert caught.value.hint == f"peers: {', '.join(PEERS)}"


def test_peer_that_is_named_twice_is_measured_once() -> None:
    assert [one.name for one in chosen(("subprocess", "subprocess"), Containers())] == ["subprocess"]


def test_containers_that_are_not_there_say_why() -> None:
    found = chosen(("docker", "llm-sandbox"), Containers(reason="no daemon"), find_module=str)

    assert [one.missing for one in found] == ["no daemon", "no daemon"]


@pytest.mark.parametrize("name", ["jupyter", "llm-sandbox", "eryx", "monty", "microsandbox"])
def test_package_that_is_not_there_is_named_with_the_interpreter_that_lacks_it(name: str) -> None:
    (found,) = chosen((name,), Containers(), find_module=lambda module: None)

    assert found.missing.startswith(f"`{sys.executable}` lacks it; `pip install ")


def test_plain_interpreter_is_measured() -> None:
    (found,) = chosen(("subprocess",), Containers())

    assert not found.missing
    assert [*found.once()] == [""]
    assert 1 < found.once()[""] < 60_000


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is searched first for commands."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def command(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_bwrap_runs_the_same_program_without_a_network(commands: Path) -> None:
    command(commands, "bwrap", f'echo "$@" > {commands}/said; echo 2')

    (found,) = chosen(("bwrap",), Containers())
    found.once()

    said = (commands / "said").read_text()
    assert "--unshare-all" in said
    assert said.endswith("-I -c print(1+1)\n")


def test_docker_runs_our_image_without_a_network(commands: Path) -> None:
    docker = command(commands, "docker", f'echo "$@" > {commands}/said; echo 2')

    (found,) = chosen(("docker",), Containers((docker, "--host", "unix:///x"), "isorun/python:1"))
    paths = found.once()

    assert [*paths] == ["cold"]
    assert (commands / "said").read_text() == (
        "--host unix:///x run --rm --network none isorun/python:1 python3 -c print(1+1)\n"
    )


def test_command_that_prints_something_else_is_not_measured(commands: Path) -> None:
    command(commands, "bwrap", "echo 3")

    (found,) = chosen(("bwrap",), Containers())

    with pytest.raises(MeasureError, match="wrote '3"):
        found.once()
