"""One question, from the first program to the answer: attempt, verify, decide, and again.

What is decided where: `_attempting` whether a program is given back, `_editing` whether a small edit mends
it, `_examining` what is checked, `_judging` whether another one is written and which is believed, `_ledger`
when it is enough, `_concluding` what is said in the end.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from ._aids import NO_AIDS, Aids
from ._attempting import Attempt
from ._concluding import accepted, given_up, in_words
from ._dividing import Division
from ._editing import Editing
from ._examining import Examination
from ._examples import examples_in
from ._fences import answer_in
from ._judging import Candidate, best, decide, wants_words
from ._model import ModelError, Request
from ._prompts import (
    TEXT_TOKENS,
    answer_request,
    helper_notes,
    program_request,
    program_tokens,
    text_request,
)
from ._steps import AnyStep, Check, Decided
from ._task import Task
from ._verifying import overlooked
from ._workshop import Target, Workshop

#: Answers are compared, so samples should be likely; programs are told apart by tests, so they should differ.
_SAMPLE_TEMPERATURES = {"answer": 0.7, "program": 0.9}


class Solving:
    """The state of one question while it is worked on."""

    def __init__(
        self,
        workshop: Workshop,
        task: Task,
        language: str,
        aids: Aids = NO_AIDS,
    ) -> None:
        self._workshop = workshop
        self._ledger = workshop.ledger
        self._means = workshop.means
        self._task = task
        self._target = Target(task, language, task.tests or self._examples(task, language), data=aids.data)
        self._notes = aids.notes
        self._begun = aids.begun
        self._candidates: list[Candidate] = []
        self._attempt = Attempt(workshop, self._target)
        self._editing = Editing(workshop, self._target)

    def _examples(self, task: Task, language: str) -> str:
        if language != "python" or task.wants != "program" or not self._means.verify:
            return ""
        return examples_in(f"{task.question}\n{task.code}\n", task.entry_point)

    async def in_text(self, against: str = "no program was run") -> AsyncGenerator[AnyStep]:
        """Answer in words. Nothing is run, so nothing is verified.

        Args:
            against: What stands against the answer.
        """
        async with aclosing(self._said()) as steps:
            async for step in steps:
                yield step
        text = self._workshop.writer.last
        yield in_words(answer_in(text), text, self._ledger, against=against)

    def _said(self) -> AsyncGenerator[AnyStep]:
        """Have the model think in words."""
        return self._workshop.writer.write(text_request(self._task, max_tokens=TEXT_TOKENS), "text")

    async def in_code(self) -> AsyncGenerator[AnyStep]:
        """Answer by programs: as many as are needed, allowed and affordable."""
        why = ""
        try:
            async with aclosing(self._samples()) as steps:
                async for step in steps:
                    if isinstance(step, Decided):
                        why = step.why
                    yield step
            if self._may_divide():
                async with aclosing(self._divided()) as steps:
                    async for step in steps:
                        yield step
        except ModelError as error:
            if best(self._candidates) is None:
                raise
            why = f"the model failed: {error}"
        async with aclosing(self._concluded(self._ledger.used_up() or why)) as steps:
            async for step in steps:
                yield step

    async def _samples(self) -> AsyncGenerator[AnyStep]:
        """Write program after program until one is believed."""
        if self._task.code:
            async with aclosing(self._edited(self._task.code)) as steps:
                async for step in steps:
                    yield step
            if self._candidates:
                yield self._decided()
                return
        for sample in range(max(1, self._means.samples)):
            if self._ledger.used_up():
                return
            async with aclosing(self._sampled(sample)) as steps:
                async for step in steps:
                    yield step
            if self._attempt.failed:
                async with aclosing(self._edited(self._attempt.looked.program)) as steps:
                    async for step in steps:
                        yield step
            decided = self._decided()
            yield decided
            if decided.action == "sample" and self._wants_words():
                async with aclosing(self._said_in_words()) as steps:
                    async for step in steps:
                        yield step
                decided = self._decided()
                yield decided
            if decided.action != "sample":
                return

    def _wants_words(self) -> bool:
        is_affordable = not self._ledger.used_up()
        # What the helper library is for cannot be computed in words.
        return is_affordable and not self._notes and wants_words(self._task, self._candidates, self._means)

    async def _said_in_words(self) -> AsyncGenerator[AnyStep]:
        """Have the model answer without a program, for comparison."""
        async with aclosing(self._said()) as steps:
            async for step in steps:
                yield step
        answer = answer_in(self._workshop.writer.last) or None
        self._candidates.append(
            Candidate(
                number=self._attempt.number, program="", in_words=True, answer=answer, ok=answer is not None
            )
        )

    def _decided(self) -> Decided:
        if self._attempt.observed.status == "refused":
            return Decided(at=self._ledger.seconds, action="stop", why=self._attempt.observed.error)
        decided = decide(self._task, self._candidates, self._means)
        return msgspec.structs.replace(decided, at=self._ledger.seconds)

    async def _sampled(self, sample: int) -> AsyncGenerator[AnyStep]:
        """Have a program of its own, and check what it gives."""
        self._ledger.samples += 1
        self._attempt = Attempt(self._workshop, self._target)
        request = self._request(sample)
        async with aclosing(self._attempt.steps(request, "sample" if sample else "write")) as steps:
            async for step in steps:
                yield step
        async with aclosing(self._examined()) as steps:
            async for step in steps:
                yield step

    def _request(self, sample: int) -> Request:
        """Return what the model is asked: the likeliest program first, then others by chance."""
        ask = answer_request if self._task.wants == "answer" else program_request
        request = ask(self._task, self._target.language, self._notes, max_tokens=program_tokens(self._task))
        return msgspec.structs.replace(
            request,
            opening=request.opening + self._begun + self._reminder(),
            temperature=_SAMPLE_TEMPERATURES[self._task.wants] if sample else 0.0,
            seed=self._means.seed + sample,
        )

    def _reminder(self) -> str:
        """Name what the last program has left out."""
        last = self._candidates[-1] if self._candidates else None
        if last is None or not last.ok or last.in_words or not self._target.data.function:
            return ""
        left_out = overlooked(last.program, self._target.data)
        return f"# do not leave out: {', '.join(left_out)}\n" if left_out else ""

    async def _edited(self, program: str) -> AsyncGenerator[AnyStep]:
        """Try small edits of a program that fails its tests; one that passes them is a candidate."""
        editing = self._editing
        async with aclosing(editing.steps(program)) as steps:
            async for step in steps:
                yield step
        if editing.attempt is not None:
            self._attempt = editing.attempt
            async with aclosing(self._examined(editing.checks, edited=True)) as steps:
                async for step in steps:
                    yield step

    async def _examined(
        self, seen: tuple[Check, ...] = (), *, edited: bool = False
    ) -> AsyncGenerator[AnyStep]:
        """Check the answer of the attempt, and add it to the candidates."""
        examination = Examination(self._workshop, self._target, self._attempt)
        async with aclosing(examination.steps(seen)) as steps:
            async for step in steps:
                yield step
        self._candidates.append(examination.candidate(edited=edited))

    # When nothing has worked

    def _may_divide(self) -> bool:
        return (
            self._means.plan
            and self._means.repairs > 0
            and self._target.language == "python"
            and bool(self._candidates)
            and not any(candidate.ok for candidate in self._candidates)
            and self._attempt.observed.result is not None
            and not self._ledger.used_up()
        )

    async def _divided(self) -> AsyncGenerator[AnyStep]:
        """Have the task divided into functions, and write the program that calls them."""
        division = Division(self._workshop, self._task)
        async with aclosing(division.steps()) as steps:
            async for step in steps:
                yield step
        if not division.functions:
            return
        self._target = self._target._replace(functions=division.functions)
        self._notes = helper_notes(division.stubs)
        self._begun = ""
        async with aclosing(self._sampled(0)) as steps:
            async for step in steps:
                yield step

    async def _concluded(self, why: str) -> AsyncGenerator[AnyStep]:
        language = self._target.language
        chosen = best(self._candidates)
        if chosen is not None:
            yield accepted(self._task, self._candidates, chosen, self._ledger, language=language, why=why)
        elif self._task.wants == "answer" and self._means.route == "auto" and not self._ledger.used_up():
            yield Decided(at=self._ledger.seconds, action="text", why="no program has worked")
            failed = self._attempt.observed.error.partition("\n")[0]
            async with aclosing(self.in_text(f"no program has worked: {failed}")) as steps:
                async for step in steps:
                    yield step
        else:
            last = self._candidates[-1] if self._candidates else None
            yield given_up(self._task, last, self._ledger, language=language, why=why)
