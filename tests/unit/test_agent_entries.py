"""Entries of tables in plain text."""

import pytest

from agent._entries import Token, entry_of, shape_of, tokens_of


@pytest.mark.parametrize(
    ("text", "labels", "form", "rest"),
    [
        ("crate 12: 4 kg", ("crate 12",), "crate #", "4 kg"),
        ("- crate 12: 4 kg,", ("crate 12",), "crate #", "4 kg"),
        ("B7 = [1, 2]", ("B7",), "b#", "[1, 2]"),
        ("3) width 4", (3,), "#", "width 4"),
        ("3. width 4", (3,), "#", "width 4"),
        ("Lyon: 3, 4", ("Lyon",), "name", "3, 4"),
        ("Lyon (3, 4)", ("Lyon",), "name", "(3, 4)"),
        ("4 -> 7: 12", (4, 7), "link", "12"),
        ("from 4 to 7: 12", (4, 7), "link", "12"),
        ("Q1-Q2", ("Q1", "Q2"), "link", ""),
        ("Ann and Ben.", ("Ann", "Ben"), "link", ""),
        ("4 7 12", (), "", "4 7 12"),
    ],
)
def test_entry_has_a_name_and_what_is_said_of_it(
    text: str, labels: tuple[object, ...], form: str, rest: str
) -> None:
    assert entry_of(text) == (labels, form, rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "Every one of the many workers: 3",
        "shift 1: 9:30",
        "day 1: 2024-05-01",
        "part 1: 1/2",
        "town 1: 1,200",
        "x: " + "1 " * 400,
    ],
)
def test_what_cannot_be_read_for_certain_is_no_entry(text: str) -> None:
    assert entry_of(text) is None


def test_tokens_are_numbers_labels_words_and_signs() -> None:
    tokens = tokens_of("J3 costs $-2.50, not 4")

    assert [token.kind for token in tokens] == ["label", "word", "sign", "number", "sign", "word", "number"]
    assert [token.value for token in tokens if token.varies] == ["J3", -2.5, 4]


def test_shape_is_the_same_up_to_numbers_and_their_plural() -> None:
    assert shape_of(tokens_of("1 day, J2")) == shape_of(tokens_of("12 Days, J9"))
    assert shape_of(tokens_of("1 day")) != shape_of(tokens_of("1 hour"))


def test_whole_number_is_no_decimal() -> None:
    assert [repr(token.value) for token in (Token("number", "7"), Token("number", "7.0"))] == ["7", "7.0"]
