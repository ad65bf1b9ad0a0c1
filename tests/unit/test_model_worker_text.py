"""From the bytes of tokens to text: whole characters, and stop strings that are never passed on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.models.worker.text import Assembler


def fed(assembler: Assembler, *parts: bytes) -> list[str]:
    """Return the pieces of an answer that comes in these parts."""
    return [*(assembler.feed(part) for part in parts), assembler.feed(b"", final=True)]


def test_text_comes_as_it_is_fed() -> None:
    assembler = Assembler([])

    pieces = fed(assembler, b"one ", b"two")

    assert pieces == ["one ", "two", ""]
    assert assembler.text == "one two"
    assert not assembler.stopped


def test_character_that_is_cut_waits_for_its_rest() -> None:
    first, second = "ü".encode()[:1], "ü".encode()[1:]

    assert fed(Assembler([]), first, second) == ["", "ü", ""]


def test_character_that_is_never_whole_is_replaced_at_the_end() -> None:
    assert fed(Assembler([]), b"a", "ü".encode()[:1]) == ["a", "", "\N{REPLACEMENT CHARACTER}"]


def test_answer_ends_before_the_stop_string() -> None:
    assembler = Assembler(["END"])

    pieces = fed(assembler, b"text END more", b"never")

    assert pieces == ["text ", "", ""]
    assert assembler.text == "text "
    assert assembler.stopped


def test_stop_string_in_two_parts_is_held_back_and_found() -> None:
    assembler = Assembler(["\n```"])

    pieces = fed(assembler, b"x = 1\n", b"``", b"` and so on")

    assert pieces == ["x = 1", "", "", ""]
    assert assembler.stopped


def test_what_only_looked_like_a_stop_string_is_passed_on() -> None:
    assembler = Assembler(["\n```"])

    pieces = fed(assembler, b"a\n``", b"b")

    assert pieces == ["a", "\n``b", ""]
    assert not assembler.stopped


def test_beginning_of_a_stop_string_at_the_end_belongs_to_the_answer() -> None:
    assembler = Assembler(["\n```"])

    pieces = fed(assembler, b"a\n``")

    assert pieces == ["a", "\n``"]
    assert assembler.text == "a\n``"


def test_earliest_of_several_stop_strings_ends_the_answer() -> None:
    assembler = Assembler(["late", "soon"])

    assembler.feed(b"ab soon late")

    assert assembler.text == "ab "


def test_empty_stop_string_stops_nothing() -> None:
    assembler = Assembler([""])

    assembler.feed(b"text")

    assert assembler.text == "text"
    assert not assembler.stopped


def test_stop_string_of_many_bytes_is_found_in_single_bytes() -> None:
    assembler = Assembler(["«Ende»"])

    fed(assembler, *(bytes([byte]) for byte in "gut «Ende» nie".encode()))

    assert assembler.text == "gut "


@given(st.text("ab\n`ü", max_size=30), st.lists(st.text("ab\n`ü", max_size=3), max_size=3), st.integers(1, 5))
def test_pieces_are_the_text_up_to_the_first_stop_string(whole: str, stop: list[str], size: int) -> None:
    data = whole.encode()
    assembler = Assembler(stop)

    pieces = fed(assembler, *(data[at : at + size] for at in range(0, len(data), size)))

    assert "".join(pieces) == assembler.text
    assert whole.startswith(assembler.text)
    assert not any(text and text in assembler.text for text in stop)
    assert assembler.stopped == any(text and text in whole for text in stop)
    assert assembler.stopped or assembler.text == whole


@pytest.mark.parametrize("part", [b"\xff\xfe", b"\x80", b"\xed\xa0\x80"])
def test_bytes_that_are_no_text_are_replaced(part: bytes) -> None:
    assembler = Assembler([])

    fed(assembler, part)

    assert set(assembler.text) == {"\N{REPLACEMENT CHARACTER}"}
