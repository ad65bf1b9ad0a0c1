"""`isorun run --explain`: which runtime would be taken, and why not the others."""

import json

import msgspec

from engine import AnyEngine, TierDecision

from . import _exit
from ._console import visible_line
from ._request import Request
from ._signals import run_until_signal
from ._standard import write_data


def explain(engine: AnyEngine, wanted: Request, *, as_json: bool) -> int:
    """Print the decision about each runtime; nothing is run. Returns 4 if none would do."""
    decisions = run_until_signal(lambda: _decisions(engine, wanted))
    if as_json:
        write_data(json.dumps({"tiers": msgspec.to_builtins(decisions)}) + "\n")
    else:
        _print_table(decisions)
    return _exit.OK if any(decision.taken for decision in decisions) else _exit.HOST_FAILURE


async def _decisions(engine: AnyEngine, wanted: Request) -> list[TierDecision]:
    async with engine:
        return await engine.explain(wanted.program, wanted.policy)


def _print_table(decisions: list[TierDecision]) -> None:
    width = max((len(decision.runtime) for decision in decisions), default=0)
    for decision in decisions:
        verdict = "taken" if decision.taken else "left"
        write_data(visible_line(f"{decision.runtime:{width}}  {verdict:5}  {decision.reason}") + "\n")
