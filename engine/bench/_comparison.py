"""What changed between two files of records: by how much, and whether it is more than noise.

A machine is faster in one hour than in another. So a figure that was measured in turns with a floor is
compared in floors, each file's with its own. Even these ratios differ a little from one measurement to the
next, which the runs of one file cannot know; a change counts from there on.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from ._record import Machine, Measurement, Records
from ._rows import Key, group_place, merged, variant_place
from ._statistics import Ratio, can_differ, discoveries, mann_whitney, ratio

type Verdict = Literal["worse", "better", "noise", "too few"]
VERDICTS: tuple[Verdict, ...] = ("worse", "better", "noise", "too few")

# How much a figure differs between measurements of the same thing: ratios of wall times by a tenth (see
# docs/performance.md), computations, which take turns more closely, by less, and memory hardly.
_DRIFT = {"startup": 0.10, "throughput": 0.10, "density": 0.02, "compute": 0.03}
# Times without a floor drift with the machine, by half.
_DRIFT_WITHOUT_FLOOR = 0.5


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One figure in both files.

    Attributes:
        before: Median; in floors if `in_floors`, else in `unit`.
        after: Likewise.
        ratio: `after` over `before`; None if it would mean nothing.
        p_value: How likely such a difference is if nothing changed.
    """

    bench: str
    measure: str
    unit: str
    contender: str
    is_peer: bool
    path: str
    variant: str
    in_floors: bool
    before: float
    after: float
    ratio: Ratio | None
    p_value: float
    verdict: Verdict


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two files side by side.

    Attributes:
        machines: What differs between the machines; figures in floors can still be compared.
        versions: What differs in the versions, commits and numbers of runs.
        changes: By benchmark, and there in the order of tables.
        only_before: Figures that the second file lacks.
        only_after: Figures that the first file lacks.
    """

    machines: tuple[str, ...]
    versions: tuple[str, ...]
    changes: tuple[Change, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


class _Pair(msgspec.Struct, frozen=True, kw_only=True):
    """The values of both files in the unit in which they are compared."""

    one: Measurement
    two: Measurement
    in_floors: bool
    before: tuple[float, ...]
    after: tuple[float, ...]


def compared(before: Records, after: Records) -> Comparison:
    """Compare two files."""
    one, two = merged(before.measurements), merged(after.measurements)
    pairs = [_pair(one[key], two[key]) for key in sorted(one.keys() & two.keys(), key=_place)]
    return Comparison(
        machines=tuple(_machine_differences(before.machine, after.machine)),
        versions=tuple(_version_differences(before.machine, after.machine)),
        changes=tuple(_changes(pairs)),
        only_before=_named(one, one.keys() - two.keys()),
        only_after=_named(two, two.keys() - one.keys()),
    )


def _pair(one: Measurement, two: Measurement) -> _Pair:
    floors = [_median(one.floor), _median(two.floor)]
    in_floors = one.unit != "MiB" and all(floor > 0 for floor in floors)
    first, second = floors if in_floors else (1.0, 1.0)
    return _Pair(
        one=one,
        two=two,
        in_floors=in_floors,
        before=tuple(value / first for value in one.values),
        after=tuple(value / second for value in two.values),
    )


def _changes(pairs: Sequence[_Pair]) -> list[Change]:
    p_values = [mann_whitney(pair.before, pair.after) for pair in pairs]
    tested = [can_differ(len(pair.before), len(pair.after)) for pair in pairs]
    believed = iter(discoveries([p for p, is_tested in zip(p_values, tested, strict=True) if is_tested]))
    found = [next(believed) if is_tested else None for is_tested in tested]
    return [_change(*parts) for parts in zip(pairs, p_values, found, strict=True)]


def _change(pair: _Pair, p_value: float, is_believed: bool | None) -> Change:
    one, two = pair.one, pair.two
    if pair.in_floors:
        found = ratio([two.values, one.floor], [one.values, two.floor])
    else:
        found = ratio([two.values], [one.values])
    return Change(
        bench=one.bench,
        measure=one.measure,
        unit=one.unit,
        contender=one.contender,
        is_peer=one.is_peer,
        path=one.path,
        variant=one.variant,
        in_floors=pair.in_floors,
        before=_median(pair.before),
        after=_median(pair.after),
        ratio=found,
        p_value=p_value,
        verdict=_verdict(pair, found, is_believed),
    )


def _verdict(pair: _Pair, found: Ratio | None, is_believed: bool | None) -> Verdict:
    if is_believed is None or found is None:
        return "too few"
    is_timed = pair.one.unit != "MiB"
    drift = _DRIFT_WITHOUT_FLOOR if is_timed and not pair.in_floors else _DRIFT[pair.one.bench]
    is_large = not 1 / (1 + drift) <= found.value <= 1 + drift
    if not (is_believed and is_large and _excludes_one(found)):
        return "noise"
    return "better" if (found.value > 1) == (pair.one.unit == "runs/s") else "worse"


def _excludes_one(found: Ratio) -> bool:
    return found.low is None or found.high is None or not found.low <= 1 <= found.high


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def _place(key: Key) -> tuple[tuple[int, int, str, str], tuple[int, int, str], bool, str, str]:
    bench, measure, unit, contender, is_peer, path, variant = key
    return group_place((bench, measure, unit)), variant_place(variant), is_peer, contender, path


def _named(measurements: Mapping[Key, Measurement], keys: set[Key]) -> tuple[str, ...]:
    found = [measurements[key] for key in sorted(keys, key=_place)]
    return tuple(
        " ".join(filter(None, (one.bench, one.contender, one.path, one.variant, one.measure)))
        for one in found
    )


def _machine_differences(one: Machine, two: Machine) -> list[str]:
    pairs = {
        "processor": (one.cpu, two.cpu),
        "cores": (one.cores, two.cores),
        # Of virtual machines of one size the memory differs by some MiB.
        "memory, GiB": (round(one.memory_mib / 1024), round(two.memory_mib / 1024)),
        "kernel": (one.kernel, two.kernel),
    }
    return _differences(pairs)


def _version_differences(one: Machine, two: Machine) -> list[str]:
    names = sorted(one.versions.keys() | two.versions.keys())
    pairs: dict[str, tuple[object, object]] = {
        "python": (one.python, two.python),
        **{name: (one.versions.get(name, "none"), two.versions.get(name, "none")) for name in names},
        "commit": (one.commit[:12] or "none", two.commit[:12] or "none"),
        "quick": ("yes" if one.quick else "no", "yes" if two.quick else "no"),
    }
    return _differences(pairs)


def _differences(pairs: Mapping[str, tuple[object, object]]) -> list[str]:
    return [f"{name}: {one}, then {two}" for name, (one, two) in pairs.items() if one != two]
