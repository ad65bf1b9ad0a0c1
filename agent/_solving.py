"""One question, from the first program to the answer: write, check, run, repair, verify, and again.

Each method is one step of that, and yields what it did. What is decided where: `_repairing` says whether a program
is given back, `_judging` whether another one is written and which is believed, `_ledger` when it is enough.
"""

import time
from collections.abc import AsyncGenerator
from functools import partial

import msgspec
from anyio import to_thread

from engine import PolicyLike

from . import _helpers, _helper_calls
from ._answers import readable
from ._checking import Looked, look_at, same_program
from ._documents import Documents, as_prompt
from ._fences import answer_in
from ._judging import Candidate, agreeing, best, confidence, decide
from ._ledger import Ledger
from ._model import Model, ModelError, Request
from ._planning import Part, composed, parts_of
from ._prompts import (
    answer_request,
    helper_notes,
    plan_request,
    program_request,
    repaired,
    review_request,
    text_request,
)
from ._repairing import instruction, is_repairable, needs_documents, syntax_instruction
from ._running import Bench, Observed, run_program, run_tests
from ._steps import Answered, AnyStep, Check, Checked, Decided, Purpose, Ran, Verified
from ._task import Means, Route, Task
from ._tests import examples_in
from ._verifying import answer_checks
from ._writing import Writer

#: A program that answers a question is short; a longer one has lost its way. Data that are copied need more.
_PROGRAM_TOKENS = 768
_TEXT_TOKENS = 640
_SAMPLE_TEMPERATURE = 0.7


