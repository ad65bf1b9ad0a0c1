"""`isorun doctor --attack`: try to get out of every tier, and print which attack was contained where."""

import json
import time
from collections.abc import Sequence
from typing import Any

from engine import load_config
from runtimes.attacks import ATTACKS, COLUMNS, ENGINE_CLOSED, Column, Findings, Means, attack_tiers

from . import _exit
from ._console import visible
from ._errors import UsageError
from ._signals import run_until_signal
from ._standard import say, write_data
from ._table import table

_HEAD = "attack"


def attack(*, as_json: bool, tiers: Sequence[str], means: Means = Means()) -> int:  # noqa: B008 (immutable)
    """Attack the tiers, print what came of it, and return the exit code.

    Args:
        as_json: Print one object.
        tiers: Names; none stands for all.
        means: With what they are attacked.

    Raises:
        UsageError: There is no such tier.
    """
    columns, config = _chosen(tiers), load_config()
    began = time.monotonic()
    found = run_until_signal(lambda: attack_tiers(columns, config, means=means, on_begin=_announce))
    seconds = time.monotonic() - began
    contained = are_contained(found)
    if as_json:
        write_data(json.dumps(fields(found, seconds)) + "\n")
    else:
        write_data(visible(text(found, seconds)) + "\n")
    return _exit.OK if contained else _exit.HOST_FAILURE


def are_contained(found: Sequence[Findings]) -> bool:
    """Whether something was attacked, and everything that was attacked held."""
    return any(one.cells for one in found) and all(one.is_contained for one in found)


def fields(found: Sequence[Findings], seconds: float) -> dict[str, Any]:
    """Return everything that was found, for JSON."""
    return {
        "ok": are_contained(found),
        "seconds": round(seconds, 3),
        "attacks": [{"name": one.name, "tries": one.tries, "rows": list(one.rows)} for one in ATTACKS],
        "tiers": [_fields_of(one) for one in found],
    }


def text(found: Sequence[Findings], seconds: float) -> str:
    """Return the table, and below it what needs more words."""
    names = [*(one.name for one in ATTACKS), ENGINE_CLOSED]
    rows = [[name, *(_verdict(one, name) for one in found)] for name in names]
    lines = table([[_HEAD, *(one.column.title for one in found)], *rows])
    notes = [line for one in found for line in _notes(one)]
    count = sum(len(one.cells) for one in found)
    return "\n".join([*lines, "", *notes, f"{count} attacks in {seconds:.1f} s: {_summary(found)}"])


def _summary(found: Sequence[Findings]) -> str:
    if not any(one.cells for one in found):
        return "no tier is available, so nothing was tried"
    if are_contained(found):
        return "all contained"
    verdicts = [cell.judgement.verdict for one in found for cell in one.cells]
    return f"{verdicts.count('ESCAPED')} escaped, {verdicts.count('unclear')} unclear"


def _verdict(found: Findings, name: str) -> str:
    if found.refused:
        return "refused"
    return next((cell.judgement.verdict for cell in found.cells if cell.attack == name), "-")


def _notes(found: Findings) -> list[str]:
    title = found.column.title
    if found.refused:
        fix = [f"  fix: {found.fix.splitlines()[0]}"] if found.fix else []
        return [f"{title}: refused: {found.refused}", *fix]
    return [
        f"{title}: {cell.attack}: {cell.judgement.verdict}: {detail}"
        for cell in found.cells
        for detail in cell.judgement.details
    ]


def _fields_of(found: Findings) -> dict[str, Any]:
    return {
        "name": found.column.tier,
        "path": "fork" if found.column.forks else "cold",
        "available": not found.refused,
        "reason": found.refused,
        "fix": found.fix,
        "contained": bool(found.cells) and found.is_contained,
        "attacks": [
            {
                "name": cell.attack,
                "verdict": cell.judgement.verdict,
                "details": list(cell.judgement.details),
                "status": cell.status,
                "seconds": round(cell.seconds, 3),
            }
            for cell in found.cells
        ],
    }


def _chosen(tiers: Sequence[str]) -> list[Column]:
    known = list(dict.fromkeys(column.tier for column in COLUMNS))
    unknown = [tier for tier in tiers if tier not in known]
    if unknown:
        raise UsageError(
            f"there are no attacks for the tier `{unknown[0]}`", hint=f"one of {', '.join(known)}"
        )
    return [column for column in COLUMNS if not tiers or column.tier in tiers]


def _announce(column: Column) -> None:
    say(f"note: attacking `{column.title}` with {sum(map(column.has, ATTACKS))} programs")
