"""A comparison as lines for a terminal: what makes it doubtful first, then what changed, then the rest."""

from collections import Counter
from collections.abc import Sequence

from ._comparison import VERDICTS, Change, Comparison, Verdict
from ._rows import ASKED
from ._statistics import Ratio
from ._table import WIDTH, aligned, names, wrapped
from ._words import amount, clip, number

_SHOWN: dict[Verdict, str] = {"worse": "WORSE", "better": "better", "noise": "noise", "too few": "too few"}
_TEXT_COLUMNS = 4
_MOST_NAMED = 20


def comparison_lines(comparison: Comparison) -> list[str]:
    """Return what a person reads."""
    lines = []
    if comparison.machines:
        lines += wrapped(f"different machines: {'; '.join(comparison.machines)}")
        lines += wrapped(
            "what is compared in floors still holds, roughly; memory and times without a floor do not"
        )
    lines += wrapped(f"versions: {'; '.join(comparison.versions)}") if comparison.versions else []
    lines += [*([""] if lines else []), _summary(comparison.changes)]
    for title in dict.fromkeys(map(_title, comparison.changes)):
        lines += ["", clip(title, WIDTH), *_table([c for c in comparison.changes if _title(c) == title])]
    missing = [
        *_missing("only before", comparison.only_before),
        *_missing("only after", comparison.only_after),
    ]
    return [*lines, *([""] if missing else []), *missing]


def _summary(changes: Sequence[Change]) -> str:
    counts = Counter(change.verdict for change in changes)
    if not changes:
        return "the files have no figure in common"
    found = f"{counts['worse']} worse, {counts['better']} better, {counts['noise']} unchanged or noise"
    return f"{found}, {counts['too few']} with too few runs to tell"


def _title(change: Change) -> str:
    return f"{change.bench.upper()}: {change.measure}"


def _table(changes: Sequence[Change]) -> list[str]:
    headings = ["", ASKED[changes[0].bench], "contender", "path", "before", "after", "change", "95 %"]
    ordered = sorted(changes, key=lambda change: VERDICTS.index(change.verdict))
    return aligned([headings, *map(_cells, ordered)], _TEXT_COLUMNS)


def _cells(change: Change) -> list[str]:
    return [
        _SHOWN[change.verdict],
        *names(change),
        _value(change, change.before),
        _value(change, change.after),
        "-" if change.ratio is None else _percent(change.ratio.value),
        _interval(change.ratio),
    ]


def _value(change: Change, value: float) -> str:
    return f"{number(value)} x" if change.in_floors else amount(value, change.unit)


def _percent(value: float) -> str:
    """Say a ratio as a change; what more than triples is said as a multiple."""
    if value >= 3:
        return f"x {number(value)}"
    return f"{100 * (value - 1):+.1f} %"


def _interval(found: Ratio | None) -> str:
    if found is None or found.low is None or found.high is None:
        return "-"
    return f"{_percent(found.low)} to {_percent(found.high)}"


def _missing(title: str, texts: Sequence[str]) -> list[str]:
    more = [f"and {len(texts) - _MOST_NAMED} more"] if len(texts) > _MOST_NAMED else []
    return wrapped(f"{title}: {'; '.join([*texts[:_MOST_NAMED], *more])}") if texts else []
