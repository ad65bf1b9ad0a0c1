"""What a model is told about a program that failed."""

import pytest

from agent._repairing import instruction, is_repairable, needs_documents, syntax_instruction
from agent._running import Observed
from engine import IsolationInfo, Reason, Result, Status

WHOLE = "Write the whole corrected program again."


def observed(error: str = "", status: Status = Status.ERROR, *, passed: bool | None = None) -> Observed:
    result = Result(status=status, reason=Reason.EXIT_NONZERO, isolation=IsolationInfo(runtime="fake"))
    return Observed(result, error=error, passed=passed)


@pytest.mark.parametrize(
    ("seen", "repairable"),
    [
        (observed("ValueError: no"), True),
        (observed(status=Status.TIMEOUT), True),
        (observed(status=Status.OK, passed=False), True),
        (observed(status=Status.OK), False),
        (Observed(None, error="not run: no such language", ended="refused"), False),
        (Observed(None, error="stopped", ended="stopped"), False),
    ],
)
def test_program_that_ran_and_failed_is_repaired(seen: Observed, repairable: bool) -> None:
    assert is_repairable(seen) is repairable


@pytest.mark.parametrize(
    ("error", "needed"),
    [
        ("NameError: name 'x' is not defined", True),
        ("AttributeError: 'list' object has no attribute 'add'", True),
        ("TypeError: f() takes 1 argument", True),
        ("ModuleNotFoundError: No module named 'x'", True),
        ("ZeroDivisionError: division by zero", False),
        ("AssertionError: NameError", False),
        ("", False),
    ],
)
def test_errors_of_name_are_looked_up(error: str, needed: bool) -> None:
    assert needs_documents(observed(error)) is needed


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (observed("ValueError: no\nline 2: f()"), "The program failed:\nValueError: no\nline 2: f()"),
        (observed("timeout: 10 s", Status.TIMEOUT), "too slow"),
        (observed("memory: 512 MiB", Status.MEMORY), "too much memory"),
        (observed("the program printed nothing", Status.OK), "Print the answer."),
        (
            observed("AssertionError: f(1) == 2 is false\nline 9: x = 1"),
            "A test failed:\nf(1) == 2 is false\nThink",
        ),
        (observed("AssertionError"), "A test failed:\nan assertion\n"),
        (observed("the tests were not reached", Status.OK, passed=False), "the tests were not reached"),
    ],
)
def test_what_happened_is_said_with_one_instruction(seen: Observed, said: str) -> None:
    text = instruction(seen, ())

    assert said in text
    assert text.endswith(WHOLE)
    assert text.count(WHOLE) == 1


def test_problems_and_documents_stand_before_the_instruction() -> None:
    text = instruction(observed("NameError: x"), ("Undefined name `x` (line 1)",), "f(a, b)")

    assert text.splitlines()[-4:] == [
        "Undefined name `x` (line 1)",
        "From the documentation:",
        "f(a, b)",
        WHOLE,
    ]


def test_what_is_no_program_is_said_to_be_none() -> None:
    text = syntax_instruction(("SyntaxError: invalid syntax (line 1)",))

    assert text == f"This is not a valid program:\nSyntaxError: invalid syntax (line 1)\n{WHOLE}"
