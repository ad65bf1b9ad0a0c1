"""Tests as a program."""

import ast

import pytest

from agent._tests import CANDIDATE, can_test, is_passed, telling, with_tests
from agent._writing import MAX_SOURCE
from engine import IsolationInfo, Reason, Result, Status

NONCE = "0123456789abcdef"


def result(stdout: bytes = b"", stderr: bytes = b"", value: object = None, *, ok: bool = True) -> Result:
    return Result(
        status=Status.OK if ok else Status.ERROR,
        reason=Reason.EXIT_ZERO if ok else Reason.EXIT_NONZERO,
        stdout_bytes=stdout,
        stderr_bytes=stderr,
        value=value,
        isolation=IsolationInfo(runtime="fake"),
    )


def message_of(tests: str, **names: object) -> str:
    """Run assertions of this test file, and return what the first one that fails says."""
    code = compile(telling(tests), "tests", "exec")
    try:
        exec(code, names)
    except AssertionError as error:
        return str(error)
    return "passed"


def test_python_program_is_a_module_of_its_own_without_the_word() -> None:
    code, files = with_tests("def f(): return 1", "assert f() == 1", "python", NONCE)

    assert [(file.name, file.data) for file in files] == [(CANDIDATE, b"def f(): return 1")]
    assert "def f" not in code
    assert ast.literal_eval(code.splitlines()[-1]) == NONCE


@pytest.mark.parametrize("language", ["javascript", "typescript", "bash", "sh", "perl", "c", "cpp"])
def test_other_programs_stand_before_their_tests(language: str) -> None:
    code, files = with_tests("SOURCE {}", "TESTS {}", language, NONCE)

    assert files == ()
    assert code.index("SOURCE {}") < code.index("TESTS {}") < code.index(NONCE)


@pytest.mark.parametrize(
    ("language", "possible"), [("python", True), ("c", True), ("tcl", False), ("", False)]
)
def test_tests_are_possible_where_a_program_can_say_the_word(language: str, possible: bool) -> None:
    assert can_test(language) is possible


@pytest.mark.parametrize(
    ("ran", "passed"),
    [
        (result(value=NONCE), True),
        (result(value=NONCE, ok=False), False),
        (result(value=None), False),
        (result(value="verified"), False),
        (result(value=[NONCE]), False),
        (result(stdout=NONCE.encode()), False),
        (result(b"all tests passed\n", value=True), False),
    ],
)
def test_value_has_to_be_the_word(ran: Result, passed: bool) -> None:
    assert is_passed(ran, "python", NONCE) is passed


def test_assertion_that_only_prints_is_a_failure() -> None:
    ran = result(stderr=b"Assertion failed: no\n", value=NONCE)

    assert not is_passed(ran, "javascript", NONCE)
    assert is_passed(ran, "python", NONCE)


@pytest.mark.parametrize(
    ("ran", "passed"),
    [
        (result(b"out\n\n0123456789abcdef\n"), True),
        (result(b"0123456789abcdef\nmore\n"), False),
        (result(b"0123456789abcdef\n", ok=False), False),
        (result(b"ok\n"), False),
        (result(value=NONCE), False),
    ],
)
def test_last_printed_line_has_to_be_the_word_where_there_are_no_values(ran: Result, passed: bool) -> None:
    assert is_passed(ran, "c", NONCE) is passed


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ("assert f(2) == 4", "f(2) == 4 is false, the left side is 3"),
        ("assert f(2) > 4", "f(2) > 4 is false"),
        ("assert not f(2)", "not f(2) is false"),
        ("assert f(2) == 4, 'mine'", "mine"),
        ("def check(g):\n    assert g(2) == 4\ncheck(f)", "g(2) == 4 is false, the left side is 3"),
        ("class A:\n    assert f(1) == 1", "f(1) == 1 is false, the left side is 2"),
        (
            "assert [f(x) for x in (1, 2)] == [2]",
            "[f(x) for x in (1, 2)] == [2] is false, the left side is [2, 3]",
        ),
        ("assert (lambda: f(1))() == 1", "(lambda: f(1))() == 1 is false, the left side is 2"),
        ("assert (x := f(1)) == 1", "(x := f(1)) == 1 is false, the left side is 2"),
        ("assert 1 < f(1) == 3", "1 < f(1) == 3 is false"),
        ("assert f(1) == 2", "passed"),
    ],
)
def test_assertions_say_what_was_found(tests: str, message: str) -> None:
    assert message_of(tests, f=lambda x: x + 1) == message


def test_asynchronous_assertions_say_what_was_found() -> None:
    told = telling("async def check():\n    assert await f(2) == 4\n")

    assert "_found := (await f(2))" in told


def test_what_an_assertion_says_is_limited() -> None:
    message = message_of(f"assert f() == {'1' * 500}", f=lambda: "a" * 5000)

    assert len(message) < 700


@pytest.mark.parametrize("tests", ["assert (", "x" * (MAX_SOURCE + 1), "assert \0"])
def test_tests_that_cannot_be_read_stay_as_they_are(tests: str) -> None:
    assert telling(tests) == tests
