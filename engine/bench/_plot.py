"""SVG written by hand: axes, text and marks. Whatever text comes in, markup goes out only from here."""

import math
import re
from collections.abc import Iterable, Sequence
from html import escape

import msgspec

#: Pixels of each kind of text; the style sheet takes them from here.
TEXT_SIZES = {"name": 15, "value": 15, "detail": 13, "tick": 13}
# Letters of common fonts are narrower than this on average; those of DejaVu, bold, are as wide.
_LETTER_WIDTH = {"name": 0.7, "value": 0.7, "detail": 0.62, "tick": 0.62}
# What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Labels of ticks lie apart by at least so many pixels.
_TICK_PIXELS = 74
_STEPS = (1, 2, 5)


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """Where values lie between two places; what lies beyond the ends is shown at the end.

    Attributes:
        low: The value at `start`; above 0 on a logarithmic axis.
        high: The value at `end`, larger than `low`.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Return the place of a value, to a tenth of a pixel."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            part = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            part = (inside - self.low) / (self.high - self.low)
        return round(self.start + part * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Return round values that leave room for their labels."""
        most = max(2, int(abs(self.end - self.start) / _TICK_PIXELS))
        return self._powers(most) if self.logarithmic else self._multiples(most)

    def _powers(self, most: int) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        for digits in (_STEPS, (1, 3), (1,)):
            found = [float(f"{digit}e{power}") for power in range(first, last + 1) for digit in digits]
            found = [value for value in found if self.low <= value <= self.high]
            if len(found) <= most:
                break
        return found[:: -(-len(found) // most)] if found else found

    def _multiples(self, most: int) -> list[float]:
        power = 10.0 ** math.floor(math.log10(self.high / most))
        step = next((n * power for n in _STEPS if self.high / (n * power) <= most), 10 * power)
        return [number * step for number in range(int(self.high / step) + 1)]


def logarithmic(values: Iterable[float], start: float, end: float) -> Axis:
    """Return an axis on which all positive values have a place, and which spans a factor of four at least."""
    sensible = [min(max(value, 1e-9), 1e12) for value in values if value > 0] or [1.0]
    low, high = min(sensible) / 1.15, max(sensible) * 1.15
    widen = max(1.0, math.sqrt(4 / (high / low)))
    return Axis(low=low / widen, high=high * widen, start=start, end=end, logarithmic=True)


def from_zero(values: Iterable[float], start: float, end: float) -> Axis:
    """Return an axis from 0 to a little more than the largest value."""
    most = max([min(value, 1e12) for value in values if value > 1e-9], default=1.0)
    return Axis(low=0.0, high=most * 1.04, start=start, end=end)


def text_width(content: str, kind: str) -> float:
    """Return about how many pixels a text takes."""
    return len(content) * TEXT_SIZES[kind] * _LETTER_WIDTH[kind]


def plain(content: str) -> str:
    """Return text as markup that shows it."""
    return escape(_NOT_XML.sub("\ufffd", content))


def text(x: float, y: float, content: str, *, kind: str, anchor: str = "start", style: str = "") -> str:
    """Return a line of text whose baseline is at `y`."""
    at_end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{kind}{style and " " + style}" x="{x:g}" y="{y:g}"{at_end}>{plain(content)}</text>'


def name(x: float, y: float, content: str, detail: str, style: str) -> str:
    """Return a name, and a detail right after it."""
    after = f'<tspan class="detail" dx="8">{plain(detail)}</tspan>' if detail else ""
    return f'<text class="name {style}" x="{x:g}" y="{y:g}">{plain(content)}{after}</text>'


def line(begin: tuple[float, float], end: tuple[float, float], style: str) -> str:
    """Return a straight line."""
    (x1, y1), (x2, y2) = begin, end
    return f'<line class="{style}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def box(x: float, y: float, width: float, height: float, style: str) -> str:
    """Return a rectangle; however little it is to show, it can be seen."""
    return (
        f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{max(width, 1.5):g}" height="{height:g}" rx="2"/>'
    )


def path(points: Sequence[tuple[float, float]], style: str) -> str:
    """Return a line through points."""
    return f'<path class="{style}" d="M{"L".join(f"{x:g} {y:g}" for x, y in points)}"/>'


def dots(points: Sequence[tuple[float, float]], style: str) -> str:
    """Return many small dots as one element: lines of no length, which have round ends."""
    return f'<path class="{style}" d="{"".join(f"M{x:g} {y:g}h0" for x, y in points)}"/>'


def mark(x: float, y: float, *, is_peer: bool) -> str:
    """Return the sign for a median: a disc, or a diamond for a peer."""
    if is_peer:
        return f'<path class="peer solid" d="M{x:g} {y - 8:g}l8 8l-8 8l-8 -8z"/>'
    return f'<circle class="own solid" cx="{x:g}" cy="{y:g}" r="6.5"/>'


def drawing(width: int, height: float, parts: Iterable[str], *, title: str, layout: str) -> str:
    """Return a whole picture; `title` is for those who cannot see it."""
    inside = "".join(parts)
    return (
        f'<svg class="{layout}" role="img" aria-label="{plain(title)}" viewBox="0 0 {width} {height:g}"'
        f' xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
    )
