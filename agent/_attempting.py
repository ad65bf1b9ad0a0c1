"""One program: written, looked at, run, and given back to the model while that helps."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial

from anyio import to_thread
from msgspec import structs

from ._checking import Looked, look_at, same_program
from ._documents import as_prompt, look_up_error
from ._model import Request
from ._planning import composed
from ._prompts import repaired
from ._repairing import another_way, instruction, is_repairable, needs_documents, syntax_instruction
from ._running import Observed, run_program, run_tests
from ._steps import AnyStep, Checked, Decided, Purpose, Ran
from ._workshop import Target, Workshop

#: For a model that has given the same program again: the likeliest way has been tried.
_STUCK_TEMPERATURE = 0.9


class Attempt:
    """A program on its way to work.

    Attributes:
        number: Of the program that was written last.
        looked: What looking at it has brought.
        observed: What happened when it ran.
    """

    def __init__(self, workshop: Workshop, target: Target) -> None:
        self._workshop = workshop
        self._target = target
        self.number = 0
        self.looked = Looked("")
        self.observed = Observed(None)

    @property
    def program(self) -> str:
        """The program as it ran, with the functions that it calls."""
        own = self.looked.program
        return composed([self._target.functions], own) if self._target.functions else own

    @property
    def answer(self) -> str | None:
        """What is asked for: the program itself, or what it has given."""
        return self.looked.program if self._target.task.wants == "program" else self.observed.answer

    @property
    def failed(self) -> bool:
        """Whether something stands against the program."""
        return bool(self.observed.error) or not self.observed.ok

    async def steps(self, request: Request, purpose: Purpose) -> AsyncGenerator[AnyStep]:
        """Write the program, and repair it as often as may be; the attributes say what came of it."""
        async with aclosing(self._written(request, purpose)) as steps:
            async for step in steps:
                yield step
        async with aclosing(self._repairs(request)) as steps:
            async for step in steps:
                yield step

    async def given(self, program: str) -> Ran:
        """Run a program that is there already."""
        self.number = self._workshop.ledger.next_number()
        self.looked = Looked(program)
        return await self._run()

    async def _written(
        self, request: Request, purpose: Purpose, seen: Sequence[str] = ()
    ) -> AsyncGenerator[AnyStep]:
        """Write a program, look at it, and run it, unless it is one of those that were seen to fail."""
        means, language = self._workshop.means, self._target.language
        self.number = self._workshop.ledger.next_number()
        writing = self._workshop.writer.write(
            request, purpose, language=language, number=self.number, check=means.check
        )
        async with aclosing(writing) as steps:
            async for step in steps:
                yield step
        self.looked = Looked(self._workshop.writer.last)
        if means.check:
            yield await self._check()
        if self._is_among(seen):
            return
        if self._is_no_program:
            self.observed = Observed(None, error=self.looked.problems[0])
            return
        yield await self._run()

    async def _check(self) -> Checked:
        began = time.monotonic()
        ledger = self._workshop.ledger
        looking = partial(
            look_at,
            self.looked.program,
            self._target.language,
            helpers=self._workshop.means.helpers,
            data=self._target.data,
        )
        looked = self.looked = await to_thread.run_sync(looking)
        seconds = time.monotonic() - began
        ledger.checked(seconds)
        return Checked(
            at=ledger.seconds,
            number=self.number,
            problems=looked.problems,
            mended=looked.mended,
            constant=looked.constant,
            program=self.program if looked.mended or self._target.functions else None,
            seconds=seconds,
        )

    @property
    def _is_no_program(self) -> bool:
        """Whether it cannot run at all. Undefined names may stand where the program never comes."""
        first = self.looked.problems[0] if self.looked.problems else ""
        return any(sign in first for sign in ("SyntaxError", "there is no program", "parsed"))

    async def _run(self) -> Ran:
        """Run the program that was looked at: with its tests, if a program is wanted and there are any."""
        began = time.monotonic()
        ledger, target = self._workshop.ledger, self._target
        where = (self._workshop.bench, self.program, target.language)
        if target.tests and self._workshop.means.verify and target.task.wants == "program":
            observed = await run_tests(*where, target.tests, target.task.files, seconds=ledger.seconds_left)
        else:
            observed = await run_program(*where, target.task.files, seconds=ledger.seconds_left)
        if observed.ok and target.task.wants == "answer" and observed.answer is None:
            observed = observed._replace(error="the program printed nothing")
        self.observed = observed
        seconds = time.monotonic() - began
        ledger.ran(seconds)
        return _ran(observed, self.number, at=ledger.seconds, seconds=seconds)

    # Repair

    async def _repairs(self, request: Request) -> AsyncGenerator[AnyStep]:
        """Give a failing program back; a model that only repeats itself is asked to take another way."""
        ledger, writer = self._workshop.ledger, self._workshop.writer
        seen = [self.looked.program]
        is_stuck = False
        for _ in range(self._workshop.means.repairs):
            if not self.failed or ledger.used_up() or not self._is_worth_repairing:
                return
            told = await self._told()
            program = self._target.data.shortened(seen[-1])
            asking = repaired(
                request, program, self._target.language, another_way(told) if is_stuck else told
            )
            if is_stuck:
                asking = structs.replace(
                    asking, temperature=_STUCK_TEMPERATURE, seed=request.seed + len(seen)
                )
            if writer.has_asked(asking):
                return
            ledger.repairs += 1
            yield Decided(at=ledger.seconds, action="repair", why=self.observed.error.partition("\n")[0])
            async with aclosing(self._written(asking, "repair", seen)) as steps:
                async for step in steps:
                    yield step
            is_stuck = self._is_among(seen)
            if not is_stuck:
                seen.append(self.looked.program)

    def _is_among(self, programs: Sequence[str]) -> bool:
        return any(same_program(self.looked.program, program) for program in programs)

    @property
    def _is_worth_repairing(self) -> bool:
        return self._is_no_program or is_repairable(self.observed) or self.observed.status == "ok"

    async def _told(self) -> str:
        """Return what the model is told of its program."""
        if self._is_no_program:
            return syntax_instruction(self.looked.problems)
        documents = ""
        library = self._workshop.documents
        if self._workshop.means.helpers and library is not None and needs_documents(self.observed):
            documents = as_prompt(await look_up_error(library, self.observed.error, self.looked.program))
        return instruction(self.observed, self.looked.problems, documents)


def _ran(observed: Observed, number: int, *, at: float, seconds: float) -> Ran:
    result = observed.result
    usage = None if result is None else result.usage
    only_tests = observed.passed is False and observed.status == "ok"
    return Ran(
        at=at,
        number=number,
        status="tests failed" if only_tests else observed.status,
        answer=observed.answer,
        output=observed.output,
        error=observed.error,
        runtime="" if result is None else f"{result.isolation.runtime}/{result.isolation.path}",
        seconds=seconds,
        cpu_ms=None if usage is None else usage.cpu_ms,
        peak_memory_mib=None if usage is None else usage.peak_memory_mib,
        calls=observed.calls,
    )
