"""The data that a question holds, read by rule, so that no model has to copy them.

A small model writes some ten tokens a second, and loses a number now and then. What is read here is read
whole or not at all: a table in which one row has another form is no table, and the model copies as before.
"""

import ast
import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from ._answers import stated_numbers
from ._entries import NUMBER, Entry, Value, entry_of, shape_of, tokens_of, values_of
from ._helper_parameters import named_for
from ._question_clauses import clauses_of
from ._question_grids import grid_of
from ._question_phrases import phrases_of
from ._tables import Given, Read, given_by, name_of, said_around

_MAX_QUESTION = 40_000
#: Two lines of one form are a table; fewer than three things in a line are quickly copied.
_FEWEST_LINES = 2
_FEWEST_IN_LINE = 3
#: Fewer numbers with commas between them are part of a sentence, unless there is a table beside it.
_FEWEST_IN_SENTENCE = 4
#: Where the first entry of a line begins, and the last one ends, in characters; and the name of a list.
_ROOM = 300
_NAME_ROOM = 60
#: `1..7` says which things there are, not how much of anything.
_RANGE = re.compile(r"\b\w{1,40}\s*(?:\.\.\.?|\u2026)\s*\w+")
_SENTENCE_LIST = re.compile(rf"(?<![\w.,-]){NUMBER}(?:, {NUMBER})+(?:,? and {NUMBER})?(?![\w.]*\d)")
#: `352 / 71 / 79 / 203`.
_SIGNED_LIST = re.compile(
    rf"(?<![\w.,/|-]){NUMBER}(?: ?([/|;]) ?{NUMBER})(?: ?\1 ?{NUMBER}){{2,}}(?![\w/|]*\d)"
)
_SHORT_LIST = re.compile(rf"(?<![\w.,-]){NUMBER}(?:, {NUMBER})*(?:, |,? and ){NUMBER}(?![\w.]*\d)")
_LIST_OF_PAIRS = re.compile(r"\[\s*\(")
_ASSIGNED = re.compile(r"(\w+)\s*=\s*[{(\[]?\s*\Z")
_POINT = re.compile(rf"(?:\b\w{{1,20}} ?)?\(({NUMBER}, ?{NUMBER})\)")
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b")
_FROM_TO = re.compile(r"\b(\d{1,2}:\d{2})\s*(?:-|\u2013|\u2014|to|until|till)\s*(\d{1,2}:\d{2})\b")
#: What a program reads as it is written; `[1, ...]` is a list to Python, too.
_PLAIN = (int, float, str)
#: Whole numbers are exact up to here.
_EXACT = 2.0**53


class QuestionData(NamedTuple):
    """What was read of a question, and what was not.

    Attributes:
        given: Values that programs may use by name.
        rest: The question without the text that they come from.
        function: Of the helper library, for which the values are; empty if for none.
    """

    given: tuple[Given, ...] = ()
    rest: str = ""
    function: str = ""

    @property
    def numbers_left(self) -> list[int | float]:
        """Numbers beside the data, without those that only say how many or which things there are."""
        known = {count for given in self.given for count in given.counts}
        members = {str(member) for given in self.given for member in given.members}
        stated = [_exact(number) for number in stated_numbers(_RANGE.sub(" ", self.rest))]
        return [number for number in stated if number not in known and str(number) not in members]

    def unused_in(self, program: str) -> list[str]:
        """Return the names of data that the function needs and a program does not use."""
        if not self.function:
            return []
        try:
            read, _ = _names_in(ast.parse(program))
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            read = set()
        return [given.name for given in self.given if given.name not in read]

    def named_for(self, functions: Sequence[str]) -> "QuestionData":
        """Return the same with the names of the parameters of the likeliest function."""
        if not functions or not self.given:
            return self
        return self._replace(given=named_for(functions[0], self.given), function=functions[0])

    def missing_in(self, program: ast.Module) -> list[str]:
        """Return the statements that define what a program uses of the data and does not define itself."""
        read, written = _names_in(program)
        return [given.line for given in self.given if given.name in read - written]

    def shown(self) -> str:
        """Return the lines at the beginning of a program that tell the model what there is."""
        left = ", ".join(map(str, self.numbers_left))
        lines = [given.short for given in self.given]
        lines += [f"# also in the question: {left}"] if lines and left else []
        return "".join(f"{line}\n" for line in lines)

    def shortened(self, program: str) -> str:
        """Return a program with the data as the model was shown them."""
        for given in self.given:
            program = program.replace(given.line, given.short)
        return program


