"""What a file of measurements says: rows per set and arm, comparisons of arms, trust in confidences."""

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

import msgspec

from ._arms import ROUTING
from ._machine import Header
from ._records import Record
from ._statistics import Paired, Share, median, paired, percentile95, share

_CONFIDENCES = ("verified", "agreed", "unverified", "unknown")


class Seconds(msgspec.Struct, frozen=True, kw_only=True):
    """Time to an answer; the parts are means, so that they add up."""

    median: float
    percentile95: float
    model: float
    sandbox: float
    checks: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One arm on one set.

    Attributes:
        first: Right with the first program alone, of the items that had one.
        ran: A program ended well, of the items that had one.
        evaluated_tokens: Prompt tokens that were read anew, per item.
        new_tokens: Per item.
        new_tokens_per_right: Per item that was right; None if none was.
        constant: Items with a program that only prints what it was written with.
    """

    set: str
    model: str
    arm: str
    right: Share
    first: Share
    ran: Share
    errors: int
    programs: float
    repairs: float
    samples: float
    model_calls: float
    constant: int
    evaluated_tokens: float
    new_tokens: float
    new_tokens_per_right: float | None
    seconds: Seconds
    cpu_ms: float | None
    peak_memory_mib: float | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two arms on the items that both have been measured on.

    Attributes:
        lost_items: Right with `base`, wrong with `arm`.
    """

    set: str
    model: str
    base: str
    arm: str
    paired: Paired
    lost_items: tuple[str, ...]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """How often answers of one confidence are right; `unknown` gives no answer and cannot be."""

    model: str
    arm: str
    confidence: str
    right: Share


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """All that is reported.

    Attributes:
        comparisons: Every arm against the first one that was measured.
        harm: `full` against `text`, where that is not among the comparisons.
        skipped: Per set, items that were not scored, by the reason.
    """

    headers: tuple[Header, ...]
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    harm: tuple[Comparison, ...]
    calibration: tuple[Calibration, ...]
    skipped: dict[str, dict[str, int]]


def summarize(headers: Sequence[Header], records: Sequence[Record]) -> Summary:
    """Summarize measurements; sets and arms keep the order of the file."""
    sets = list(dict.fromkeys((record.set, record.model) for record in records))
    arms = _arms(records)
    cells = {(*group, arm): _cell(records, *group, arm) for group in sets for arm in arms}
    pairs = [(group, arms[0], arm) for group in sets for arm in arms[1:]]
    harm = [(group, "text", "full") for group in sets if arms and arms[0] != "text"]
    return Summary(
        headers=tuple(headers),
        rows=tuple(_row(cell) for cell in cells.values() if cell),
        comparisons=tuple(_comparisons(cells, pairs)),
        harm=tuple(_comparisons(cells, harm)),
        calibration=tuple(_calibrations(records, arms)),
        skipped={name: reasons for header in headers for name, reasons in header.skipped.items()},
    )


def _arms(records: Sequence[Record]) -> list[str]:
    """Return the arms in the order of measuring; mere decisions compare with no arm and come last."""
    found = dict.fromkeys(record.arm for record in records)
    return sorted(found, key=lambda arm: arm == ROUTING)


def _cell(records: Iterable[Record], set_name: str, model: str, arm: str) -> list[Record]:
    return [record for record in records if (record.set, record.model, record.arm) == (set_name, model, arm)]


def _row(cell: Sequence[Record]) -> Row:
    right = sum(record.right for record in cell)
    tokens = sum(record.new_tokens for record in cell)
    return Row(
        set=cell[0].set,
        model=cell[0].model,
        arm=cell[0].arm,
        right=share(right, len(cell)),
        first=_known(record.right_first for record in cell),
        ran=_known(record.ran for record in cell),
        errors=sum(bool(record.error) for record in cell),
        programs=_mean(cell, lambda record: record.programs),
        repairs=_mean(cell, lambda record: record.repairs),
        samples=_mean(cell, lambda record: record.samples),
        model_calls=_mean(cell, lambda record: record.model_calls),
        constant=sum(record.constant > 0 for record in cell),
        evaluated_tokens=_mean(cell, lambda record: record.evaluated_tokens),
        new_tokens=tokens / len(cell),
        new_tokens_per_right=tokens / right if right else None,
        seconds=_seconds(cell),
        cpu_ms=_mean_known([record.cpu_ms for record in cell]),
        peak_memory_mib=max((record.peak_memory_mib or 0.0 for record in cell), default=0.0) or None,
    )


def _seconds(cell: Sequence[Record]) -> Seconds:
    total = [record.seconds for record in cell]
    return Seconds(
        median=median(total),
        percentile95=percentile95(total),
        model=_mean(cell, lambda record: record.model_seconds),
        sandbox=_mean(cell, lambda record: record.sandbox_seconds),
        checks=_mean(cell, lambda record: record.check_seconds),
    )


def _comparisons(
    cells: dict[tuple[str, str, str], list[Record]], pairs: Iterable[tuple[tuple[str, str], str, str]]
) -> Iterable[Comparison]:
    for (set_name, model), base, arm in pairs:
        one = {(r.item, r.seed): r.right for r in cells.get((set_name, model, base), [])}
        two = {(r.item, r.seed): r.right for r in cells.get((set_name, model, arm), [])}
        common = [key for key in one if key in two]
        if common:
            yield Comparison(
                set=set_name,
                model=model,
                base=base,
                arm=arm,
                paired=paired([(one[key], two[key]) for key in common]),
                lost_items=tuple(dict.fromkeys(key[0] for key in common if one[key] and not two[key])),
            )


def _calibrations(records: Sequence[Record], arms: Sequence[str]) -> Iterable[Calibration]:
    for model in dict.fromkeys(record.model for record in records):
        for arm in arms:
            for confidence in _CONFIDENCES:
                of_it = [
                    r.right for r in records if (r.model, r.arm, r.confidence) == (model, arm, confidence)
                ]
                if of_it:
                    right = share(sum(of_it), len(of_it))
                    yield Calibration(model=model, arm=arm, confidence=confidence, right=right)


def _known(values: Iterable[bool | None]) -> Share:
    known = [value for value in values if value is not None]
    return share(sum(known), len(known))


def _mean(cell: Sequence[Record], value: Callable[[Record], float]) -> float:
    return fmean(value(record) for record in cell)


def _mean_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
