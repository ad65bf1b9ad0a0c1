"""Throughput against clients: a line for each contender, its name at the end."""

import statistics
from collections.abc import Mapping, Sequence

import msgspec

from . import _layout, _plot
from ._plot import Axis
from ._rows import FLOOR, Row, variant_place, variants
from ._words import clip, number, tick

_TOP = 26
_FOOT = 52
# Names at the ends of lines lie apart by so much.
_NAME_PIXELS = 21


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """The medians of one contender by clients."""

    name: str
    style: str
    values: Mapping[str, float]

    def last(self) -> float:
        """Return the value with the most clients."""
        return list(self.values.values())[-1]


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the plot is."""

    across: Mapping[str, float]
    axis: Axis
    right: float
    bottom: float


def draw(rows: Sequence[Row], *, title: str) -> str:
    """Return the chart in all layouts."""
    return "".join(_draw(rows, layout.width, layout.name, title) for layout in _layout.LAYOUTS)


def _draw(rows: Sequence[Row], width: int, name: str, title: str) -> str:
    columns, lines = variants(rows), _lines(rows)
    bottom = float(max(340, _TOP + 20 + _NAME_PIXELS * len(lines)))
    left, right = 62, width - (250 if width == _layout.WIDE else 178)
    axis = _plot.logarithmic([v for one in lines for v in one.values.values()], bottom - 8, _TOP)
    step = (right - left - 24) / max(1, len(columns) - 1)
    place = _Place(
        across={column: round(left + 12 + step * at, 1) for at, column in enumerate(columns)},
        axis=axis,
        right=right,
        bottom=bottom,
    )
    parts = [*_axes(place, left), *_names(lines, place, width), *(_drawn(one, place) for one in lines)]
    return _plot.drawing(width, bottom + _FOOT, parts, title=title, layout=name)


def _lines(rows: Sequence[Row]) -> list[_Line]:
    """Return the contenders, those of the floor last."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    floors: dict[str, list[float]] = {}
    for row in sorted(rows, key=lambda row: variant_place(row.measurement.variant)):
        found.setdefault((row.name, _layout.style_of(row)), {})[row.measurement.variant] = row.spread.p50
        if row.measurement.floor:
            floors.setdefault(row.measurement.variant, []).append(statistics.median(row.measurement.floor))
    lines = [_Line(name=name, style=style, values=values) for (name, style), values in found.items()]
    if floors:
        medians = {variant: statistics.median(values) for variant, values in floors.items()}
        lines.append(_Line(name=FLOOR["throughput"], style="floor", values=medians))
    return lines


def _axes(place: _Place, left: float) -> list[str]:
    parts = [_plot.line((left, place.bottom), (place.right, place.bottom), "axis")]
    parts.append(_plot.text(2, 14, "runs per second", kind="detail"))
    for value in place.axis.ticks():
        y = place.axis.at(value)
        parts.append(_plot.line((left, y), (place.right, y), "grid"))
        parts.append(_plot.text(left - 8, y + 5, tick(value, ""), kind="tick", anchor="end"))
    for column, x in place.across.items():
        parts.append(_plot.text(x, place.bottom + 19, clip(column, 8), kind="tick", anchor="middle"))
    middle = (left + place.right) / 2
    parts.append(_plot.text(middle, place.bottom + 42, "clients at once", kind="detail", anchor="middle"))
    return parts


def _drawn(one: _Line, place: _Place) -> str:
    points = [(place.across[column], place.axis.at(value)) for column, value in one.values.items()]
    if one.style == "floor":
        return _plot.path(points, "floor open")
    marks = [_plot.mark(x, y, is_peer=one.style == "peer") for x, y in points]
    return _plot.path(points, f"{one.style} curve") + "".join(marks)


def _names(lines: Sequence[_Line], place: _Place, width: int) -> list[str]:
    """Return the names, moved apart where ends lie close, each with a thin line to its end."""
    ordered = sorted(lines, key=lambda one: place.axis.at(one.last()))
    wanted = [place.axis.at(one.last()) for one in ordered]
    letters = 24 if width == _layout.WIDE else 16
    parts = []
    for one, end, y in zip(ordered, wanted, _apart(wanted, place.bottom), strict=True):
        x = place.across[list(one.values)[-1]]
        parts.append(_plot.line((x + 8, end), (place.right + 4, y), "leader"))
        shown = clip(one.name, letters) if width != _layout.WIDE else _with_value(one, letters)
        parts.append(_plot.text(place.right + 8, y + 5, shown, kind="detail", style=f"{one.style}-text"))
    return parts


def _with_value(one: _Line, letters: int) -> str:
    value = number(one.last())
    return f"{clip(one.name, letters - len(value))}  {value}"


def _apart(wanted: Sequence[float], bottom: float) -> list[float]:
    """Move sorted places apart: those that are too close become a block around their middle."""
    blocks: list[list[float]] = []
    for at in wanted:
        blocks.append([at])
        while len(blocks) > 1 and _begin(blocks[-1], bottom) < _end(blocks[-2], bottom):
            last = blocks.pop()
            blocks[-1] += last
    return [_begin(block, bottom) + _NAME_PIXELS * index for block in blocks for index in range(len(block))]


def _begin(block: Sequence[float], bottom: float) -> float:
    height = _NAME_PIXELS * (len(block) - 1)
    return max(_TOP, min(statistics.fmean(block) - height / 2, bottom - height))


def _end(block: Sequence[float], bottom: float) -> float:
    return _begin(block, bottom) + _NAME_PIXELS * len(block)
