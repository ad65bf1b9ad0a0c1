"""How a chart of rows is laid out: wide with names beside the plot, narrow with names above each row."""

from collections.abc import Iterable

import msgspec

from . import _plot
from ._plot import Axis
from ._rows import Row
from ._words import clip

WIDE = 960
NARROW = 450
_NAME_LETTERS = 16
_PATH_LETTERS = 9
#: What follows a value at the right end has so much room.
VALUE_PIXELS = 82


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes of one form of a chart, in pixels.

    Attributes:
        left: Where the plot begins.
        right: Where it ends.
        row: Height of a row.
        top: Height of what is above the first row.
        middle: From the top of a row to the middle of its marks.
    """

    name: str
    width: int
    left: int
    right: int
    row: int
    top: int
    middle: int

    @property
    def is_narrow(self) -> bool:
        """Whether names stand above the rows."""
        return self.width < WIDE


LAYOUTS = (
    Layout(name="wide", width=WIDE, left=250, right=WIDE - 175, row=38, top=48, middle=19),
    Layout(name="narrow", width=NARROW, left=16, right=NARROW - 16, row=56, top=34, middle=38),
)


def style_of(row: Row) -> str:
    """Return the class of what is drawn for a row."""
    return "peer" if row.measurement.is_peer else "own"


def label(layout: Layout, top: float, row: Row) -> str:
    """Return the name of a row."""
    found = row.measurement
    contender, way = clip(found.contender, _NAME_LETTERS), clip(found.path, _PATH_LETTERS)
    return _plot.name(2, _baseline(layout, top), contender, way, f"{style_of(row)}-text")


def figures(layout: Layout, top: float, value: str, more: str = "") -> str:
    """Return a value at the right end of a row, and something more after it."""
    baseline, edge = _baseline(layout, top), layout.width - 2
    return "".join(
        [
            _plot.text(edge - (VALUE_PIXELS if more else 0), baseline, value, kind="value", anchor="end"),
            _plot.text(edge, baseline, more, kind="detail", anchor="end") if more else "",
        ]
    )


def _baseline(layout: Layout, top: float) -> float:
    return top + (17 if layout.is_narrow else layout.middle + 5)


def grid(axis: Axis, top: float, bottom: float, shown: Iterable[tuple[float, str]]) -> str:
    """Return lines at the ticks of a horizontal axis, and their labels below."""
    parts = [_plot.line((axis.start, bottom), (axis.end, bottom), "axis")]
    for value, label in shown:
        x = axis.at(value)
        parts.append(_plot.line((x, top), (x, bottom), "grid"))
        parts.append(_plot.text(_inside(axis, x, label), bottom + 19, label, kind="tick", anchor="middle"))
    return "".join(parts)


def floor_line(axis: Axis, at: float, bottom: float, label: str) -> str:
    """Return a dashed line from the top down, with its name."""
    x = axis.at(at)
    is_left = x < (axis.start + axis.end) / 2
    anchor, beside = ("start", x + 6) if is_left else ("end", x - 6)
    return _plot.line((x, 6), (x, bottom), "floor") + _plot.text(
        beside, 17, label, kind="detail", anchor=anchor
    )


def _inside(axis: Axis, x: float, label: str) -> float:
    """Keep a label that is centred on a tick within the picture."""
    half = _plot.text_width(label, "tick") / 2
    return min(max(x, axis.start - 14 + half), axis.end + 14 - half)