NO_DATA = QuestionData()


def data_of(question: str) -> QuestionData:
    """Read the tables and lists of a question; none of what is unclear."""
    if len(question) > _MAX_QUESTION:
        return NO_DATA
    readers: tuple[Callable[[str], QuestionData], ...] = (
        *(_clauses, _grid, _times, _lines, _links, _points, _phrases, _lists),
    )
    return next((found for found in (read(question) for read in readers) if found.given), NO_DATA)


def _names_in(program: ast.Module) -> tuple[set[str], set[str]]:
    """Return the names that a program reads, and those that it gives a value."""
    names = [node for node in ast.walk(program) if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    return read, {node.id for node in names if isinstance(node.ctx, ast.Store)}


def _grid(question: str) -> QuestionData:
    """Read a table with a sign between its cells."""
    return _as_data(grid_of(question))


def _clauses(question: str) -> QuestionData:
    """Read conditions of which one part has to hold."""
    return _as_data(clauses_of(question))


def _phrases(question: str) -> QuestionData:
    """Read pairs, and sets that sentences name."""
    return _as_data(phrases_of(question))


def _as_data(read: Read | None) -> QuestionData:
    return NO_DATA if read is None else QuestionData(_distinct(read.given), read.rest)


def _times(question: str) -> QuestionData:
    """Read intervals of clock times, if there are no other times in the question."""
    found = list(_FROM_TO.finditer(question))
    if len(found) < _FEWEST_IN_LINE or len(_CLOCK.findall(question)) != 2 * len(found):
        return NO_DATA
    intervals: list[object] = [(match[1], match[2]) for match in found]
    lines = question.split("\n")
    own = [line for line in lines if _FROM_TO.search(line)]
    # A line for each, whose other numbers only say which it is.
    if len(own) == len(found):
        rest = "\n".join(line for line in lines if line not in own)
    else:
        rest = _without(question, [match.span() for match in found])
    return QuestionData((Given("intervals", intervals),), rest)


def _lines(question: str) -> QuestionData:
    """Read runs of lines of one form, and the lists in the sentences around them."""
    tables: list[Given] = []
    around: list[str] = []
    for lines in _runs(question.split("\n")):
        entries = [entry for entry in map(entry_of, lines) if entry is not None]
        table = given_by(entries, question) if len(entries) >= _FEWEST_LINES else []
        tables += table
        around += [] if table else lines
    if not tables:
        return NO_DATA
    lists = _lists("\n".join(around), fewest=_FEWEST_LINES)
    members = {member for table in tables for member in table.members}
    # What sets are to cover is no number that is computed with.
    others = [given for given in lists.given if not members.issuperset(map(_hashable, given.value))]
    return QuestionData(_distinct([*others, *tables]), lists.rest if lists.given else "\n".join(around))


def _runs(lines: Sequence[str]) -> Iterator[list[str]]:
    """Divide lines into runs of one form, if no other line may be one of them.

    That is so if the form occurs in two places, or if the line before or behind begins with the same word.
    """
    forms = list(map(_form, lines))
    times = Counter(forms)
    start = 0
    for form, run in groupby(forms):
        end = start + len(list(run))
        together = lines[start:end]
        around = {_first_word(line) for line in (*lines[max(0, start - 1) : start], *lines[end : end + 1])}
        is_whole = times[form] == len(together) and not around & {_first_word(together[0])} - {""}
        if form is not None and is_whole:
            yield list(together)
        else:
            yield from ([line] for line in together)
        start = end


def _first_word(line: str) -> str:
    """Return the word with which a line begins; a letter is none."""
    match = re.match(r"\W*([^\W\d_]{2,})", line)
    return match[1].casefold() if match else ""


def _form(line: str) -> str | None:
    entry = entry_of(line)
    if entry is None:
        return None
    if entry.labels or all(token.kind != "word" for token in entry.tokens):
        return entry.form
    # Without a name it has to say the same as the others, but for the numbers.
    has_numbers = any(token.kind == "number" for token in entry.tokens)
    return shape_of(entry.tokens) if has_numbers else None


def _links(question: str) -> QuestionData:
    """Read links of one line, with semicolons or commas between them."""
    lines = question.split("\n")
    for place, line in enumerate(lines):
        for sign in (";", ","):
            entries, around = _between(line, sign)
            given = given_by(entries, question) if entries else []
            if given:
                others = [*lines[:place], around, *lines[place + 1 :]]
                # Of several lists that are alike none may be left out.
                has_more = any(_has_link(part) for other in others for part in re.split(r"[;,]\s+", other))
                return NO_DATA if has_more else QuestionData(_distinct(given), "\n".join(others))
    return NO_DATA


def _has_link(text: str) -> bool:
    entry = entry_of(text)
    return entry is not None and entry.form == "link" and not re.search(r"\b(?:to|and|with)\b", text)


def _between(line: str, sign: str) -> tuple[list[Entry], str]:
    """Return the links of a line and the text around them; the first and the last are part of a sentence."""
    parts = re.split(rf"\s*{sign}\s+", line)
    inner = list(map(entry_of, parts[1:-1]))
    like = inner[0] if inner else None
    if len(parts) < _FEWEST_IN_LINE or like is None or not all(_is_like(entry, like) for entry in inner):
        return [], line
    for before, first in _last_words(parts[0]):
        for last, after in _first_words(parts[-1]):
            ends = entry_of(first), entry_of(last)
            if all(_is_like(entry, like) for entry in ends):
                entries = [ends[0], *inner, ends[1]]
                return [entry for entry in entries if entry is not None], f"{before} {after}"
    return [], line


def _is_like(entry: Entry | None, other: Entry) -> bool:
    if entry is None or entry.form != other.form or shape_of(entry.tokens) != shape_of(other.tokens):
        return False
    has_words = any(token.kind == "word" for token in entry.tokens)
    is_row = bool(entry.values) and (has_words or bool(entry.labels)) and entry.tokens[-1].text != ":"
    return entry.form == "link" or is_row


def _last_words(text: str) -> Iterator[tuple[str, str]]:
    """Divide a sentence before what may be its first entry, the longest first."""
    yield "", text
    far, text = text[:-_ROOM], text[-_ROOM:]
    for match in re.finditer(r"[:.]\s+|\bfrom\s+", text):
        yield far + text[: match.end()], text[match.end() :]
    words = text.split()
    for count in (3, 2, 1):
        yield far + " ".join(words[:-count]), " ".join(words[-count:])


def _first_words(text: str) -> Iterator[tuple[str, str]]:
    """Divide a sentence behind what may be its last entry."""
    for match in re.finditer(r"[.?](?=\s|$)", text[:_ROOM]):
        yield text[: match.start()], text[match.end() :]
    yield text, ""


def _points(question: str) -> QuestionData:
    """Read points in a sentence, `A(1, 2), B(3, 5)`."""
    found = list(_POINT.finditer(question))
    if len(found) < _FEWEST_IN_LINE or _LIST_OF_PAIRS.search(question):
        return NO_DATA
    points: list[object] = [values_of(tokens_of(match[1])) for match in found]
    rest = _without(question, [match.span() for match in found])
    return QuestionData((Given("points", points),), rest)


def _lists(text: str, fewest: int = _FEWEST_IN_LINE) -> QuestionData:
    """Read lists in brackets, as programs have them; or else numbers with commas between them."""
    found = [(place, _as_list(text[slice(*place)])) for place in _brackets(text)]
    given = [
        (place, Given(_name_before(text, place[0]), value))
        for place, value in found
        if value and text.count(",", *place) + 1 >= fewest
    ]
    if not given:
        given = _sentence_lists(text, _FEWEST_IN_SENTENCE - _FEWEST_IN_LINE + fewest)
    if not given:
        return NO_DATA
    return QuestionData(_distinct(_together(text, given)), _without(text, [place for place, _ in given]))


def _sentence_lists(text: str, fewest: int) -> list[tuple[tuple[int, int], Given]]:
    """Return numbers with commas between them, and where they stand.

    Of several lists that are alike none may be left out, and a short one may be like them: then nothing.
    """
    found = list(_SIGNED_LIST.finditer(text)) or list(_SENTENCE_LIST.finditer(text))
    rows = [(match.span(), values_of(tokens_of(match[0]))) for match in found]
    rows = [(place, tuple(value for value in row if not isinstance(value, str))) for place, row in rows]
    long = [(place, row) for place, row in rows if len(row) >= fewest]
    if len(long) > 1 and _SHORT_LIST.search(_without(text, [place for place, _ in long])):
        return []
    return [(place, Given("numbers", list[object](row))) for place, row in long if not _is_count(row)]


def _together(text: str, lists: Sequence[tuple[tuple[int, int], Given]]) -> list[Given]:
    """Return lists that are called the same as one, unless each has a name of its own that nobody read."""
    given = [one._replace(said=said_around(text, *place)) for place, one in lists]
    if len(given) < _FEWEST_IN_LINE or len({one.name for one in given}) > 1:
        return given
    assigned = [_ASSIGNED.search(text[max(0, start - _NAME_ROOM) : start]) for (start, _), _ in lists]
    labels = {match[1]: one.value for match, one in zip(assigned, given, strict=True) if match}
    if len(labels) == len(given) > _FEWEST_IN_LINE:
        return [Given("sets", dict[Value, object](labels))]
    if any(assigned):
        return given
    rows = [one.value for one in given]
    same_length = len(set(map(len, rows))) == 1
    return [Given("rows" if same_length else "lists", list[object](rows))]


def _brackets(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the outermost brackets open and end."""
    opened: list[int] = []
    for match in re.finditer(r"[\[\]]", text):
        if match[0] == "[":
            opened.append(match.start())
        elif opened:
            start = opened.pop()
            if not opened:
                yield start, match.end()


def _as_list(text: str) -> list[object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return []
    return value if isinstance(value, list) and _is_plain(value) else []


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, _PLAIN) and not (isinstance(value, float) and not math.isfinite(value))


def _exact(number: float) -> int | float:
    return int(number) if number.is_integer() and number < _EXACT else number


def _name_before(text: str, start: int) -> str:
    match = re.search(r"(\b\w+)\s*(?::|=|\bare|\bis)?\s*$", text[max(0, start - _NAME_ROOM) : start])
    return name_of(match[1] if match else "", "numbers")


def _without(text: str, places: Sequence[tuple[int, int]]) -> str:
    ends = [0, *(end for _, end in places)]
    starts = [*(start for start, _ in places), len(text)]
    return " ".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def _hashable(value: object) -> object:
    return value if isinstance(value, int | float | str) else repr(value)


def _is_count(row: Sequence[object]) -> bool:
    """Whether numbers only say how many things there are."""
    return list(row) == list(range(1, len(row) + 1))


def _distinct(found: Sequence[Given]) -> tuple[Given, ...]:
    """Number the names that occur twice."""
    names = [given.name for given in found]
    before = [names[:place].count(name) for place, name in enumerate(names)]
    return tuple(
        given._replace(name=f"{given.name}{times + 1}") if times else given
        for given, times in zip(found, before, strict=True)
    )
