"""What a chart shows, said in a sentence or two."""

from collections.abc import Sequence

from ._rows import FLOOR, Row, variants
from ._words import amount, clip, number


def latency(rows: Sequence[Row]) -> str:
    """Say who is fastest, who is slowest, and what others take."""
    ours, peers = _sides(rows)
    fresh = [row for row in ours if is_fresh(row)] or ours
    parts = []
    if fresh:
        parts.append(_fastest(fresh[0]))
    if len(fresh) > 1:
        parts.append(f"The slowest way is {_name(fresh[-1])} with {_middle(fresh[-1])}.")
    if peers:
        parts.append(f"Of what else one could take, {_name(peers[0])} is fastest with {_middle(peers[0])}.")
    return " ".join(parts)


def is_fresh(row: Row) -> bool:
    """Whether each run has a sandbox of its own."""
    return row.measurement.path != "session"


def throughput(rows: Sequence[Row]) -> str:
    """Say who does most with most clients, and what more clients are worth."""
    many, few = variants(rows)[-1], variants(rows)[0]
    ours, peers = _sides([row for row in rows if row.measurement.variant == many])
    parts = []
    if ours:
        best = ours[-1]
        rate = number(best.spread.p50)
        said = f"With {_clients(many)} at once, {_name(best)} does most: {rate} runs per second"
        alone = [row for row in rows if row.name == best.name and row.measurement.variant == few]
        if alone and few != many and alone[0].spread.p50 > 0:
            said += f", {number(best.spread.p50 / alone[0].spread.p50)} times as many as with {_clients(few)}"
        parts.append(said + ".")
    if peers:
        rate = number(peers[-1].spread.p50)
        parts.append(f"Of what else one could take, {_name(peers[-1])} does most: {rate}.")
    return " ".join(parts)


def memory(rows: Sequence[Row]) -> str:
    """Say between what the memory of a sandbox lies, waiting and running."""
    parts = []
    for variant in variants(rows):
        ours, peers = _sides([row for row in rows if row.measurement.variant == variant])
        found = ours or peers
        said = f"A {clip(variant, 20)} sandbox takes {_middle(found[0])} with {_name(found[0])}"
        if len(found) > 1:
            said += f", and up to {_middle(found[-1])} with {_name(found[-1])}"
        parts.append(said + ".")
    return " ".join(parts)


def compute(rows: Sequence[Row]) -> str:
    """Say between what computations lie; the rows have ratios."""
    ordered = sorted(rows, key=_ratio)
    best, worst = ordered[0], ordered[-1]
    if best is worst:
        return f"Native time is 1; {_name(best)} takes {_against(best)}."
    least, most = f"{_name(best)}, {_against(best)}", f"{_name(worst)}, {_against(worst)}"
    return f"Native time is 1. Least takes {least}; most {most}."


def _fastest(row: Row) -> str:
    spread, unit = row.spread, row.measurement.unit
    said = (
        f"The fastest is {_name(row)}: half of its runs are done within {amount(spread.p50, unit)}, "
        f"95 % within {amount(spread.p95, unit)}"
    )
    if row.ratio:
        said += f"; p50 is {number(row.ratio.value)} times what a {FLOOR[row.measurement.bench]} takes"
    return said + "."


def _sides(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return ours and those of peers, both from small to large."""
    ordered = sorted(rows, key=lambda row: (row.spread.p50, row.name))
    ours = [row for row in ordered if not row.measurement.is_peer]
    return ours, [row for row in ordered if row.measurement.is_peer]


def _name(row: Row) -> str:
    return clip(row.name, 40)


def _middle(row: Row) -> str:
    return amount(row.spread.p50, row.measurement.unit)


def _clients(variant: str) -> str:
    return "1 client" if variant == "1" else f"{clip(variant, 12)} clients"


def _ratio(row: Row) -> float:
    return row.ratio.value if row.ratio else 1.0


def _against(row: Row) -> str:
    return f"{number(_ratio(row))} ({clip(row.measurement.variant, 20)})"
