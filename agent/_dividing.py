"""Divide a task into functions, write and test each, then write what calls them.

Only after repairs have failed: a plan that a small model makes of itself does more harm than good.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from ._attempting import Attempt
from ._planning import Part, parts_of
from ._prompts import PROGRAM_TOKENS, plan_request, program_request
from ._steps import AnyStep, Decided
from ._task import Task
from ._workshop import Target, Workshop


class Division:
    """The functions that a task is made of.

    Attributes:
        functions: Their source, if all of them were written and pass their tests; empty otherwise.
        stubs: Their signatures with docstrings.
    """

    def __init__(self, workshop: Workshop, task: Task) -> None:
        self._workshop = workshop
        self._task = task
        self.functions = ""
        self.stubs: tuple[str, ...] = ()

    async def steps(self) -> AsyncGenerator[AnyStep]:
        """Plan, then write one function after the other; afterwards the attributes say what came of it."""
        ledger, writer = self._workshop.ledger, self._workshop.writer
        yield Decided(at=ledger.seconds, action="plan", why="no program of one piece has worked")
        async with aclosing(
            writer.write(plan_request(self._task, max_tokens=PROGRAM_TOKENS), "plan")
        ) as plan:
            async for written_step in plan:
                yield written_step
        parts = parts_of(writer.last)
        written: list[str] = []
        for part in parts:
            attempt = Attempt(self._workshop, _target(part, written))
            request = program_request(_task(part), "python", max_tokens=PROGRAM_TOKENS)
            async with aclosing(attempt.steps(request, "plan")) as steps:
                async for step in steps:
                    yield step
            if attempt.failed or ledger.used_up():
                return
            written.append(attempt.looked.program)
        self.functions = "\n\n".join(written)
        self.stubs = tuple(part.stub for part in parts)


def _target(part: Part, written: list[str]) -> Target:
    return Target(_task(part), "python", part.tests, "\n\n".join(written))


def _task(part: Part) -> Task:
    return Task(
        question=f"Write this function:\n{part.stub}",
        wants="program",
        entry_point=part.name,
        tests=part.tests,
    )
