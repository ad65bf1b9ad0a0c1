"""Records in the order in which they are shown, each figure with its spread and its ratio to the floor."""

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

import msgspec

from ._record import Bench, Measurement, Records
from ._statistics import Ratio, Spread, ratio, spread

_BENCHES: tuple[str, ...] = get_args(Bench.__value__)
_MEASURES = ("result", "first byte")
_VARIANTS = ("nothing", "packages", "files", "policy", "waiting", "running")
#: What the variants of a benchmark are.
ASKED = {"startup": "with", "throughput": "clients", "density": "sandbox", "compute": "computation"}
#: What the floor of a benchmark is.
FLOOR = {
    "startup": "bare interpreter",
    "throughput": "bare starts",
    "density": "bare interpreter",
    "compute": "native",
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """All values of one figure of one contender.

    Attributes:
        ratio: To the floor; None without one.
    """

    measurement: Measurement
    spread: Spread
    ratio: Ratio | None

    @property
    def name(self) -> str:
        """The contender and the way its sandboxes come."""
        found = self.measurement
        return f"{found.contender} ({found.path})" if found.path else found.contender


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one benchmark that can be compared: the same measure in the same unit."""

    bench: str
    measure: str
    unit: str
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """For headings."""
        return f"{self.bench}: {self.measure}, {self.unit}"


type Key = tuple[str, str, str, str, bool, str, str]


def key(measurement: Measurement) -> Key:
    """Return what two measurements of the same figure have in common."""
    m = measurement
    return (m.bench, m.measure, m.unit, m.contender, m.is_peer, m.path, m.variant)


def merged(measurements: Iterable[Measurement]) -> dict[Key, Measurement]:
    """Put the values of the same figure together; what has no values is left out."""
    found: dict[Key, Measurement] = {}
    for measurement in measurements:
        before = found.get(key(measurement))
        if before is not None:
            measurement = msgspec.structs.replace(
                measurement,
                values=before.values + measurement.values,
                floor=before.floor + measurement.floor,
            )
        if measurement.values:
            found[key(measurement)] = measurement
    return found


def groups(records: Records) -> list[Group]:
    """Return the figures by benchmark, measure and unit, each group by variant, the best first."""
    rows: dict[tuple[str, str, str], list[Row]] = {}
    for found in merged(records.measurements).values():
        place = (found.bench, found.measure, found.unit)
        rows.setdefault(place, []).append(_row(found))
    return [
        Group(
            bench=bench,
            measure=measure,
            unit=unit,
            rows=tuple(sorted(rows[bench, measure, unit], key=_place)),
        )
        for bench, measure, unit in sorted(rows, key=group_place)
    ]


def variants(rows: Iterable[Row]) -> list[str]:
    """Return the variants of rows in the order in which they are shown."""
    return sorted({row.measurement.variant for row in rows}, key=variant_place)


def variant_place(variant: str) -> tuple[int, int, str]:
    """Return what variants are sorted by: our own order, numbers by size, then names."""
    if variant in _VARIANTS:
        return 0, _VARIANTS.index(variant), ""
    if variant.isascii() and variant.isdigit() and len(variant) < 10:
        return 1, int(variant), ""
    return 2, 0, variant


def group_place(group: tuple[str, str, str]) -> tuple[int, int, str, str]:
    """Return what groups are sorted by, given the benchmark, the measure and the unit."""
    bench, measure, unit = group
    known: Sequence[str] = _MEASURES
    return (
        _BENCHES.index(bench),
        known.index(measure) if measure in known else len(known),
        measure,
        unit,
    )


def without_values(records: Records) -> Iterator[str]:
    """Say which figures have no values at all."""
    have = merged(records.measurements)
    for measurement in records.measurements:
        if key(measurement) not in have:
            words = (measurement.contender, measurement.path, measurement.variant)
            yield f"{' '.join(filter(None, words))}: no values of {measurement.bench}, {measurement.measure}"


def _row(found: Measurement) -> Row:
    return Row(measurement=found, spread=spread(found.values), ratio=ratio([found.values], [found.floor]))


def _place(row: Row) -> tuple[tuple[int, int, str], float, str]:
    middle = row.spread.p50
    best_first = -middle if row.measurement.unit == "runs/s" else middle
    return variant_place(row.measurement.variant), best_first, row.name
