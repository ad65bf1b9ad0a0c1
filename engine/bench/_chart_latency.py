"""How long runs take: a strip of runs for each contender on one logarithmic axis."""

import statistics
from collections.abc import Sequence

from . import _layout, _plot
from ._layout import Layout
from ._plot import Axis
from ._record import Measurement
from ._rows import FLOOR, Row
from ._words import amount, number, tick

_FOOT = 30
# Runs lie in five lanes, so that equal ones can be told apart.
_LANES = (0, 6, -6, 3, -3)


def draw(rows: Sequence[Row], *, dots: int, title: str) -> str:
    """Return the chart in all layouts; at most `dots` runs of each row are drawn as dots."""
    return "".join(_draw(rows, layout, dots, title) for layout in _layout.LAYOUTS)


def _draw(rows: Sequence[Row], layout: Layout, dots: int, title: str) -> str:
    unit, floors = rows[0].measurement.unit, _floors(rows)
    seen = [value for row in rows for value in (*_thinned(row, dots), row.spread.p50, row.spread.p99)]
    axis = _plot.logarithmic([*seen, *floors], layout.left, layout.right)
    bottom = layout.top + layout.row * len(rows)
    parts = [_layout.grid(axis, layout.top - 6, bottom, [(v, tick(v, unit)) for v in axis.ticks()])]
    parts += _floor_parts(floors, rows[0].measurement, axis, (layout.top - 6, bottom))
    parts += _headings(layout)
    for index, row in enumerate(rows):
        top = layout.top + layout.row * index
        ratio = f"{number(row.ratio.value)} x" if row.ratio else ""
        parts.append(_layout.label(layout, top, row))
        parts.append(_layout.figures(layout, top, amount(row.spread.p50, unit), ratio or "-"))
        parts.append(_strip(row, axis, top + layout.middle, dots))
    return _plot.drawing(layout.width, bottom + _FOOT, parts, title=title, layout=layout.name)


def _floors(rows: Sequence[Row]) -> list[float]:
    """Return the median of each row's floor; they differ as the machine drifts."""
    found = [statistics.median(row.measurement.floor) for row in rows if row.measurement.floor]
    return [floor for floor in found if floor > 0]


def _floor_parts(
    floors: Sequence[float], of: Measurement, axis: Axis, ends: tuple[float, float]
) -> list[str]:
    if not floors:
        return []
    middle, (top, bottom) = statistics.median(floors), ends
    begin, end = axis.at(min(floors)), axis.at(max(floors))
    return [
        _plot.box(begin, top, end - begin, bottom - top, "drift"),
        _layout.floor_line(axis, middle, bottom, f"{FLOOR[of.bench]} {amount(middle, of.unit)}"),
    ]


def _headings(layout: Layout) -> list[str]:
    if layout.is_narrow:
        return []
    edge = layout.width - 2
    return [
        _plot.text(edge - _layout.VALUE_PIXELS, 34, "p50", kind="detail", anchor="end"),
        _plot.text(edge, 34, "x floor", kind="detail", anchor="end"),
    ]


def _strip(row: Row, axis: Axis, y: float, dots: int) -> str:
    """Return the runs, a bar from p50 to p95, a line on to p99, and a sign at p50."""
    style, spread = _layout.style_of(row), row.spread
    middle, most, last = axis.at(spread.p50), axis.at(spread.p95), axis.at(spread.p99)
    runs = [(axis.at(value), y + _LANES[n % len(_LANES)]) for n, value in enumerate(_thinned(row, dots))]
    return "".join(
        [
            _plot.dots(runs, f"{style} run"),
            _plot.box(middle, y - 4, most - middle, 8, f"{style} bar"),
            _plot.line((most, y), (last, y), f"{style} whisker"),
            _plot.line((most, y - 9), (most, y + 9), f"{style} whisker"),
            _plot.line((last, y - 5), (last, y + 5), f"{style} whisker"),
            _plot.mark(middle, y, is_peer=row.measurement.is_peer),
        ]
    )


def _thinned(row: Row, dots: int) -> Sequence[float]:
    """Return evenly many of the values, in the order in which they were measured."""
    values = row.measurement.values
    return values[:: -(-len(values) // dots)]
