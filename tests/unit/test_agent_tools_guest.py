"""The guest's side of a call, up to where its process ends."""

import json
import os
from pathlib import Path

import pytest

from agent import _tools
from agent.guest import tools as guest

NUMBERS = {"number": 1}


class Ended(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a program would run, in a process that ends by an exception."""

    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(guest, "_FOLDER", str(tmp_path))
    monkeypatch.setattr(guest, "_numbers", iter(range(1, 100)))
    monkeypatch.setattr(guest, "_limit", 2)
    monkeypatch.setattr(os, "_exit", end)
    replied(tmp_path)
    return tmp_path


def replied(folder: Path, *replies: dict[str, object]) -> None:
    (folder / _tools.REPLIES_FILE).write_text(json.dumps(replies))


def past(name: str = "double", **outcome: object) -> dict[str, object]:
    return {"call": {"name": name, "arguments": NUMBERS}, **outcome}


def test_both_sides_agree_about_names() -> None:
    assert (guest._CALL, guest._REPLIES, guest._WAITS) == (
        _tools.CALL_FILE,
        _tools.REPLIES_FILE,
        _tools.WAITS,
    )


def test_call_without_reply_is_written_and_ends_the_process(folder: Path) -> None:
    with pytest.raises(Ended) as ended:
        guest._call("double", {"number": 1})

    assert ended.value.args == (_tools.WAITS,)
    written = json.loads((folder / _tools.CALL_FILE).read_text())
    assert written == {"name": "double", "arguments": {"number": 1}, "number": 1}


def test_call_with_reply_returns_it(folder: Path) -> None:
    replied(folder, past(reply=[1, None]))

    assert guest._call("double", {"number": 1}) == [1, None]
    assert not (folder / _tools.CALL_FILE).exists()


def test_error_reply_is_raised(folder: Path) -> None:
    replied(folder, past(error="no such city"))

    with pytest.raises(guest.ToolError, match="no such city"):
        guest._call("double", {"number": 1})


def test_other_call_than_before_is_written_with_its_number(folder: Path) -> None:
    replied(folder, past("triple", reply=3), past(reply=2))

    with pytest.raises(Ended):
        guest._call("double", {"number": 1})

    assert json.loads((folder / _tools.CALL_FILE).read_text())["number"] == 1


def test_call_above_the_budget_is_an_error_here(folder: Path) -> None:
    replied(folder, past(reply=1), past(reply=2))
    guest._call("double", {"number": 1})
    guest._call("double", {"number": 1})

    with pytest.raises(guest.ToolError, match="the budget of 2 calls is used up"):
        guest._call("double", {"number": 1})


def test_large_arguments_are_refused_here(folder: Path) -> None:
    with pytest.raises(guest.ToolError, match="allowed are 60,000"):
        guest._call("double", {"number": "x" * 60_000})


def test_arrays_sets_and_paths_are_passed_as_json(folder: Path) -> None:
    class Array:
        def tolist(self) -> list[int]:
            return [1, 2]

    with pytest.raises(Ended):
        guest._call("double", {"a": Array(), "b": {3}, "c": Path("/x")})

    written = json.loads((folder / _tools.CALL_FILE).read_text())
    assert written["arguments"] == {"a": [1, 2], "b": [3], "c": "/x"}


@pytest.mark.parametrize(("value", "error"), [(float("nan"), ValueError), (object(), TypeError)])
def test_what_json_has_not_is_the_programs_error(folder: Path, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        guest._call("double", {"number": value})
