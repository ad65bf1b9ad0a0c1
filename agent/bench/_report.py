"""A summary as tables for a terminal, as Markdown, or as one JSON object."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from ._machine import Header
from ._statistics import Share
from ._summary import Calibration, Comparison, Row, Summary

# So many lost items are named; the JSON has all.
_MAX_NAMED = 10


class Table(NamedTuple):
    """A title, headings and rows of cells; the first columns are text, the others numbers."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int


def as_json(summary: Summary) -> str:
    """Return one JSON object without a final newline."""
    return msgspec.json.encode(summary).decode()


def as_text(summary: Summary, *, markdown: bool = False) -> str:
    """Return the tables, with a line per condition of measuring before and notes after them."""
    show = _markdown if markdown else _plain
    tables = [show(table) for table in _tables(summary) if table.rows]
    heads = [_head(header) for header in summary.headers]
    parts = ["\n".join(heads), *tables, "\n".join(_notes(summary))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _tables(summary: Summary) -> list[Table]:
    """Return all tables; with several models each row says which it is of."""
    several = len({row.model for row in summary.rows}) > 1
    rows = [
        msgspec.structs.replace(row, set=_place(row.set, row.model, several=several)) for row in summary.rows
    ]
    compared, harm = (
        [[_place(one.set, one.model, several=several), *_compared(one)] for one in comparisons]
        for comparisons in (summary.comparisons, summary.harm)
    )
    calibrated = [
        [_place(one.arm, one.model, several=several), *_calibrated(one)] for one in summary.calibration
    ]
    return [
        Table("right", _RIGHT, [_right(row) for row in rows], 2),
        Table("cost per item", _COST, [_cost(row) for row in rows], 2),
        Table("same items, against another arm", _COMPARED, compared, 3),
        Table("harm", _COMPARED, harm, 3),
        Table("right by confidence", _CALIBRATED, calibrated, 2),
    ]


def _place(name: str, model: str, *, several: bool) -> str:
    return f"{name} ({model})" if several else name


_RIGHT = ("set", "arm", "items", "right", "95 %", "first", "ran", "guessed", "errors")
_COST = (
    *("set", "arm", "programs", "repairs", "samples", "calls", "read", "new", "new/right"),
    *("s median", "s 95 %", "model", "sandbox", "checks", "cpu ms", "peak MiB"),
)
_COMPARED = ("set", "arm", "against", "items", "difference", "95 %", "gained", "lost", "p")
_CALIBRATED = ("arm", "confidence", "items", "right", "95 %")


def _right(row: Row) -> list[str]:
    return [
        row.set,
        row.arm,
        str(row.right.count),
        _percent(row.right),
        _interval(row.right),
        _percent(row.first),
        _percent(row.ran),
        str(row.constant),
        str(row.errors),
    ]


def _cost(row: Row) -> list[str]:
    seconds = row.seconds
    return [
        row.set,
        row.arm,
        *(f"{value:.1f}" for value in (row.programs, row.repairs, row.samples, row.model_calls)),
        f"{row.evaluated_tokens:.0f}",
        f"{row.new_tokens:.0f}",
        _number(row.new_tokens_per_right),
        f"{seconds.median:.1f}",
        f"{seconds.percentile95:.1f}",
        *(f"{value:.2f}" for value in (seconds.model, seconds.sandbox, seconds.checks)),
        _number(row.cpu_ms),
        _number(row.peak_memory_mib),
    ]


def _compared(comparison: Comparison) -> list[str]:
    found = comparison.paired
    return [
        comparison.arm,
        comparison.base,
        str(found.both + found.gained + found.lost + found.neither),
        f"{100 * found.difference:+.1f}",
        f"{100 * found.low:+.1f} to {100 * found.high:+.1f}",
        str(found.gained),
        str(found.lost),
        f"{found.p_value:.3f}",
    ]


def _calibrated(entry: Calibration) -> list[str]:
    right = entry.right
    return [entry.confidence, str(right.count), _percent(right), _interval(right)]


def _notes(summary: Summary) -> list[str]:
    notes = [
        f"not scored: {count} of {name}: {reason}"
        for name, reasons in summary.skipped.items()
        for reason, count in reasons.items()
    ]
    for found in (*summary.comparisons, *summary.harm):
        if (found.base, found.arm) == ("text", "full") and found.lost_items:
            named = ", ".join(found.lost_items[:_MAX_NAMED])
            more = ", ..." if len(found.lost_items) > _MAX_NAMED else ""
            notes.append(f"right in text, wrong in full: {found.set}: {named}{more}")
    return notes


def _head(header: Header) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in header.versions.items())
    budget = header.budget
    commit = f", commit {header.commit[:12]}" if header.commit else ""
    limits = f"{budget.programs} programs, {budget.tokens} tokens, {budget.seconds:g} s"
    return f"{header.model}: budget {limits}; {versions}{commit}; {header.cores} cores of {header.cpu}"


def _percent(of: Share) -> str:
    return f"{100 * of.share:.1f}" if of.count else "-"


def _interval(of: Share) -> str:
    return f"{100 * of.low:.1f}-{100 * of.high:.1f}" if of.count else "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _plain(table: Table) -> str:
    lines = [list(table.headings), *map(list, table.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.headings))]
    shown = ["  ".join(_aligned(line, widths, table.text_columns)).rstrip() for line in lines]
    return "\n".join([table.title.upper(), *shown])


def _aligned(line: Sequence[str], widths: Sequence[int], text_columns: int) -> list[str]:
    cells = zip(line, widths, strict=True)
    return [
        cell.ljust(width) if column < text_columns else cell.rjust(width)
        for column, (cell, width) in enumerate(cells)
    ]


def _markdown(table: Table) -> str:
    rule = ["---" if column < table.text_columns else "---:" for column in range(len(table.headings))]
    lines = [table.headings, rule, *table.rows]
    return "\n".join([f"**{table.title}**", "", *map(_markdown_line, lines)])


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
