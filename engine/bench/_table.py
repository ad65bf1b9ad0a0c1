"""The figures as tables for a terminal of a hundred columns."""

import textwrap
from collections.abc import Iterable, Sequence

from ._comparison import Change
from ._record import Measurement, Records
from ._rows import ASKED, Group, Row, groups, without_values
from ._words import clip, facts, number, times

WIDTH = 100
# So many notes are shown, and so many lines of each.
_MOST_NOTES = 40
_MOST_LINES = 4
#: How wide the columns of text may become.
_ASKED, _CONTENDER, _PATH = 12, 16, 8
TEXT_COLUMNS = 3


def lines(records: Records) -> list[str]:
    """Return what was measured as lines of text: the machine, a table for each measure, and notes."""
    head = wrapped("; ".join(facts(records.machine)))
    if records.machine.quick:
        head.append("quick: few runs, so the percentiles are rough")
    found = groups(records)
    tables = [line for group in found for line in ("", *_table(group))]
    if not found:
        tables = ["", "nothing was measured"]
    notes = _notes(records)
    return [*head, *tables, *(["", *notes] if notes else [])]


def headings(group: Group) -> list[str]:
    """Return what the columns of a group are called."""
    floor = "x native" if group.bench == "compute" else "x floor"
    return [ASKED[group.bench], "contender", "path", "runs", *_figures(group), f"{floor} (95 %)"]


def cells(row: Row, group: Group) -> list[str]:
    """Return the columns of a row."""
    spread = row.spread
    others = (spread.p95, spread.p99) if _is_duration(group) else (spread.least, spread.most)
    figures = map(number, (spread.p50, *others))
    return [*names(row.measurement), str(spread.count), *figures, times(row.ratio)]


def names(found: Measurement | Change) -> list[str]:
    """Return the columns of text: the variant, the contender, and the way."""
    way = found.path or ("(peer)" if found.is_peer else "")
    return [clip(found.variant, _ASKED), clip(found.contender, _CONTENDER), clip(way, _PATH)]


def _is_duration(group: Group) -> bool:
    """Whether a large value is a bad one, and there are many of them."""
    return group.unit in {"ms", "s"}


def _figures(group: Group) -> list[str]:
    return ["p50", "p95", "p99"] if _is_duration(group) else ["p50", "least", "most"]


def aligned(rows: Sequence[Sequence[str]], text_columns: int) -> list[str]:
    """Return a line for each row: so many columns of text on the left, numbers on the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [clip("  ".join(_padded(row, widths, text_columns)).rstrip(), WIDTH) for row in rows]


def wrapped(text: str) -> list[str]:
    """Return a text in lines."""
    return textwrap.wrap(clip(text, WIDTH * 10), WIDTH, subsequent_indent="  ")


def _table(group: Group) -> list[str]:
    rows = [headings(group), *(cells(row, group) for row in group.rows)]
    title = clip(f"{group.bench.upper()}: {group.measure}, {group.unit}", WIDTH)
    return [title, *aligned(rows, TEXT_COLUMNS)]


def _padded(row: Sequence[str], widths: Sequence[int], text_columns: int) -> Iterable[str]:
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.ljust(width) if column < text_columns else cell.rjust(width)


def note_texts(records: Records) -> list[str]:
    """Return what was left out, and why."""
    return [
        *(f"{note.contender}: {note.text}" if note.contender else note.text for note in records.notes),
        *without_values(records),
    ]


def _notes(records: Records) -> list[str]:
    texts = note_texts(records)
    shown = [line for text in texts[:_MOST_NOTES] for line in wrapped(f"note: {text}")[:_MOST_LINES]]
    more = len(texts) - _MOST_NOTES
    return [*shown, f"note: and {more} more"] if more > 0 else shown