class Solving:
    """The state of one question while it is worked on."""

    def __init__(
        self,
        task: Task,
        *,
        model: Model,
        bench: Bench,
        means: Means,
        ledger: Ledger,
        language: str,
        stubs: tuple[str, ...] = (),
        documents: Documents | None = None,
        reviewer: Model | None = None,
    ) -> None:
        self._task = task
        self._bench = bench
        self._means = means
        self._ledger = ledger
        self._language = language
        self._notes = helper_notes(stubs)
        self._documents = documents
        self._writer = Writer(model, ledger)
        self._reviewer = Writer(reviewer or model, ledger)
        self._candidates: list[Candidate] = []
        self._numbers = 0
        self._tests = task.tests or self._examples(task)
        # What came out of the step that ran last.
        self._looked = Looked("")
        self._observed = Observed(None)
        self._functions = ""

    def _examples(self, task: Task) -> str:
        if self._language != "python" or task.wants != "program" or not self._means.verify:
            return ""
        return examples_in(f"{task.question}\n{task.code}\n", task.entry_point)

    # In text

    async def in_text(self) -> AsyncGenerator[AnyStep]:
        """Answer in words. Nothing is run, so nothing is verified."""
        request = text_request(self._task, max_tokens=_TEXT_TOKENS)
        async for step in self._writer.write(request, "text"):
            yield step
        answer = answer_in(self._writer.last)
        yield self._answered(
            "text",
            readable(answer) or None,
            output=self._writer.last,
            unverified=("no program was run",),
            why="answered in text" if answer else "the model said nothing",
        )

    # In code

    async def in_code(self) -> AsyncGenerator[AnyStep]:
        """Answer by programs: as many as are needed, allowed and affordable."""
        why = ""
        for sample in range(max(1, self._means.samples)):
            why = self._ledger.used_up()
            if why:
                break
            async for step in self._sampled(sample):
                yield step
            decided = self._decided()
            yield decided
            why = decided.why
            if decided.action != "sample":
                break
        if self._may_plan():
            async for step in self._planned():
                yield step
        async for step in self._concluded(why):
            yield step

    def _decided(self) -> Decided:
        decided = decide(self._task, self._candidates, self._means)
        return msgspec.structs.replace(decided, at=self._ledger.seconds)

    async def _sampled(self, sample: int) -> AsyncGenerator[AnyStep]:
        """Write a program of its own, repair it while that helps, and check what it gives."""
        self._ledger.samples += 1
        request = msgspec.structs.replace(
            self._request(),
            temperature=_SAMPLE_TEMPERATURE if sample else 0.0,
            seed=self._means.seed + sample,
        )
        async for step in self._attempt(request, "sample" if sample else "write"):
            yield step
        async for step in self._repairs(request):
            yield step
        async for step in self._verified():
            yield step

    def _request(self) -> Request:
        ask = answer_request if self._task.wants == "answer" else program_request
        return ask(self._task, self._language, self._notes, max_tokens=_PROGRAM_TOKENS)

    async def _attempt(self, request: Request, purpose: Purpose) -> AsyncGenerator[AnyStep]:
        """Write a program, look at it, run it."""
        self._numbers += 1
        writing = self._writer.write(
            request, purpose, language=self._language, number=self._numbers, check=self._means.check
        )
        async for step in writing:
            yield step
        program = self._writer.last
        self._looked = Looked(program)
        if self._means.check:
            yield await self._check(program)
        if self._looked.problems and not self._can_run():
            self._observed = Observed(None, error=self._looked.problems[0])
            return
        yield await self._run()

    async def _check(self, program: str) -> Checked:
        began = time.monotonic()
        looking = partial(look_at, program, self._language, helpers=self._means.helpers)
        looked = self._looked = await to_thread.run_sync(looking)
        seconds = time.monotonic() - began
        self._ledger.checked(seconds)
        return Checked(
            at=self._ledger.seconds,
            number=self._numbers,
            problems=looked.problems,
            mended=looked.mended,
            constant=looked.constant,
            program=looked.program if looked.mended else None,
            seconds=seconds,
        )

    def _can_run(self) -> bool:
        """Undefined names may stand where the program never comes; what is no program cannot run."""
        first = self._looked.problems[0]
        return "SyntaxError" not in first and "there is no program" not in first and "parsed" not in first

    async def _run(self) -> Ran:
        """Run the program that was looked at: with its tests, if a program is wanted and there are any."""
        began = time.monotonic()
        source = composed([self._functions], self._looked.program) if self._functions else self._looked.program
        if self._tests and self._means.verify:
            observed = await run_tests(self._bench, source, self._language, self._tests)
        else:
            observed = await run_program(self._bench, source, self._language, self._task.files)
        if observed.ok and self._task.wants == "answer" and observed.answer is None:
            observed = observed._replace(error="the program printed nothing")
        self._observed = observed
        seconds = time.monotonic() - began
        self._ledger.ran(seconds)
        return self._ran(observed, seconds)

    def _ran(self, observed: Observed, seconds: float) -> Ran:
        result = observed.result
        usage = None if result is None else result.usage
        return Ran(
            at=self._ledger.seconds,
            number=self._numbers,
            status="tests failed" if observed.passed is False and observed.status == "ok" else observed.status,
            answer=observed.answer,
            output=observed.output,
            error=observed.error,
            runtime="" if result is None else f"{result.isolation.runtime}/{result.isolation.path}",
            seconds=seconds,
            cpu_ms=None if usage is None else usage.cpu_ms,
            peak_memory_mib=None if usage is None else usage.peak_memory_mib,
            calls=observed.calls,
        )

    @property
    def _failed(self) -> bool:
        return bool(self._observed.error) or not self._observed.ok

    # Repair

    async def _repairs(self, request: Request) -> AsyncGenerator[AnyStep]:
        """Give a failing program back, never the same twice; stop when the model only repeats itself."""
        seen = [self._looked.program]
        for _ in range(self._means.repairs):
            if not self._failed or self._ledger.used_up() or not self._is_worth_repairing():
                return
            self._ledger.repairs += 1
            yield Decided(at=self._ledger.seconds, action="repair", why=self._observed.error.partition("\n")[0])
            told = await self._told()
            async for step in self._attempt(repaired(request, seen[-1], self._language, told), "repair"):
                yield step
            if any(same_program(self._looked.program, earlier) for earlier in seen):
                return
            seen.append(self._looked.program)

    def _is_worth_repairing(self) -> bool:
        return bool(self._looked.problems and not self._can_run()) or (
            is_repairable(self._observed) or self._observed.status == "ok"
        )

    async def _told(self) -> str:
        if self._looked.problems and not self._can_run():
            return syntax_instruction(self._looked.problems)
        documents = ""
        if self._means.helpers and self._documents is not None and needs_documents(self._observed):
            found = await to_thread.run_sync(
                self._documents.for_error, self._observed.error, self._looked.program
            )
            documents = as_prompt(found)
        return instruction(self._observed, self._looked.problems, documents)

    # Verification

    async def _verified(self) -> AsyncGenerator[AnyStep]:
        """Check the last program's answer, and add it to the candidates."""
        observed, ok = self._observed, not self._failed
        answer = self._looked.program if self._task.wants == "program" else observed.answer
        checks: tuple[Check, ...] = ()
        if self._means.verify:
            began = time.monotonic()
            checks = await self._checks(answer) if ok and answer is not None else ()
            if ok and answer is not None and self._means.review and self._task.wants == "answer":
                async for step in self._reviewed(answer):
                    yield step
                passed = self._reviewer.last != "no"
                checks += (Check(name="review", passed=passed, detail="the reviewing model agrees" if passed else
                                 "the reviewing model finds it implausible"),)
            seconds = time.monotonic() - began
            self._ledger.checked(seconds)
            yield Verified(at=self._ledger.seconds, number=self._numbers, checks=checks, seconds=seconds)
        self._candidates.append(
            Candidate(
                number=self._numbers,
                program=composed([self._functions], self._looked.program) if self._functions else self._looked.program,
                answer=answer,
                output=observed.output,
                ok=ok,
                checks=checks,
                error=observed.error,
            )
        )

    async def _checks(self, answer: str) -> tuple[Check, ...]:
        if self._task.wants == "program":
            return self._test_checks()
        checks = answer_checks(self._task, self._looked.program, answer, constant=self._looked.constant)
        return (*checks, *await self._call_checks(answer))

    def _test_checks(self) -> tuple[Check, ...]:
        if not self._tests:
            return ()
        name = "tests" if self._task.tests else "examples"
        detail = f"{self._tests.count('assert')} assertions"
        return (Check(name=name, passed=self._observed.passed, detail=detail, strong=True),)

    async def _call_checks(self, answer: str) -> tuple[Check, ...]:
        """Put what the helper library was asked and has answered back into the constraints."""
        if self._observed.result is None or not self._means.helpers:
            return ()
        calls = _helper_calls.recorded_calls(self._observed.result.files)
        if not calls:
            return ()
        result = await self._bench.engine.run(_helper_calls.check_program(calls), _checking_policy())
        return _helper_calls.checks_of(result, calls, answer)

    async def _reviewed(self, answer: str) -> AsyncGenerator[AnyStep]:
        async for step in self._reviewer.write(review_request(self._task, answer), "review"):
            yield step

    # Planning

    def _may_plan(self) -> bool:
        return (
            self._means.plan
            and self._means.repairs > 0
            and self._language == "python"
            and not any(candidate.ok for candidate in self._candidates)
            and bool(self._candidates)
            and self._observed.result is not None
            and not self._ledger.used_up()
        )

    async def _planned(self) -> AsyncGenerator[AnyStep]:
        """Divide the task into functions, write and test each, then write what calls them."""
        yield Decided(at=self._ledger.seconds, action="plan", why="no program of one piece has worked")
        request = plan_request(self._task, max_tokens=_PROGRAM_TOKENS)
        async for step in self._writer.write(request, "plan"):
            yield step
        parts = parts_of(self._writer.last)
        whole, tests = self._task, self._tests
        written: list[str] = []
        for part in parts:
            self._functions = "\n\n".join(written)
            self._task, self._tests = _part_task(part), part.tests
            async for step in self._attempt(self._part_request(part), "plan"):
                yield step
            async for step in self._repairs(self._part_request(part)):
                yield step
            if self._failed or self._ledger.used_up():
                break
            written.append(self._looked.program)
        self._task, self._tests = whole, tests
        if parts and len(written) == len(parts):
            self._functions = "\n\n".join(written)
            self._notes = helper_notes([part.stub for part in parts])
            async for step in self._sampled(0):
                yield step
        self._functions = ""

    def _part_request(self, part: Part) -> Request:
        return program_request(_part_task(part), "python", max_tokens=_PROGRAM_TOKENS)

    # The end

    async def _concluded(self, why: str) -> AsyncGenerator[AnyStep]:
        chosen = best(self._candidates)
        if chosen is not None:
            yield self._accepted(chosen, why)
        elif self._task.wants == "answer" and self._means.route == "auto" and not self._ledger.used_up():
            yield Decided(at=self._ledger.seconds, action="text", why="no program has worked")
            async for step in self.in_text():
                yield step
        else:
            yield self._given_up(why)

    def _accepted(self, chosen: Candidate, why: str) -> Answered:
        held = [_said(check) for check in chosen.checks if check.passed]
        open_ = [_said(check) for check in chosen.checks if not check.passed]
        others = len(agreeing(self._candidates, chosen)) - 1
        if others > 0 and self._task.wants == "answer":
            held.append(f"{others + 1} programs written independently give the same answer")
        if not any(check.strong and check.passed for check in chosen.checks):
            open_.append("nothing checks that the program reads the question rightly")
        answer = chosen.answer if self._task.wants == "program" else readable(chosen.answer or "")
        return self._answered(
            "code",
            answer,
            candidate=chosen,
            output=chosen.output,
            verified=tuple(held),
            unverified=tuple(open_),
            why=why,
        )

    def _given_up(self, why: str) -> Answered:
        """There is no answer; a program that is wanted is shown as far as it came."""
        last = self._candidates[-1] if self._candidates else None
        errors = () if last is None or not last.error else (last.error.partition("\n")[0],)
        wanted = self._task.wants == "program" and last is not None and bool(last.program.strip())
        return self._answered(
            "code",
            last.program if wanted and last is not None else None,
            candidate=last,
            unverified=errors,
            why=why,
            known=False,
        )

    def _answered(
        self,
        route: Route,
        answer: str | None,
        *,
        candidate: Candidate | None = None,
        output: str = "",
        verified: tuple[str, ...] = (),
        unverified: tuple[str, ...] = (),
        why: str = "",
        known: bool = True,
    ) -> Answered:
        founded = "unverified" if candidate is None else confidence(self._candidates, candidate)
        return Answered(
            at=self._ledger.seconds,
            answer=answer,
            confidence=founded if known and answer is not None else "unknown",
            route=route,
            language=self._language if route == "code" else "",
            program="" if candidate is None else candidate.program,
            output=output,
            verified=verified,
            unverified=unverified,
            why=why,
            totals=self._ledger.totals(),
        )


def _part_task(part: Part) -> Task:
    return Task(question=f"Write this function:\n{part.stub}", wants="program", entry_point=part.name, tests=part.tests)


def _said(check: Check) -> str:
    return f"{check.name}: {check.detail}" if check.detail else check.name


def _checking_policy() -> PolicyLike:
    """Our own checking program computes, and reads what it was given."""
    return "default"
