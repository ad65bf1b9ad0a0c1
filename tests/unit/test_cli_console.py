import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli._console import Neutralizer, has_controls, visible, visible_json, visible_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä 漢 😀", "plain ä 漢 😀"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("over\rwrite\x08", "over␍write␈"),
        ("\x00\x7f", "␀␡"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb\u2066c\u200f", "a\\u202eb\\u2066c\\u200f"),
        ("\udc80", "\\udc80"),
    ],
)
def test_visible_replaces_controls_by_signs(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_visible_line_keeps_one_line() -> None:
    assert visible_line("a\nerror: forged\tb") == "a␊error: forged␉b"


@given(st.text(alphabet=st.characters(codec=None)))
def test_visible_text_steers_no_terminal(text: str) -> None:
    shown = visible(text)

    assert all(character in "\t\n" or ord(character) >= 0x20 for character in shown)
    assert not any(0x7F <= ord(character) <= 0x9F for character in shown)
    assert not has_controls(visible_line(text))
    assert visible(shown) == shown


@given(st.text())
def test_visible_json_is_the_same_data(text: str) -> None:
    document = json.dumps({"text": text}, ensure_ascii=False)

    shown = visible_json(document)

    assert json.loads(shown) == {"text": text}
    assert visible(shown) == shown


@given(st.binary(max_size=200), st.integers(min_value=1, max_value=7))
def test_neutralizer_gives_the_same_text_for_any_cut(data: bytes, size: int) -> None:
    neutralizer = Neutralizer()

    pieces = [neutralizer.feed(data[at : at + size]) for at in range(0, len(data), size)]
    pieces.append(neutralizer.feed(b"", final=True))

    assert "".join(pieces) == visible(data.decode("utf-8", "replace"))


def test_neutralizer_holds_back_half_a_character() -> None:
    neutralizer = Neutralizer()

    assert neutralizer.feed(b"a\xc3") == "a"
    assert neutralizer.feed(b"\xa4b") == "äb"


def test_neutralizer_shows_an_escape_made_of_two_chunks() -> None:
    # C1 CSI is U+009B, in UTF-8 two bytes.
    neutralizer = Neutralizer()

    assert neutralizer.feed(b"\xc2") + neutralizer.feed(b"\x9b") == "\\x9b"
