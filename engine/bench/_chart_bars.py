"""Bars from zero: memory per sandbox, and computations against native ones."""

from collections.abc import Sequence

import msgspec

from . import _layout, _plot
from ._layout import Layout
from ._plot import Axis
from ._rows import Row
from ._words import clip, tick

_FOOT = 30
_BLOCK_TITLE = 38


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar.

    Attributes:
        low: Of its interval; None without one.
        label: The value in words.
    """

    row: Row
    value: float
    low: float | None = None
    high: float | None = None
    label: str


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Bars below a title of their own."""

    title: str
    bars: tuple[Bar, ...]


def draw(blocks: Sequence[Block], *, unit: str, mark: tuple[float, str] | None, title: str) -> str:
    """Return the chart in all layouts; `mark` is a value to compare with, and its name."""
    return "".join(_draw(blocks, layout, unit, mark, title) for layout in _layout.LAYOUTS)


def _draw(
    blocks: Sequence[Block], layout: Layout, unit: str, mark: tuple[float, str] | None, title: str
) -> str:
    seen = [bar.high or bar.value for block in blocks for bar in block.bars]
    axis = _plot.from_zero([*seen, *([mark[0]] if mark else [])], layout.left, layout.right)
    top, parts = 22.0 if mark else 0.0, []
    for block in blocks:
        parts.append(_plot.text(2, top + 26, clip(block.title, 40), kind="name", style="strong"))
        top += _BLOCK_TITLE
        for bar in block.bars:
            parts.append(_bar(bar, layout, axis, top))
            top += layout.row
    shown = [(value, tick(value, unit)) for value in axis.ticks()]
    behind = [_layout.grid(axis, 26 if mark else 4, top, shown)]
    if mark:
        behind.append(_layout.floor_line(axis, mark[0], top, mark[1]))
    return _plot.drawing(layout.width, top + _FOOT, [*behind, *parts], title=title, layout=layout.name)


def _bar(bar: Bar, layout: Layout, axis: Axis, top: float) -> str:
    y, end = top + layout.middle, axis.at(bar.value)
    parts = [
        _layout.label(layout, top, bar.row),
        _plot.box(axis.start, y - 8, end - axis.start, 16, f"{_layout.style_of(bar.row)} solid"),
    ]
    if bar.low is not None and bar.high is not None:
        low, end = axis.at(bar.low), max(end, axis.at(bar.high))
        parts.append(_plot.line((low, y), (end, y), "interval"))
        parts += [_plot.line((x, y - 5), (x, y + 5), "interval") for x in (low, end)]
    if layout.is_narrow:
        parts.append(_layout.figures(layout, top, bar.label))
    else:
        parts.append(_plot.text(end + 10, y + 5, bar.label, kind="value"))
    return "".join(parts)
