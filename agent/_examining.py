"""Check the answer of a program that ran, by programs of ours and by a reviewer if that is wanted."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio

from engine import EngineError

from . import _helper_calls
from ._attempting import Attempt
from ._judging import Candidate
from ._prompts import review_request
from ._steps import AnyStep, Check, Verified
from ._verifying import answer_checks
from ._workshop import Target, Workshop

#: For our own checking programs, which only compute.
_CHECKING_POLICY = "default"


class Examination:
    """Of one attempt at a target.

    Args:
        workshop: Where its program was run.
        target: What that is for.
        attempt: At its end.
    """

    def __init__(self, workshop: Workshop, target: Target, attempt: Attempt) -> None:
        self._workshop = workshop
        self._target = target
        self._attempt = attempt
        self._checks: tuple[Check, ...] = ()

    async def steps(self, seen: tuple[Check, ...] = ()) -> AsyncGenerator[AnyStep]:
        """Check the answer, unless that is not wanted.

        Args:
            seen: What was checked already.
        """
        if not self._workshop.means.verify:
            return
        began = time.monotonic()
        answer = self._attempt.answer
        if answer is not None and not self._attempt.failed:
            self._checks = (*await self._made(answer), *seen)
            if self._workshop.means.review and self._target.task.wants == "answer":
                async with aclosing(self._reviewed(answer)) as steps:
                    async for step in steps:
                        yield step
        seconds = time.monotonic() - began
        ledger = self._workshop.ledger
        ledger.checked(seconds)
        yield Verified(at=ledger.seconds, number=self._attempt.number, checks=self._checks, seconds=seconds)

    def candidate(self, *, edited: bool = False) -> Candidate:
        """Return what the attempt is worth.

        Args:
            edited: Its program was found by editing another one.
        """
        attempt = self._attempt
        return Candidate(
            number=attempt.number,
            program=attempt.program,
            edited=edited,
            answer=attempt.answer,
            output=attempt.observed.output,
            ok=not attempt.failed,
            checks=self._checks,
            error=attempt.observed.error,
        )

    async def _made(self, answer: str) -> tuple[Check, ...]:
        task, looked = self._target.task, self._attempt.looked
        if task.wants == "program":
            return self._tests()
        checks = answer_checks(task, looked.program, answer, constant=looked.constant, data=self._target.data)
        return (*checks, *await self._calls(answer))

    def _tests(self) -> tuple[Check, ...]:
        tests = self._target.tests
        if not tests:
            return ()
        name = "tests" if self._target.task.tests else "examples"
        detail = f"{tests.count('assert')} assertions"
        return (Check(name=name, passed=self._attempt.observed.passed, detail=detail, strong=True),)

    async def _calls(self, answer: str) -> tuple[Check, ...]:
        """Put what the helper library was asked and has answered back into the constraints."""
        result = self._attempt.observed.result
        calls = () if result is None else _helper_calls.recorded_calls(result.files)
        if not calls or not self._workshop.means.helpers:
            return ()
        program = _helper_calls.check_program(calls)
        try:
            with anyio.move_on_after(self._workshop.ledger.seconds_left):
                checked = await self._workshop.bench.engine.run(program, _CHECKING_POLICY)
                return _helper_calls.checks_of(checked, calls, answer)
        except EngineError as error:
            return (Check(name="constraints", passed=None, detail=f"not checked: {error}"),)
        return (Check(name="constraints", passed=None, detail="not checked: no time is left"),)

    async def _reviewed(self, answer: str) -> AsyncGenerator[AnyStep]:
        reviewer = self._workshop.reviewer
        async with aclosing(reviewer.write(review_request(self._target.task, answer), "review")) as steps:
            async for step in steps:
                yield step
        self._checks += (_review(reviewer.last),)


def _review(word: str) -> Check:
    found = {
        "yes": (True, "the reviewing model agrees"),
        "no": (False, "the reviewing model finds it implausible"),
    }
    passed, detail = found.get(word.strip(), (None, "the reviewing model gave no verdict"))
    return Check(name="review", passed=passed, detail=detail)
