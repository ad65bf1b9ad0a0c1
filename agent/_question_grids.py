"""Tables with a sign between their cells, as Markdown and CSV have them."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby

from ._entries import NUMBER, Token, Value
from ._tables import Read, given_by_cells

_RULE = re.compile(r":?-+:?")
#: Of a line of CSV: no sentence has such a cell before a comma.
_CELL = re.compile(r"[\w.#()/%\u20ac$-]{1,30}(?: [\w.#()/%\u20ac$-]{1,30})?|")
_SIGNS = ",;\t"
#: One line of titles, two of data.
_FEWEST_CSV = 3
_FEWEST_ROWS = 2


def grid_of(question: str) -> Read | None:
    """Read a table; None if there is none, or more than one."""
    lines = question.split("\n")
    for kinds in (_markdown(lines), _csv(lines)):
        tables = list(kinds)
        if len(tables) == 1:
            return _read(lines, *tables[0])
    return None


def _read(lines: Sequence[str], place: slice, rows: list[list[Value]]) -> Read | None:
    rows = [row for row in rows if not all(_RULE.fullmatch(str(cell)) for cell in row)]
    if len({len(row) for row in rows}) != 1:
        return None
    has_header = all(isinstance(cell, str) for cell in rows[0])
    header = [str(cell) for cell in rows[0]] if has_header else []
    body = rows[1:] if has_header else rows
    if len(body) < _FEWEST_ROWS:
        return None
    given = given_by_cells(header, body)
    rest = "\n".join([*lines[: place.start], *lines[place.stop :]])
    return Read(given, rest) if given else None


def _markdown(lines: Sequence[str]) -> Iterator[tuple[slice, list[list[Value]]]]:
    for place in _runs(lines, lambda line: line.count("|") > 1 and line.strip().startswith("|")):
        yield place, [[_cell(text) for text in line.strip().strip("|").split("|")] for line in lines[place]]


def _csv(lines: Sequence[str]) -> Iterator[tuple[slice, list[list[Value]]]]:
    for sign in _SIGNS:
        for place in _runs(lines, partial(_cells, sign)):
            rows = [[_cell(text) for text in line.strip().split(sign)] for line in lines[place]]
            if len(rows) >= _FEWEST_CSV and all(isinstance(cell, str) for cell in rows[0]):
                yield place, rows


def _cells(sign: str, line: str) -> int:
    """Return how many cells a line of CSV has; 0 if it is none."""
    cells = line.strip().split(sign)
    return len(cells) if len(cells) > 1 and all(map(_CELL.fullmatch, cells)) else 0


def _runs(lines: Sequence[str], kind: Callable[[str], object]) -> Iterator[slice]:
    """Yield where lines of one kind follow each other; those of no kind are left out."""
    start = 0
    for found, run in groupby(map(kind, lines)):
        length = len(list(run))
        if found:
            yield slice(start, start + length)
        start += length


def _cell(text: str) -> Value:
    """Return a number, if it is nothing but one, or the text."""
    text = text.strip()
    return Token("number", text).value if re.fullmatch(NUMBER, text) else text
