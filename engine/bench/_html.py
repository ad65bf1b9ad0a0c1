"""One page with everything that was measured: no script, no network, nothing beside the file."""

import re
from collections.abc import Sequence

from . import _style
from ._headlines import headlines
from ._plot import plain
from ._record import Records
from ._rows import Group, groups
from ._sections import Chart, Section, sections
from ._table import TEXT_COLUMNS, cells, headings, note_texts
from ._words import clip, facts

_MOST_TABLE_ROWS = 300
_MOST_TABLES = 5  # of each section
_MOST_NOTES = 20
# The space between a number and its unit, where no line breaks.
_UNIT = re.compile(r"(?<=\d) (?=(?:ms|s|MiB|GiB|%)(?:\W|$))")


def page(records: Records) -> str:
    """Return the page."""
    found = groups(records)
    body = [
        "<h1>What isolation costs</h1>",
        _paragraph("; ".join(facts(records.machine)) + ".", "facts"),
        _warning(records),
        _tiles(found),
        *_sections(sections(found)),
        _notes(records),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>isorun bench</title><style>{_style.sheet()}</style></head>\n"
        f"<body><main>{'\n'.join(filter(None, body))}</main></body></html>\n"
    )


def _warning(records: Records) -> str:
    if not records.measurements:
        return _paragraph("Nothing was measured.", "warning")
    if records.machine.quick:
        return _paragraph("A quick look: few runs, so p95 and p99 are rough.", "warning")
    return ""


def _tiles(found: Sequence[Group]) -> str:
    tiles = [
        f'<div class="tile"><b>{plain(one.figure)}</b><span>{plain(one.text)}</span></div>'
        for one in headlines(found)
    ]
    return f'<div class="tiles">{"".join(tiles)}</div>' if tiles else ""


def _sections(found: Sequence[Section]) -> list[str]:
    tables = sum(len(section.groups[:_MOST_TABLES]) for section in found)
    return [_section(section, _MOST_TABLE_ROWS // tables) for section in found]


def _section(section: Section, most_rows: int) -> str:
    parts = [
        f"<section><h2>{plain(section.title)}</h2>",
        _paragraph(section.question, "question"),
        _style.legend(section.legend) if section.charts else "",
        *map(_figure, section.charts),
        "<details><summary>All figures</summary>",
        *(_table(group, most_rows) for group in section.groups[:_MOST_TABLES]),
        "</details></section>",
    ]
    return "\n".join(filter(None, parts))


def _figure(chart: Chart) -> str:
    heading = f"<h3>{plain(chart.title)}</h3>" if chart.title else ""
    said = _UNIT.sub("\u00a0", plain(chart.sentence))
    return f"{heading}<figure>{chart.svg}<figcaption>{said}</figcaption></figure>"


def _table(group: Group, most: int) -> str:
    rows = [_row(cells(row, group), "td") for row in group.rows[:most]]
    more = len(group.rows) - most
    rest = _paragraph(f"And {more} more rows in the file.", "question") if more > 0 else ""
    return (
        f'<div class="scroll"><table><caption>{plain(clip(group.title, 60))}</caption>'
        f"{_row(headings(group), 'th')}{''.join(rows)}</table>{rest}</div>"
    )


def _row(shown: Sequence[str], tag: str) -> str:
    found = [
        f"<{tag}>{plain(cell)}</{tag}>"
        if column < TEXT_COLUMNS
        else f'<{tag} class="n">{plain(cell)}</{tag}>'
        for column, cell in enumerate(shown)
    ]
    return f"<tr>{''.join(found)}</tr>"


def _notes(records: Records) -> str:
    texts = note_texts(records)
    if not texts:
        return ""
    entries = [f"<li>{plain(clip(text, 300))}</li>" for text in texts[:_MOST_NOTES]]
    if len(texts) > _MOST_NOTES:
        entries.append(f"<li>and {len(texts) - _MOST_NOTES} more</li>")
    return f'<section class="notes"><h2>What was left out, and why</h2><ul>{"".join(entries)}</ul></section>'


def _paragraph(content: str, style: str) -> str:
    return f'<p class="{style}">{plain(content)}</p>'
