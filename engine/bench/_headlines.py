"""The few figures that stand at the top of a page: the best of isorun, and the ends of computations."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ._rows import Group, Row, variants
from ._sentences import is_fresh
from ._words import amount, clip, number


class Headline(NamedTuple):
    """A figure, and what it is of."""

    figure: str
    text: str


def headlines(groups: Sequence[Group]) -> list[Headline]:
    """Return one for each benchmark that has figures of isorun."""
    found = []
    for bench, make in _MAKERS.items():
        group = next((group for group in groups if group.bench == bench), None)
        rows = [row for row in group.rows if not row.measurement.is_peer] if group else []
        headline = make(rows) if rows else None
        if headline is not None:
            found.append(headline)
    return found


def _startup(rows: Sequence[Row]) -> Headline:
    """Take the smallest program; what shares a sandbox with others before it does not count."""
    smallest = variants(rows)[0]
    plain = [row for row in rows if row.measurement.variant == smallest]
    row = min(filter(is_fresh, plain), key=_middle, default=plain[0])
    beside = f", {number(row.ratio.value)} times a bare interpreter" if row.ratio else ""
    return Headline(_amount(row), f"from request to result, {_name(row)}{beside}")


def _throughput(rows: Sequence[Row]) -> Headline:
    row = max(rows, key=_middle)
    clients = clip(row.measurement.variant, 12)
    return Headline(_amount(row), f"each in its own sandbox, {_name(row)}, clients: {clients}")


def _density(rows: Sequence[Row]) -> Headline:
    row = min(rows, key=_middle)
    return Headline(_amount(row), f"for a {clip(row.measurement.variant, 12)} sandbox, {_name(row)}")


def _compute(rows: Sequence[Row]) -> Headline | None:
    ordered = sorted((row.ratio.value, _name(row)) for row in rows if row.ratio)
    if not ordered:
        return None
    (least, first), (most, last) = ordered[0], ordered[-1]
    ends = "-".join(dict.fromkeys((f"{least:.2f}", f"{most:.2f}")))
    names = " to ".join(dict.fromkeys((first, last)))
    return Headline(f"{ends} x", f"native time of a computation, {names}")


_MAKERS: Mapping[str, Callable[[Sequence[Row]], Headline | None]] = {
    "startup": _startup,
    "throughput": _throughput,
    "density": _density,
    "compute": _compute,
}


def _middle(row: Row) -> float:
    return row.spread.p50


def _amount(row: Row) -> str:
    return amount(row.spread.p50, row.measurement.unit)


def _name(row: Row) -> str:
    return clip(row.name, 30)
