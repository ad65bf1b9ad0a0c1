"""Lines and brackets that say the same of different things: pairs, and what belongs to what."""

import re
from collections.abc import Callable, Sequence

from ._entries import NUMBER, Value, tokens_of, values_of
from ._tables import Given, Read

_FEWEST = 3
#: What is longer is a sentence.
_MAX_LINE = 200
_PAIR = re.compile(r"[({\[]\s*([^\s,(){}\[\]][^,(){}\[\]\n]{0,40}?)\s*,\s*([^,(){}\[\]\n]{1,40}?)\s*[)}\]]")
#: How a graph is called.
_GRAPH = ("V", "E")
_NAME = re.compile(r"[^\W\d][\w .'-]*")
#: `Ann dislikes Ben`.
_RELATION = re.compile(r"\W*(\w+) ((?:[a-z]+ ){0,3}[a-z]+) (\w+)\W*")
#: `A-B A-C B-C`, without anything between them.
_HYPHENED = re.compile(r"(?<![\w-])(?:[^\W\d]\w*[-\u2013][^\W\d]\w*(?:\s+|\Z|[.;,])){4,}")
#: `mast B would reach villages 2, 3, 6 and 10`.
_BELONGING = re.compile(rf"\W*(\D.*?)\s({NUMBER}(?:, {NUMBER})*(?:,? and {NUMBER})?)[.;,]?\s*")


def phrases_of(question: str) -> Read | None:
    """Read what says the same several times; None if nothing does."""
    readers: tuple[Callable[[str], Read | None], ...] = (_brackets, _relations, _hyphened, _belongings)
    return next((found for read in readers if (found := read(question)) is not None), None)


def _brackets(question: str) -> Read | None:
    """Read pairs of names in brackets, `(A, B), (B, C)` or `{A, B}`."""
    pairs = [match.groups() for match in _PAIR.finditer(question) if match.groups() != _GRAPH]
    names = [name for pair in pairs for name in pair]
    if len(pairs) < _FEWEST or not all(map(_NAME.fullmatch, names)):
        return None
    return Read([Given("edges", list[object](pairs))], _PAIR.sub(" ", question))


def _relations(question: str) -> Read | None:
    found = _matched(_RELATION, question)
    matches = [match for _, match in found if match]
    if len(matches) < _FEWEST or len({match[2] for match in matches}) > 1:
        return None
    rest = "\n".join(line for line, match in found if not match)
    return Read([Given("edges", [(match[1], match[3]) for match in matches])], rest)


def _hyphened(question: str) -> Read | None:
    found = list(_HYPHENED.finditer(question))
    if len(found) != 1:
        return None
    pairs = [tuple(re.split(r"[-\u2013]", part.strip(".;,"), maxsplit=1)) for part in found[0][0].split()]
    return Read([Given("edges", list[object](pairs))], _HYPHENED.sub(" ", question))


def _belongings(question: str) -> Read | None:
    """Read lines with a name, the same words, and numbers."""
    found = _matched(_BELONGING, question)
    matches = [match for _, match in found if match]
    heads = [match[1].split() for match in matches]
    place = _only_difference(heads)
    if len(matches) < _FEWEST or place is None:
        return None
    members = [list(values_of(tokens_of(match[2]))) for match in matches]
    named = {head[place]: own for head, own in zip(heads, members, strict=True)}
    if len(named) < len(heads) or {len(own) for own in members} == {1}:
        return None
    rest = "\n".join(line for line, match in found if not match)
    return Read([Given("sets", dict[Value, object](named))], rest)


def _matched(pattern: re.Pattern[str], question: str) -> list[tuple[str, re.Match[str] | None]]:
    lines = question.split("\n")
    return [(line, pattern.fullmatch(line) if len(line) <= _MAX_LINE else None) for line in lines]


def _only_difference(heads: Sequence[Sequence[str]]) -> int | None:
    """Return the place of the word that differs; one or `villages` and `village` are the same."""
    if not heads or len({len(head) for head in heads}) > 1:
        return None
    columns = [{word.rstrip("s") for word in column} for column in zip(*heads, strict=True)]
    places = [place for place, words in enumerate(columns) if len(words) > 1]
    return places[0] if len(places) == 1 else None
