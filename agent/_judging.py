"""Which of several programs to believe, and whether to write another: pure functions of what was seen."""

from collections.abc import Sequence

import msgspec

from ._answers import same_answer
from ._steps import Check, Confidence, Decided
from ._task import Means, Task


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One program at the end of its repairs.

    Attributes:
        number: Of the program.
        program: As it ran.
        answer: What it gave; for a program that is wanted, the program.
        output: What it printed.
        ok: It ran to its end and passed the tests, if there were any.
        checks: What was looked at.
        error: Why it is not ok.
    """

    number: int
    program: str
    answer: str | None = None
    output: str = ""
    ok: bool = False
    checks: tuple[Check, ...] = ()
    error: str = ""

    @property
    def is_verified(self) -> bool:
        """Whether a strong check has passed and none has failed."""
        return self.ok and not self.doubts and any(check.strong and check.passed for check in self.checks)

    @property
    def doubts(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.passed is False)

    @property
    def weight(self) -> float:
        """How much its answer counts in a vote."""
        if not self.ok or self.answer is None:
            return 0.0
        return max(0.2, 1.0 - 0.4 * len(self.doubts)) + (1.0 if self.is_verified else 0.0)


def decide(task: Task, candidates: Sequence[Candidate], means: Means) -> Decided:
    """Say whether the last program settles the question, or another one should be written."""
    last = candidates[-1]
    more = len(candidates) < means.samples
    if last.ok and last.is_verified:
        return Decided(action="accept", why="a strong check has passed")
    if last.ok and task.wants == "program":
        why = "it passes the tests" if task.tests else "there are no tests to tell programs apart"
        return Decided(action="accept", why=why)
    if last.ok and means.samples == 1:
        return Decided(action="accept", why="one program is all that was asked for")
    if last.ok and len(agreeing(candidates, last)) > 1 and not (last.doubts and more):
        return Decided(action="accept", why="two programs agree")
    if more:
        return Decided(action="sample", why=_why_another(last))
    return Decided(action="stop", why="as many programs were written as may be")


def _why_another(last: Candidate) -> str:
    if not last.ok:
        return "the program failed"
    if last.doubts:
        return f"in doubt: {last.doubts[0].detail}"
    return "to compare answers"


def agreeing(candidates: Sequence[Candidate], one: Candidate) -> list[Candidate]:
    """Return the candidates that have the answer of one of them, itself included."""
    if one.answer is None:
        return []
    return [
        other
        for other in candidates
        if other.ok and other.answer is not None and same_answer(other.answer, one.answer)
    ]


def best(candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate whose answer has the most weight behind it; the earliest of equals."""
    voting = [candidate for candidate in candidates if candidate.weight > 0]
    if not voting:
        return None
    return max(voting, key=lambda one: (sum(other.weight for other in agreeing(voting, one)), -one.number))


def confidence(candidates: Sequence[Candidate], chosen: Candidate) -> Confidence:
    """Say how well an answer is founded."""
    if chosen.is_verified:
        return "verified"
    if len(agreeing(candidates, chosen)) > 1:
        return "agreed"
    return "unverified"
