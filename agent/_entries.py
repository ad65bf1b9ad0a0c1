"""Entries of a table in plain text: what stands before the colon, what comes after, and the form of both."""

import re
from collections.abc import Sequence
from typing import NamedTuple

#: Longer ones are no amounts, and cost time that grows faster than they do.
NUMBER = r"-?\d{1,40}(?:\.\d{1,40})?"
#: What is longer is a sentence.
_MAX_ENTRY = 600
#: Clock times, dates, fractions, and thousands in groups are no plain numbers; better not read than wrongly.
_UNCLEAR = re.compile(r"\d[:/]\d|\d-\d+-\d|\d,\d{3}(?!\d)")
#: `1-5` is a number of things that have no number.
_SPAN = re.compile(r"\d[\u2013-]\d")
_MARK = re.compile(r"\A\s*[-*\u2022]\s+")
_LINK = re.compile(r"\s*(?:<?->|<?=>|\u2192|\u2194|\u2013|\u2014|-|&|\bto\b|\band\b|\bwith\b)\s*")
#: `item 3: ...`, `J3 = ...`, `3) ...`, `3. ...`, `A (...`.
_HEADED = re.compile(
    r"(?P<head>\w[\w '>\u2192\u2013-]{0,40}?)"
    r"(?:\s*[:=]\s*|\)\s+|\.\s+|\s+[\u2013\u2014-]\s+|\s*(?=\())(?P<rest>\S.*)"
)
_NAME = re.compile(r"(?:[A-Za-z_][\w'-]*\s+){0,2}?[A-Za-z_]*\d+|[A-Za-z_][\w'-]*(?: [A-Za-z_][\w'-]*)?")
_TOKEN = re.compile(
    rf"(?P<number>(?<![\w.)]){NUMBER}(?![\w.]*\d))"
    r"|(?P<label>[A-Za-z_]+\d+)|(?P<word>[A-Za-z_][\w']*)|(?P<sign>\S)"
)

type Value = int | float | str


class Token(NamedTuple):
    """A number, a label such as `J3`, a word or a sign."""

    kind: str
    text: str

    @property
    def varies(self) -> bool:
        """Whether it may differ from entry to entry."""
        return self.kind in ("number", "label")

    @property
    def value(self) -> Value:
        """What a program takes it for."""
        if self.kind != "number":
            return self.text
        return float(self.text) if "." in self.text else int(self.text)


class Entry(NamedTuple):
    """A row of a table.

    Attributes:
        labels: What it is called: nothing, a name, or the two ends of a link.
        form: What its name has in common with those of others.
        rest: What is said of it.
    """

    labels: tuple[Value, ...]
    form: str
    rest: str

    @property
    def tokens(self) -> list[Token]:
        """The parts of what is said of it."""
        return tokens_of(self.rest)

    @property
    def values(self) -> tuple[Value, ...]:
        """The numbers and labels of what is said of it."""
        return values_of(self.tokens)


def entry_of(text: str) -> Entry | None:
    """Read a text as an entry; None if it is none, or if its numbers are not plain ones."""
    text = _MARK.sub("", text, count=1).strip().rstrip(".,;").rstrip()
    if not text or len(text) > _MAX_ENTRY or _UNCLEAR.search(text):
        return None
    ends = _ends(text)
    if ends:
        return Entry(ends, "link", "")
    match = _HEADED.fullmatch(text)
    if match is None:
        return None if _SPAN.search(text) else Entry((), "", text)
    if _SPAN.search(match["rest"]):
        return None
    ends = _ends(match["head"])
    if ends:
        return Entry(ends, "link", match["rest"])
    name = match["head"].strip()
    if not _NAME.fullmatch(name):
        return None
    before = name.rstrip("0123456789")
    return Entry((plain(name),), "name" if before == name else f"{before.casefold()}#", match["rest"])


def tokens_of(text: str) -> list[Token]:
    """Divide a text into numbers, labels, words and signs."""
    return [Token(str(match.lastgroup), match[0]) for match in _TOKEN.finditer(text)]


def values_of(tokens: Sequence[Token]) -> tuple[Value, ...]:
    """Return the numbers and labels."""
    return tuple(token.value for token in tokens if token.varies)


def shape_of(tokens: Sequence[Token]) -> str:
    """Return what entries of one form have in common; `day` and `days` are the same word."""
    return " ".join("#" if token.varies else token.text.casefold().rstrip("s") for token in tokens)


def _ends(text: str) -> tuple[Value, ...]:
    """Return the ends of `A-B`, `3 -> 4`, `3 and 4` or `from 3 to 4`; nothing if it is none of these."""
    parts = _LINK.split(text.strip().removeprefix("from "))
    return tuple(map(plain, parts)) if len(parts) == 2 and all(map(_is_word, parts)) else ()


def _is_word(text: str) -> bool:
    return re.fullmatch(r"\w+", text) is not None


def plain(text: str) -> Value:
    """Return a whole number as one, and anything else as it is."""
    return int(text) if text.isdecimal() else text
