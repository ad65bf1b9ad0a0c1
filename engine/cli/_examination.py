"""`isorun doctor`: examine the machine, print it for people or as JSON."""

import json
import os
import platform
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from engine import Engine, EngineConfig, EngineError, TierReport, load_config

from . import _exit
from ._console import visible
from ._facts import facts
from ._kernel import Fact
from ._signals import run_until_signal
from ._standard import write_data
from ._version import version

type MakeEngine = Callable[[EngineConfig], Engine]
type FindFacts = Callable[[EngineConfig], Awaitable[list[Fact]]]


class Examination(NamedTuple):
    """What was found."""

    tiers: Sequence[TierReport]
    facts: Sequence[Fact]

    @property
    def works(self) -> bool:
        """Whether anything can be run here."""
        return any(tier.available for tier in self.tiers)


def examine(*, as_json: bool, make_engine: MakeEngine = Engine, find_facts: FindFacts = facts) -> int:
    """Examine the machine, print what was found, and return the exit code."""
    config = load_config()
    found = run_until_signal(lambda: _examine(config, make_engine, find_facts))
    if as_json:
        write_data(json.dumps(_fields(found)) + "\n")
    else:
        write_data(visible(_text(found)) + "\n")
    return _exit.OK if found.works else _exit.HOST_FAILURE


async def _examine(config: EngineConfig, make_engine: MakeEngine, find_facts: FindFacts) -> Examination:
    found = await find_facts(config)
    try:
        async with make_engine(config) as engine:
            return Examination(await engine.tiers(), found)
    except EngineError as error:
        return Examination([], [*found, Fact("engine", False, str(error), error.hint)])


def _machine() -> dict[str, str | int]:
    return {
        "version": version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "python": platform.python_version(),
        "uid": os.geteuid(),
    }


def _fields(found: Examination) -> dict[str, Any]:
    return {
        **_machine(),
        "ok": found.works,
        "tiers": [_tier_fields(tier) for tier in found.tiers],
        "facts": [fact._asdict() for fact in found.facts],
    }


def _tier_fields(tier: TierReport) -> dict[str, Any]:
    able = tier.capabilities
    return {
        "name": tier.runtime,
        "available": tier.available,
        "reason": tier.reason,
        "fix": tier.hint,
        "languages": sorted(able.languages) if able else [],
        "cgroups": bool(able and able.cgroups),
        "degraded": list(able.degraded) if able else [],
        "slower": list(able.slower) if able else [],
    }


def _text(found: Examination) -> str:
    machine = "isorun {version} on {system}, {machine}, Python {python}, uid {uid}".format(**_machine())
    tiers = [line for tier in found.tiers for line in _tier_lines(tier)]
    host = [line for fact in found.facts for line in _fact_lines(fact)]
    return "\n".join([machine, "", "isolation", *tiers, "", "machine", *host])


def _tier_lines(tier: TierReport) -> list[str]:
    if tier.capabilities is None:
        return [f"  {tier.runtime}: not available: {tier.reason}", *_fix_lines(tier.hint)]
    lines = [f"  {tier.runtime}: available for {', '.join(sorted(tier.capabilities.languages))}"]
    lines += [f"    weaker: {sentence}" for sentence in tier.capabilities.degraded]
    return lines + [f"    slower: {sentence}" for sentence in tier.capabilities.slower]


def _fact_lines(fact: Fact) -> list[str]:
    return [f"  {fact.name}: {'ok' if fact.ok else 'not ok'}: {fact.detail}", *_fix_lines(fact.fix)]


def _fix_lines(fix: str) -> list[str]:
    first, *rest = fix.splitlines() or [""]
    return [f"    fix: {first}", *(f"         {line}" for line in rest)] if fix else []
