"""What can be said of an answer."""

import pytest

from agent import Check, Task
from agent._question_data import data_of
from agent._verifying import answer_checks, overlooked
from agent._writing import MAX_SOURCE
from engine import File


def check(question: str, program: str, answer: str, name: str, *, constant: bool = False) -> Check | None:
    checks = answer_checks(Task(question=question), program, answer, constant=constant)
    assert not any(check.strong for check in checks)
    return next((check for check in checks if check.name == name), None)


def passed(question: str, program: str, answer: str, name: str, *, constant: bool = False) -> bool | None:
    found = check(question, program, answer, name, constant=constant)
    return None if found is None else found.passed


@pytest.mark.parametrize(("constant", "result"), [(True, False), (False, None)])
def test_mere_constant_is_not_computed(constant: bool, result: bool | None) -> None:
    assert passed("Which?", "print(42)", "42", "computed", constant=constant) is result


@pytest.mark.parametrize(
    ("answer", "result"), [("nan", False), ("-inf", False), ("None", False), ("[]", False), ("0", None)]
)
def test_what_is_no_answer_is_not_finite(answer: str, result: bool | None) -> None:
    assert passed("Which?", "", answer, "finite") is result


@pytest.mark.parametrize(
    ("question", "answer", "result"),
    [
        ("How many boys are there?", "3", True),
        ("How many boys are there?", "3.0000000001", True),
        ("How many boys are there?", "0", True),
        ("How many boys are there?", "2.5", False),
        ("How many boys are there?", "-1", False),
        ("How many boys are there?", "three", None),
        ("How many dollars does he pay?", "2.5", None),
        ("How many more miles does she drive?", "2.5", None),
        ("What is the number of cars?", "2.5", False),
        ("How many there are is known. What is the mean?", "2.5", None),
        ("What is the probability of rain?", "0", True),
        ("What is the probability of rain?", "1", True),
        ("What is the probability of rain?", "1.01", False),
        ("What is the probability of rain?", "-0.1", False),
        ("What is the probability of rain?", "30 %", None),
        ("What is the probability of rain in percent?", "30", None),
        ("What is the price?", "-2.5", None),
    ],
)
def test_answer_lies_within_the_bounds_of_its_kind(question: str, answer: str, result: bool | None) -> None:
    assert passed(question, "", answer, "bounds") is result


@pytest.mark.parametrize(
    ("question", "program", "result"),
    [
        ("Of 12 apples 5 are red.", "print(12 - 5)", True),
        ("Of 12 apples 5 are red and 7 are green.", "print(12 - 5)", False),
        ("Of 12 apples 5 are red, 4 green and 3 yellow.", "print(12 - 5 - 4)", True),
        ("Of 12 apples 5 are red.", "print(12 - 4)", False),
        ("Of 12 apples 5 are red.", "print(", False),
        ("A tax of 8 % on $1,250.", "print(1250 * 0.08)", True),
        ("A tax of 8 % on $1,250.", "print(1250 * 8 / 100)", True),
        ("Sort 31, 17 and 45.", "print(sorted('31 17 45'.split()))", True),
        ("Is it -7 or 9?", "print(-7 + 9)", True),
        ("Two of them.", "print(1)", None),
        ("A dog has 2 ears.", "print(3)", None),
    ],
)
def test_numbers_of_the_question_are_in_the_program(question: str, program: str, result: bool | None) -> None:
    assert passed(question, program, "1", "numbers") is result


def test_missing_numbers_are_named() -> None:
    found = check("Of 12 apples 5 are red and 3.5 % rot.", "print(1)", "1", "numbers")

    assert found is not None
    assert found.detail == "not in the program: 12, 5, 3.5"


def test_numbers_may_stand_in_a_file_instead() -> None:
    task = Task(question="Sum the column of 12 rows.", files=(File(name="a.csv", data=b""),))

    checks = answer_checks(task, "print(sum(rows))", "3", constant=False)

    assert "numbers" not in [check.name for check in checks]


@pytest.mark.parametrize("program", ["(" * 5000, "1" * 5000, "9 " * MAX_SOURCE])
def test_any_program_can_be_read_for_numbers(program: str) -> None:
    assert passed("Of 12 apples 5 are red.", program, "1", "numbers") is False


_CRATES = "Crates of 4, 9, 7 and 5 kg, at most 12 a truck. How many trucks?"


@pytest.mark.parametrize(
    ("program", "numbers", "data", "left_out"),
    [
        ("print(bin_packing(sizes, 12))", True, True, []),
        ("print(bin_packing(sizes, 10))", False, True, ["12"]),
        ("print(bin_packing([4, 9, 7, 5], 12))", True, True, []),
        ("print(bin_packing([4, 9, 7], 12))", True, False, ["sizes"]),
        ("print(bin_packing(sizes=[4, 9, 7], capacity=12))", True, False, ["sizes"]),
        ("print(3)", False, False, ["sizes", "12"]),
    ],
)
def test_program_for_a_function_uses_the_data_and_the_numbers_beside_them(
    program: str, numbers: bool, data: bool, left_out: list[str]
) -> None:
    read = data_of(_CRATES).named_for(["bin_packing"])
    checks = answer_checks(Task(question=_CRATES), program, "3", constant=False, data=read)

    assert {check.name: check.passed for check in checks if check.name in ("numbers", "data")} == {
        "numbers": numbers,
        "data": data,
    }
    assert overlooked(program, read) == left_out


def test_data_that_are_for_no_function_need_not_be_used() -> None:
    checks = answer_checks(Task(question=_CRATES), "print(12)", "3", constant=False, data=data_of(_CRATES))

    assert "data" not in {check.name for check in checks}
