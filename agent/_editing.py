"""Small edits as a means of the agent: search for one, and run the program with it."""

import time
from collections.abc import AsyncGenerator

from anyio import to_thread

from ._attempting import Attempt
from ._checking import same_program
from ._searching import Found, edit_checks, search_edits
from ._steps import AnyStep, Check, Searched
from ._workshop import Target, Workshop
from .edits import edits_of


class Editing:
    """Tries small edits of programs that fail the tests of a task, each program once.

    Attributes:
        attempt: The last program with an edit after which it passes; None if none was found.
        checks: How far the tests tell that edit from others.
    """

    def __init__(self, workshop: Workshop, target: Target) -> None:
        self._workshop = workshop
        self._target = target
        self._searched: list[str] = []
        self.attempt: Attempt | None = None
        self.checks: tuple[Check, ...] = ()

    async def steps(self, program: str) -> AsyncGenerator[AnyStep]:
        """Search, and run what is found; the attributes say what came of it."""
        self.attempt, self.checks = None, ()
        if not self._is_possible or any(same_program(program, other) for other in self._searched):
            return
        self._searched.append(program)
        began = time.monotonic()
        found = await self._found(program)
        if found is None:
            return
        yield self._told(found, time.monotonic() - began)
        if found.edit is None:
            return
        attempt = Attempt(self._workshop, self._target)
        yield await attempt.given(found.edit.program)
        if not attempt.failed:
            self.attempt, self.checks = attempt, edit_checks(found)

    @property
    def _is_possible(self) -> bool:
        means, target = self._workshop.means, self._target
        return (
            means.edits
            and means.verify
            and target.language == "python"
            and target.task.wants == "program"
            and bool(target.tests)
            and self._workshop.ledger.seconds_left > 0
        )

    async def _found(self, program: str) -> Found | None:
        """Search; None if there is nothing to edit."""
        edits = await to_thread.run_sync(edits_of, program)
        if not edits:
            return None
        bench, seconds = self._workshop.bench, self._workshop.ledger.seconds_left
        return await search_edits(bench, program, self._target.tests, edits, seconds=seconds)

    def _told(self, found: Found, seconds: float) -> Searched:
        ledger, edit = self._workshop.ledger, found.edit
        ledger.searched(seconds)
        return Searched(
            at=ledger.seconds,
            tried=found.tried,
            passing=found.passing,
            alike=found.alike,
            edit="" if edit is None else edit.said,
            program=None if edit is None else edit.program,
            seconds=seconds,
        )
