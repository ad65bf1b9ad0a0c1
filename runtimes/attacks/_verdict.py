"""Judge one attack by how its run ended and by what was seen from outside. Pure."""

from typing import Literal

import msgspec

from engine import Result

from ._attack import Attack

#: `unclear`: nothing was reached, but the run did not end as it has to; so it proves nothing.
#: `refused`: the tier is not available, so nothing runs there. `absent`: it has nothing of the kind.
type Verdict = Literal["contained", "ESCAPED", "unclear", "refused", "absent"]

#: The program says so where it has tried what it wanted, or is about to.
_TRIED = "tried"
#: It says so of what would leave no trace outside, such as a namespace of its own.
_ESCAPED = "escaped: "
#: The kernel charges memory in batches.
_SLACK = 1.1
#: Of what a program may say about itself.
_MOST_WORDS = 3
_LONGEST = 120


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a run is over.

    Attributes:
        result: None if there is none.
        failure: Why not.
        reached: Canaries that were touched.
        left: Processes that are still there.
        rights: That its process had and no program may have; None if it was not seen.
    """

    result: Result | None = None
    failure: str = ""
    reached: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    rights: tuple[str, ...] | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, and what it rests on if it is not `contained`."""

    verdict: Verdict
    details: tuple[str, ...] = ()


def judge(attack: Attack, run: Run) -> Judgement:
    """Say whether an attack was contained.

    That it was, is never taken from the program's own words. That it was not, is.
    """
    escapes = (*run.reached, *run.left, *(run.rights or ()), *_beyond_limits(attack, run), *_confessed(run))
    if escapes:
        return Judgement(verdict="ESCAPED", details=escapes)
    doubts = _doubts(attack, run)
    return Judgement(verdict="unclear", details=doubts) if doubts else Judgement(verdict="contained")


def _beyond_limits(attack: Attack, run: Run) -> list[str]:
    """Return which limits did not hold: it was let run to its end, or used more than it may."""
    if run.result is None:
        return []
    beyond = []
    if run.result.status == "ok" and "ok" not in attack.statuses:
        beyond.append(f"it ran to its end, which must be {' or '.join(attack.statuses)}")
    peak_mib, most_mib = run.result.usage.peak_memory_mib, attack.limits.memory_mib
    if peak_mib is not None and peak_mib > most_mib * _SLACK:
        beyond.append(f"it took {peak_mib:.0f} MiB of memory, and may take {most_mib}")
    return beyond


def _confessed(run: Run) -> list[str]:
    lines = run.result.stdout.splitlines() if run.result is not None else []
    return [line.removeprefix(_ESCAPED)[:_LONGEST] for line in lines if line.startswith(_ESCAPED)][
        :_MOST_WORDS
    ]


def _doubts(attack: Attack, run: Run) -> tuple[str, ...]:
    if run.result is None:
        return (f"it was not run: {run.failure}",)
    result, doubts = run.result, []
    if result.status not in attack.statuses:
        doubts.append(
            f"it ended with `{result.status}` ({result.reason}), not {' or '.join(attack.statuses)}"
        )
    if attack.exit_code not in (None, result.exit_code):
        doubts.append(f"its exit code is {result.exit_code}, not {attack.exit_code}")
    if not any(line.startswith(_TRIED) for line in result.stdout.splitlines()):
        doubts.append("it has not tried everything")
    if attack.shows_itself and run.rights is None:
        doubts.append("its process was not seen from outside")
    if doubts and result.stderr:
        doubts.append(result.stderr.strip().splitlines()[-1][:_LONGEST] if result.stderr.strip() else "")
    return tuple(doubts)
