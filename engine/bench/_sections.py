"""Which charts a page has: for each benchmark its charts, what they say, and all figures."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from . import _chart_bars, _chart_clients, _chart_latency, _sentences
from ._chart_bars import Bar, Block
from ._rows import Group, Row, variants
from ._statistics import Ratio
from ._words import amount, clip, number

# What a page may hold, so that no file of records makes it too large to open.
_MOST_ROWS = 24  # of each variant
_MOST_ROWS_TOGETHER = 84
_MOST_VARIANTS = 5
_MOST_DOTS = 1800

_WITH = {
    "nothing": "the smallest program",
    "packages": "a program that imports packages",
    "files": "a program with files in and out",
    "policy": "the smallest program under a policy of its own",
}


type _Rows = Mapping[str, Sequence[Row]]


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """One chart.

    Attributes:
        svg: Markup.
        sentence: Text, as is the title.
    """

    title: str = ""
    svg: str
    sentence: str


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark.

    Attributes:
        legend: What the signs in its charts mean; names of `_style`.
        groups: Its figures, for tables.
    """

    title: str
    question: str
    legend: tuple[str, ...]
    charts: tuple[Chart, ...]
    groups: tuple[Group, ...] = ()


def sections(groups: Sequence[Group]) -> list[Section]:
    """Return the sections that have something to show."""
    found = []
    for bench, make in _MAKERS.items():
        of_bench = tuple(group for group in groups if group.bench == bench)
        if of_bench:
            shown = _by_variant(of_bench[0].rows)
            section = msgspec.structs.replace(make(of_bench[0].unit, shown), groups=of_bench)
            section = _with_legend(section, shown)
            found.append(_with_rest(section, len(of_bench[0].rows) - sum(map(len, shown.values()))))
    return found


def _with_legend(section: Section, shown: _Rows) -> Section:
    """Leave out of the legend what there is not."""
    if any(row.measurement.is_peer for rows in shown.values() for row in rows):
        return section
    legend = tuple(name for name in section.legend if not name.startswith("peer"))
    return msgspec.structs.replace(section, legend=legend)


def _with_rest(section: Section, count: int) -> Section:
    """Say how many rows have no place in the charts."""
    if not count:
        return section
    return msgspec.structs.replace(
        section, question=f"{section.question} {count} more rows are in the table only."
    )


def _startup(unit: str, by_variant: _Rows) -> Section:
    dots = _MOST_DOTS // sum(map(len, by_variant.values()))
    charts = []
    for variant, rows in by_variant.items():
        said = _sentences.latency(rows)
        svg = _chart_latency.draw(rows, dots=max(8, min(60, dots)), title=said)
        charts.append(Chart(title=f"With {_WITH.get(variant, clip(variant, 40))}", svg=svg, sentence=said))
    return Section(
        title="How long does a run take?",
        question="From the request to the result, a fresh sandbox included (but in a session).",
        legend=("own", "peer", "bar", "run", "floor", "drift"),
        charts=tuple(charts),
    )


def _throughput(unit: str, by_variant: _Rows) -> Section:
    rows = [row for rows in by_variant.values() for row in rows]
    said = _sentences.throughput(rows)
    return Section(
        title="How many runs per second?",
        question="Each run in a sandbox of its own. Clients and engine share the processors of the machine.",
        legend=("own", "peer", "floor"),
        charts=(Chart(svg=_chart_clients.draw(rows, title=said), sentence=said),),
    )


def _density(unit: str, by_variant: _Rows) -> Section:
    said = _sentences.memory([row for rows in by_variant.values() for row in rows])
    blocks = [
        Block(title=f"a {variant} sandbox", bars=tuple(_memory(row, unit) for row in rows))
        for variant, rows in by_variant.items()
    ]
    svg = _chart_bars.draw(blocks, unit=unit, mark=None, title=said)
    return Section(
        title="How much memory per sandbox?",
        question="What one more adds, with all its processes; memory that several share is divided.",
        legend=("own-solid", "peer-solid"),
        charts=(Chart(svg=svg, sentence=said),),
    )


def _compute(unit: str, by_variant: _Rows) -> Section:
    compared = {variant: rows for variant, rows in by_variant.items() if any(row.ratio for row in rows)}
    return Section(
        title="Does a computation run slower?",
        question="Its time in a sandbox over that of the same program without one. Shorter is better.",
        legend=("own-solid", "peer-solid", "interval"),
        charts=(_against_native(compared),) if compared else (),
    )


def _against_native(by_variant: _Rows) -> Chart:
    blocks = [
        Block(title=variant, bars=tuple(_slowdown(row, row.ratio) for row in rows if row.ratio))
        for variant, rows in by_variant.items()
    ]
    said = _sentences.compute([bar.row for block in blocks for bar in block.bars])
    svg = _chart_bars.draw(blocks, unit="x", mark=(1.0, "native"), title=said)
    return Chart(svg=svg, sentence=said)


def _memory(row: Row, unit: str) -> Bar:
    return Bar(row=row, value=row.spread.p50, label=amount(row.spread.p50, unit))


def _slowdown(row: Row, ratio: Ratio) -> Bar:
    return Bar(row=row, value=ratio.value, low=ratio.low, high=ratio.high, label=f"{number(ratio.value)} x")


def _by_variant(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the first rows of each variant, which are the best ones; the tables have the others too."""
    found, left = {}, _MOST_ROWS_TOGETHER
    for variant in variants(rows)[:_MOST_VARIANTS]:
        of_variant = [row for row in rows if row.measurement.variant == variant]
        found[variant] = of_variant[: min(left // 2, _MOST_ROWS)]
        left -= len(found[variant])
    return found


_MAKERS: Mapping[str, Callable[[str, _Rows], Section]] = {
    "startup": _startup,
    "throughput": _throughput,
    "density": _density,
    "compute": _compute,
}
