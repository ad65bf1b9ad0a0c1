"""Text for people's terminals: what a guest wrote can be seen, but cannot steer the terminal.

Bytes for a pipe or file pass unchanged. Text for a terminal, and every message of ours that quotes a
guest, goes through `visible`.
"""

import codecs
import re

# Control characters, DEL, C1, the characters that change the writing direction, and lone surrogates
# (which no terminal encoding can hold). Tab and line feed are harmless in output, not in a file name.
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}\ud800-\udfff]")
_UNSAFE_IN_LINE = re.compile(f"[\x00-\x1f\x7f-\x9f{_BIDI}\u2028\u2029\ud800-\udfff]")


def visible(text: str) -> str:
    """Replace control characters by visible signs; tabs and line feeds stay."""
    return _UNSAFE.sub(_sign, text)


def visible_line(text: str) -> str:
    """Replace control characters by visible signs, line feeds too: for names and other one-line text."""
    return _UNSAFE_IN_LINE.sub(_sign, text)


def visible_json(text: str) -> str:
    r"""Escape what JSON allows raw in a string but a terminal obeys; the data stay the same.

    In JSON these characters can stand in strings only, and there `\uXXXX` means the same.
    """
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def has_controls(text: str) -> bool:
    """Whether a file name would do something to a terminal or break a line."""
    return _UNSAFE_IN_LINE.search(text) is not None


class Neutralizer:
    """Makes one stream of bytes visible, chunk by chunk; a chunk may end inside a character."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """Return the text of all complete characters so far; bytes that are not UTF-8 become U+FFFD."""
        return visible(self._decoder.decode(data, final))


def _sign(match: re.Match[str]) -> str:
    """Name a character: the control picture for C0 and DEL, else its number."""
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
