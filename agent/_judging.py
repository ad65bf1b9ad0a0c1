"""Which of several programs to believe, and whether to write another: pure functions of what was seen."""

from collections.abc import Sequence

import msgspec

from ._answers import same_answer
from ._steps import Check, Confidence, Decided
from ._task import Means, Task

#: The model computes badly in words, so such an answer only speaks for that of a program.
_WEIGHT_OF_WORDS = 0.5


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One program at the end of its repairs, or what the model says without one.

    Attributes:
        number: Of the program.
        in_words: There is no program: the model thought in words.
        edited: The model wrote another one, or it was given, and an edit of that was found.
        program: As it ran.
        answer: What it gave; for a program that is wanted, the program.
        output: What it printed.
        ok: It ran to its end and passed the tests, if there were any.
        checks: What was looked at.
        error: Why it is not ok.
    """

    number: int
    program: str
    in_words: bool = False
    edited: bool = False
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
        if self.in_words:
            return _WEIGHT_OF_WORDS
        return max(0.2, 1.0 - 0.4 * len(self.doubts)) + (1.0 if self.is_verified else 0.0)


def decide(task: Task, candidates: Sequence[Candidate], means: Means) -> Decided:
    """Say whether the last program settles the question, or another one should be written."""
    last = candidates[-1]
    more = sum(not candidate.edited for candidate in candidates) < means.samples
    if last.ok and last.is_verified:
        return Decided(action="accept", why="a strong check has passed")
    # A given program is one slip away from a right one more often than what a model has written.
    if last.ok and task.wants == "program" and (task.code or not (last.doubts and more)):
        why = "it passes the tests" if task.tests else "there are no tests to tell programs apart"
        return Decided(action="accept", why=why)
    if last.ok and means.samples == 1:
        return Decided(action="accept", why="one program is all that was asked for")
    several = agreeing(candidates, last)
    if last.ok and len(several) > 1 and not (last.doubts and more):
        return Decided(action="accept", why=_who_agrees(several))
    if more:
        return Decided(action="sample", why=_why_another(last))
    return Decided(action="stop", why="as many programs were written as may be")


def _who_agrees(several: Sequence[Candidate]) -> str:
    if any(one.in_words for one in several):
        return "a program and an answer in words agree"
    return "two programs agree"


def _why_another(last: Candidate) -> str:
    if last.in_words:
        return "an answer in words is another one"
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


def wants_words(task: Task, candidates: Sequence[Candidate], means: Means) -> bool:
    """Whether programs that disagree should be compared with an answer in words: once, if there may be one.

    Another program by the same model often makes the same mistake; it thinks otherwise in words.
    """
    return (
        task.wants == "answer"
        and not task.files
        and means.route == "auto"
        and len(candidates) > 1
        and any(candidate.ok for candidate in candidates)
        and not any(candidate.in_words for candidate in candidates)
    )


def best(candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the program whose answer has the most weight behind it; the earliest of equals."""
    voting = [candidate for candidate in candidates if candidate.weight > 0]
    programs = [candidate for candidate in voting if not candidate.in_words]
    if not programs:
        return None
    return max(programs, key=lambda one: (sum(other.weight for other in agreeing(voting, one)), -one.number))


def confidence(candidates: Sequence[Candidate], chosen: Candidate) -> Confidence:
    """Say how well an answer is founded."""
    if chosen.is_verified:
        return "verified"
    if len(agreeing(candidates, chosen)) > 1:
        return "agreed"
    return "unverified"
