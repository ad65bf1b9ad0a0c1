"""Comparing answers."""

import pytest

from agent._answers import number_of, numbers_in, readable, same_answer, stated_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        ("none", []),
        ("1,234,567.5 km", [1234567.5]),
        ("1,23", [1, 23]),
        ("-3 and \u22124", [-3, -4]),
        (".5 or 1e3", [0.5, 1000]),
        ("1e400", []),
        ("E0, -e5 and .e1", [0, 5, 1]),
        ("2E3 e", [2000]),
        ("x2 = 7.", [2, 7]),
    ],
)
def test_numbers_are_read_in_order(text: str, numbers: list[float]) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("answer", "number"), [("42", 42), ("$3.50 each", 3.5), ("2 of 3", None), ("yes", None)]
)
def test_answer_is_a_number_if_it_holds_one(answer: str, number: float | None) -> None:
    assert number_of(answer) == number


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("42", "42.0"),
        ("1,000", "1000 apples"),
        ("0.1", "0.1000000001"),
        ("0", "1e-12"),
        ("Paris.", "paris"),
        ("'a  b'", "a b"),
        ("[1, 2, 3]", "[1,2,3]"),
        ("[1.0, 2.0]", "[1, 2]"),
        ("(0.30000000000000004, 'x')", "(0.3, 'x')"),
        ("True", "true"),
    ],
)
def test_answers_that_say_the_same_are_the_same(first: str, second: str) -> None:
    assert same_answer(first, second)
    assert same_answer(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("42", "43"),
        ("1", "1.00001"),
        ("1e-7", "3e-7"),
        ("Paris", "London"),
        ("[1, 2, 3]", "[1, 3, 2]"),
        ("[1, 2]", "[1, 2, 2]"),
        ("12", "1, 2"),
        ("1 a 2", "1 b 2"),
        ("yes", "no"),
    ],
)
def test_answers_that_differ_are_not_the_same(first: str, second: str) -> None:
    assert not same_answer(first, second)


@pytest.mark.parametrize(
    ("answer", "text"), [("42.0", "42"), (" -3.00 ", "-3"), ("2.50", "2.50"), ("1.0 km", "1.0 km"), ("", "")]
)
def test_whole_number_is_written_as_one(answer: str, text: str) -> None:
    assert readable(answer) == text


def test_numbers_of_a_question_are_stated_once_and_without_names() -> None:
    question = "On the 3rd day, robot R2 moved -5 m, then 5 m, then 1,200 m in 2.5 h."

    assert stated_numbers(question) == [5, 1200, 2.5]
