from fractions import Fraction

import pytest

from agent.bench._numbers import MAX_CHARACTERS, last_number, numbers, only_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("42", 42),
        ("The total is 42.", 42),
        ("first 1, then 7 apples", 7),
        ("1,234,567", 1_234_567),
        ("1{,}234", 1234),
        ("$12.50", Fraction("12.5")),
        ("-$3", -3),
        ("about 15%", 15),
        ("\\$7\\%", 7),
        ("\u22125", -5),
        ("x=-3", -3),
        ("+4", 4),
        ("10-3", 3),
        ("3/4", Fraction(3, 4)),
        ("-1/8", Fraction(-1, 8)),
        ("\\frac{3}{4}", Fraction(3, 4)),
        ("\\dfrac{-3}{4}", Fraction(-3, 4)),
        ("1.5e3", 1500),
        ("2E-2", Fraction(1, 50)),
        (".5", Fraction(1, 2)),
        ("\\boxed{12} because of 99", 12),
        ("\\boxed{\\frac{1}{2}}", Fraction(1, 2)),
        ("12kg", 12),
        ("x1 + x2 = 9 in x3", 9),
        ("12345678901234567890", 12345678901234567890),
    ],
)
def test_last_number_is_read_in_any_way_of_writing(text: str, number: Fraction | int) -> None:
    assert last_number(text) == number


@pytest.mark.parametrize("text", ["", "none", "x1", "NaN", "infinity", "1/0 alone is none"])
def test_text_without_a_number_has_none(text: str) -> None:
    assert last_number(text) is None


def test_numbers_are_in_order() -> None:
    assert numbers("2 trucks and 3 cars cost 1,500") == [2, 3, 1500]


def test_groups_that_are_no_thousands_are_numbers_of_their_own() -> None:
    assert numbers("12,34") == [12, 34]


def test_exponent_that_would_fill_the_memory_is_not_followed() -> None:
    assert last_number("1e999") == Fraction("1e999")
    assert last_number("1e9999") == 1


def test_only_the_end_of_a_long_text_is_read() -> None:
    assert numbers("5" + " " * (MAX_CHARACTERS - 1)) == [5]
    assert numbers("5" + " " * MAX_CHARACTERS) == []


@pytest.mark.parametrize(("text", "number"), [("8", 8), (" 8.0 ", 8), ("$\\dfrac{1}{2}$", Fraction(1, 2))])
def test_text_that_is_a_number_is_read_as_one(text: str, number: Fraction | int) -> None:
    assert only_number(text) == number


@pytest.mark.parametrize("text", ["8 apples", "", "1 2", "0x1f", "(B)"])
def test_text_that_says_more_is_no_number(text: str) -> None:
    assert only_number(text) is None
