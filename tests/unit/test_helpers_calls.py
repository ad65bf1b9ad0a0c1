"""Recorded calls: what is taken for one, how it is checked, and what a check is worth."""

import json
from pathlib import Path

import pytest

from agent._helper_calls import CALLS_FILE, Call, check_program, checks_of, recorded_calls
from agent._steps import Check
from agent.guest import check_calls, solvers
from agent.guest.solvers import _record
from engine import Artifact, IsolationInfo, Reason, Result, Status

_KNAPSACK = {
    "function": "knapsack",
    "arguments": {"values": [60, 100, 120], "weights": [10, 20, 30], "capacity": 50, "copies": [1, 1, 1]},
    "value": 220,
    "solution": [0, 1, 1],
}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_record, "_recorded", 0)


def _left(text: bytes | str) -> tuple[Artifact, ...]:
    data = text.encode() if isinstance(text, str) else text
    return (Artifact(name="other.txt", data=b"1"), Artifact(name=CALLS_FILE, data=data, size=len(data)))


def _calls(*calls: object) -> tuple[Call, ...]:
    return recorded_calls(_left("\n".join(json.dumps(call) for call in calls)))


def _result(value: object, status: Status = Status.OK) -> Result:
    reason = Reason.EXIT_ZERO if status is Status.OK else Reason.WALL_LIMIT
    return Result(status=status, reason=reason, value=value, isolation=IsolationInfo(runtime="fake"))


def _checks(answer: str, *calls: object) -> tuple[Check, ...]:
    """Check calls as the sandbox does, without one."""
    read = _calls(*calls)
    return checks_of(
        _result([check_calls.check(json.loads(json.dumps(call))) for call in calls]), read, answer
    )


def test_call_of_a_program_is_read_back() -> None:
    getattr(solvers, "knapsack")([60, 100, 120], [10, 20, 30], 50)  # noqa: B009 (made by a table)

    (call,) = recorded_calls(_left(Path(CALLS_FILE).read_bytes()))

    assert (call.function, call.value) == ("knapsack", 220)
    assert json.loads(bytes(call.solution)) == [0, 1, 1]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"function": "f", "arguments": {}}',
        '{"function": "f", "arguments": {}, "value": "5", "solution": null}',
        '{"function": "f", "arguments": {}, "value": NaN, "solution": null}',
        '{"function": "f", "arguments": {}, "value": 1e99, "solution": null}',
        '{"function": "f.g", "arguments": {}, "value": 1, "solution": null}',
        '{"function": "f", "arguments": {}, "value": 1, "solution": null, "strong": true}',
        '{"function": "f", "arguments": {], "value": 1, "solution": null}',
        b'{"function": "\xff", "arguments": {}, "value": 1, "solution": null}',
        '{"function": "%s", "arguments": {}, "value": 1, "solution": null}' % ("f" * 64),
        '{"function": "f", "arguments": %s, "value": 1, "solution": null}' % ("[" * 60_000),
        '{"function": "f", "arguments": "%s", "value": 1, "solution": null}' % ("x" * 64 * 1024),
    ],
)
def test_line_that_is_no_call_is_dropped(line: bytes | str) -> None:
    assert recorded_calls(_left(line)) == ()


def test_twenty_calls_are_taken_and_no_more() -> None:
    assert len(_calls(*[_KNAPSACK] * 20)) == 20
    assert len(_calls(*[_KNAPSACK] * 21)) == 20


def test_record_that_was_not_collected_is_none() -> None:
    skipped = Artifact(name=CALLS_FILE, data=b"", size=9**9, skipped="too large")

    assert recorded_calls((skipped,)) == ()
    assert recorded_calls(()) == ()
    assert checks_of(_result([]), ()) == ()


def test_checking_program_holds_the_calls_as_data_and_no_byte_of_another_program() -> None:
    calls = _calls(_KNAPSACK)

    program = check_program(calls)

    files = {file.name: file.data for file in program.files}
    assert program.environment == "data"
    assert "knapsack" not in str(program.code)
    assert json.loads(files["calls.json"] or b"") == [_KNAPSACK]
    assert {"isorun_check/check_calls.py", "isorun_check/solvers/packing.py"} <= set(files)


def test_right_answer_is_verified_strongly() -> None:
    constraints, smaller = _checks("The largest value is 220.", _KNAPSACK)

    assert (constraints.name, constraints.passed, constraints.strong) == ("constraints", True, True)
    assert "brute force has 220" in constraints.detail
    assert (smaller.name, smaller.passed, smaller.strong) == ("smaller-case", True, False)


@pytest.mark.parametrize("answer", ["221", "I do not know", "", "220 of 7"])
def test_answer_that_is_no_value_of_a_call_is_not_verified_strongly(answer: str) -> None:
    constraints, _ = _checks(answer, _KNAPSACK)

    assert (constraints.passed, constraints.strong) == (True, False)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"solution": [1, 1, 1]}, "above the capacity"),
        ({"solution": [0, 0, 1]}, "has the value 120, not 220"),
        ({"solution": [0, 2, 1]}, "taken too often"),
        ({"solution": [1, 1, 0], "value": 160}, "brute force has 220"),
    ],
)
def test_forged_or_wrong_solution_is_refused(change: dict[str, object], detail: str) -> None:
    (constraints, *_) = _checks("220", _KNAPSACK | change)

    assert (constraints.passed, constraints.strong) == (False, False)
    assert detail in constraints.detail


@pytest.mark.parametrize(
    "change",
    [
        {"function": "system"},
        {"arguments": {}},
        {"arguments": {"values": "x", "weights": None, "capacity": 1, "copies": 5}},
        {"solution": None},
        {"arguments": None},
    ],
)
def test_malformed_call_is_checked_by_nobody(change: dict[str, object]) -> None:
    (constraints,) = _checks("220", _KNAPSACK | change)

    assert (constraints.passed, constraints.strong) == (None, False)


def test_one_wrong_call_outweighs_right_ones() -> None:
    wrong = _KNAPSACK | {"solution": [1, 1, 1]}

    (constraints, *_) = _checks("220", _KNAPSACK, wrong)

    assert constraints.passed is False


@pytest.mark.parametrize(
    "result",
    [
        _result(None, Status.TIMEOUT),
        _result(None),
        _result("ok"),
        _result([]),
        _result([{"feasible": "yes"}]),
        _result([{"feasible": True}, {"feasible": True}]),
    ],
)
def test_check_that_did_not_end_well_decides_nothing(result: Result) -> None:
    (check,) = checks_of(result, _calls(_KNAPSACK), "220")

    assert (check.passed, check.strong) == (None, False)


@pytest.mark.parametrize(
    ("value", "answer", "is_same"),
    [
        (220, "220", True),
        (220, "220.0", True),
        (2200, "It is 2,200.", True),
        (220, "-220", False),
        (-5, "\u22125", True),
        (2.5, "2.50", True),
        (2.333333, "2.33", True),
        (2.333333, "2.3", False),
        (220, "220.004", True),
        (220, "221", False),
        (True, "True", True),
        (True, "yes.", True),
        (False, "True", False),
        (True, "1", False),
    ],
)
def test_answer_is_compared_with_the_value_of_the_call(value: float, answer: str, is_same: bool) -> None:
    call = _KNAPSACK | {"value": value}

    (check, *_) = checks_of(_result([{"feasible": True, "optimal": True}]), _calls(call), answer)

    assert check.strong is is_same
