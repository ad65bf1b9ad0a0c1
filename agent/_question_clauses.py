"""Conditions of which one part has to hold, in signs or in words.

`x1 or not x2`, and as well `vent 1 is open or vent 2 is closed`: two states of things that have names.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ._tables import Given, Read

_LITERAL = r"(?:not\s+|[~!\u00ac-])?[A-Za-z]\w*"
_CLAUSE = rf"{_LITERAL}(?:\s*(?:\bor\b|\|\|?|\u2228)\s*{_LITERAL})+"
_CLAUSE_LINE = re.compile(rf"[ \t]*(?:\d+[.)][ \t]+)?({_CLAUSE})[ \t,;.]*", re.IGNORECASE)
_CLAUSE_IN_BRACKETS = re.compile(rf"\(\s*({_CLAUSE})\s*\)", re.IGNORECASE)
_FEWEST = 3
_OR = re.compile(r"\s*,?\s+or\s+|\s*,\s*")
_HAS_OR = re.compile(r"\bor\b")
#: What stands before and behind a condition on a line of its own.
_MARKS = re.compile(r"\A\s*(?:[-*\u2022]|\d+[.)])?\s*(?:(?:assert|require|either)\s+)?|[\s.;|]*\Z")
_IN_BRACKETS = re.compile(r"\(([^()]{5,200})\)")
_MAX_WORDS = 6
_NO = frozenset({"no", "not"})


class _Phrase(NamedTuple):
    """A part of a condition: something, and in which of two states it is."""

    name: str
    holds: bool


def clauses_of(question: str) -> Read | None:
    """Read or-clauses, each in brackets or on a line of its own; None if there are none that are clear."""
    return _in_signs(question) or _in_words(question)


def _in_signs(question: str) -> Read | None:
    found = [match[1] for match in _CLAUSE_IN_BRACKETS.finditer(question)]
    rest = _CLAUSE_IN_BRACKETS.sub(" ", question)
    if not found:
        matches = [(line, _CLAUSE_LINE.fullmatch(line)) for line in question.split("\n")]
        found = [match[1] for _, match in matches if match]
        rest = "\n".join(line for line, match in matches if not match)
    if len(found) < _FEWEST:
        return None
    return Read([Given("clauses", [" ".join(clause.split()) for clause in found])], rest)


def _in_words(question: str) -> Read | None:
    lines = question.split("\n")
    own = [line for line in lines if _HAS_OR.search(line) and len(line.split()) < _MAX_WORDS * 4]
    texts = [_MARKS.sub("", line.strip().strip("|").rpartition("|")[2]) for line in own]
    rest = "\n".join(line for line in lines if line not in own)
    clauses = _clauses(texts)
    if not clauses:
        texts = [match[1] for match in _IN_BRACKETS.finditer(question)]
        rest = _IN_BRACKETS.sub(" ", question)
        clauses = _clauses(texts)
    return Read([Given("clauses", list[object](clauses))], rest) if clauses else None


def _clauses(texts: Sequence[str]) -> list[str]:
    """Return clauses in signs; none if there is a part that is not one of two states of something."""
    parts = [[part.casefold().split() for part in _OR.split(text) if part.strip()] for text in texts]
    phrases = [words for own in parts for words in own]
    if len(texts) < _FEWEST or any(len(own) < 2 for own in parts) or not all(map(_is_short, phrases)):
        return []
    for read in (_by_no, _by_end, _by_beginning):
        told = read(phrases)
        if told is not None and 1 < len({phrase.name for phrase in told}) < len(told):
            literals = iter([phrase.name if phrase.holds else f"not {phrase.name}" for phrase in told])
            return [" or ".join(next(literals) for _ in own) for own in parts]
    return []


def _is_short(words: Sequence[str]) -> bool:
    return 0 < len(words) <= _MAX_WORDS


def _by_no(phrases: list[list[str]]) -> list[_Phrase] | None:
    """`no olives` and `olives`."""
    if not any(words[0] in _NO for words in phrases) or any(_NO & set(words[1:]) for words in phrases):
        return None
    return _told(phrases, lambda words: words[0] not in _NO)


def _by_end(phrases: list[list[str]]) -> list[_Phrase] | None:
    """`vent 1 is open` and `vent 2 is closed`."""
    return _by_word(phrases, -1)


def _by_beginning(phrases: list[list[str]]) -> list[_Phrase] | None:
    """`for motion 3` and `against motion 4`."""
    return _by_word(phrases, 0)


def _by_word(phrases: list[list[str]], place: int) -> list[_Phrase] | None:
    states = list(dict.fromkeys(words[place] for words in phrases))
    if len(states) != 2 or any(len(words) < 2 for words in phrases):
        return None
    return _told(phrases, lambda words: words[place] == states[0])


def _told(phrases: list[list[str]], holds: Callable[[list[str]], bool]) -> list[_Phrase] | None:
    """Name each phrase by the words that not all phrases of its state have."""
    told: list[_Phrase] = []
    common = {state: set[str].intersection(*_sets(phrases, holds, state)) for state in (True, False)}
    for words in phrases:
        name = "_".join(word for word in words if word not in common[holds(words)])
        plain = re.sub(r"\W+", "_", name).strip("_")
        if not plain:
            return None
        told.append(_Phrase(plain if plain[0].isalpha() else f"x{plain}", holds(words)))
    return told


def _sets(phrases: list[list[str]], holds: Callable[[list[str]], bool], state: bool) -> Iterator[set[str]]:
    found = [set(words) for words in phrases if holds(words) == state]
    yield from found or [set[str]()]
