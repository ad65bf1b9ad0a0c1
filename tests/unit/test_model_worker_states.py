"""States on disk: whole or not there, and never more than some."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.models.worker.states import MAX_STATES, States

TOKENS = [1, 2, 3]
STATE = b"the state after these tokens" * 10


def writing(data: bytes) -> Callable[[bytes], int]:
    """Return what llama.cpp does: write a file, and say how much."""

    def write(name: bytes) -> int:
        return Path(os.fsdecode(name)).write_bytes(data)

    return write


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_state_is_found_by_its_tokens(tmp_path: Path) -> None:
    states = States(tmp_path / "states", "model")

    states.keep(TOKENS, writing(STATE))

    path = states.find(TOKENS)
    assert path is not None
    assert path.read_bytes().startswith(STATE)
    assert states.find([1, 2]) is None


def test_state_of_another_model_is_not_found(tmp_path: Path) -> None:
    States(tmp_path, "model").keep(TOKENS, writing(STATE))

    assert States(tmp_path, "other").find(TOKENS) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data + b"x",
        lambda data: data[:50] + bytes([data[50] ^ 1]) + data[51:],
        lambda data: data[:-20] + bytes(20),
    ],
)
def test_state_that_is_not_whole_is_not_found_until_it_is_kept_again(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    states = States(tmp_path, "model")
    states.keep(TOKENS, writing(STATE))
    [path] = tmp_path.iterdir()
    path.write_bytes(spoil(path.read_bytes()))

    found = states.find(TOKENS)
    states.keep(TOKENS, writing(STATE))

    assert found is None
    assert states.find(TOKENS) == path


def test_state_that_could_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    def write(name: bytes) -> int:
        Path(os.fsdecode(name)).write_bytes(b"half")
        return 0

    States(tmp_path, "model").keep(TOKENS, write)

    assert names(tmp_path) == set()


def test_as_many_states_as_allowed_are_kept(tmp_path: Path) -> None:
    states = States(tmp_path, "model")

    for number in range(MAX_STATES):
        states.keep([number], writing(STATE))

    assert all(states.find([number]) for number in range(MAX_STATES))


def test_one_more_removes_the_one_that_was_not_used_for_longest(tmp_path: Path) -> None:
    states = States(tmp_path, "model")
    for number in range(MAX_STATES):
        states.keep([number], writing(STATE))
        path = states.find([number])
        assert path is not None
        os.utime(path, (number, number))
    states.find([0])

    states.keep([MAX_STATES], writing(STATE))

    assert len(names(tmp_path)) == MAX_STATES
    assert states.find([1]) is None
    assert states.find([0]) is not None


def test_what_killed_processes_left_is_removed_in_time(tmp_path: Path) -> None:
    states = States(tmp_path, "model")
    (tmp_path / "abc.12345").write_bytes(b"half")
    os.utime(tmp_path / "abc.12345", (1, 1))

    for number in range(MAX_STATES):
        states.keep([number], writing(STATE))

    assert "abc.12345" not in names(tmp_path)


def test_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    states = States(tmp_path / "file" / "states", "model")

    states.keep(TOKENS, writing(STATE))

    assert states.find(TOKENS) is None
