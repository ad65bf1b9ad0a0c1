"""The runs in progress, so that they can be listed, and ended one by one or with the engine."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec
from anyio import CancelScope, Event

from ._exceptions import PoolClosedError, RunNotFoundError
from ._program import Result, Status
from ._runtime import Sandbox
from ._tiers import Chosen

#: Ids begin at random in each engine. The step is odd, so that all come before one comes again, and large, so
#: that a few digits of neighbours tell them apart. A random number for each would be a system call for each.
_IDS = 1 << 32
_ID_STEP = 0x9E3779B1

type RunState = Literal["starting", "queued", "compiling", "waiting", "running"]
"""How far a run has come; it is queued for its turn, and waits for a sandbox."""


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A run in progress.

    Attributes:
        id: Eight hexadecimal digits; those of two engines are equal by accident at most.
        pid: The process of its engine.
        called_at: Seconds by the monotonic clock, which all processes of a machine share.
        age_seconds: Since then.
        language: Of the program.
        runtime: Where it runs; None until one has been chosen.
        state: `starting` (a runtime is being chosen, files are read), `queued` (for its turn), `compiling`,
            `waiting` (for a sandbox) or `running`.
    """

    id: str
    pid: int
    called_at: float
    age_seconds: float
    language: str
    runtime: str | None
    state: RunState


class Run:
    """One call of `Engine.run`.

    Attributes:
        id: Its name on this machine.
        called_at: When it was called, in monotonic seconds.
        language: Of the program.
        state: How far it has come.
        chosen: The runtime that takes it; None until then.
        result: What it gave; None while it runs, and for good if it ended with an exception.
    """

    def __init__(self, run_id: str) -> None:
        self.id = run_id
        self.called_at = time.monotonic()
        self.language = ""
        self.state: RunState = "starting"
        self.chosen: Chosen | None = None
        self.result: Result | None = None
        self.scope = CancelScope()
        self._sandbox: Sandbox | None = None
        self._is_killed = False
        self._ended: Event | None = None

    @property
    def dispatched(self) -> bool:
        """Whether the program has been handed to a sandbox."""
        return self._sandbox is not None

    def info(self) -> RunInfo:
        """Describe it to those who did not start it."""
        return RunInfo(
            id=self.id,
            pid=os.getpid(),
            called_at=self.called_at,
            age_seconds=time.monotonic() - self.called_at,
            language=self.language,
            runtime=None if self.chosen is None else self.chosen.runtime.name,
            state=self.state,
        )

    def enter(self, sandbox: Sandbox) -> None:
        """Take note that the program is handed to a sandbox."""
        self._sandbox = sandbox
        self.state = "running"

    def leave(self) -> None:
        """Take note that the sandbox was lost before the program began, and that another one will do."""
        self._sandbox = None
        self.state = "waiting"
        if self._is_killed:  # what has reached the lost sandbox alone has to reach the run
            self.scope.cancel()

    def kill(self) -> None:
        """End it, by its sandbox if that can, because it knows what was written. Does not wait."""
        self._is_killed = True
        if self._sandbox is None or not self._sandbox.cancel():
            self.scope.cancel()

    async def wait(self) -> None:
        """Wait for its end."""
        if self._ended is None:
            self._ended = Event()
        await self._ended.wait()

    def end(self) -> None:
        """Wake those who wait for its end."""
        if self._ended is not None:
            self._ended.set()


class Runs:
    """All runs of one engine.

    Attributes:
        finished: Runs that gave a result, by status.
        failed: Runs that ended with an exception.
    """

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._last_id = int.from_bytes(os.urandom(4))
        self._none_left: Event | None = None
        self.finished: Counter[Status] = Counter()
        self.failed = 0

    @property
    def active(self) -> int:
        """How many are in progress."""
        return len(self._runs)

    def infos(self) -> list[RunInfo]:
        """Describe those in progress, the oldest first."""
        return [run.info() for run in self._runs.values()]

    @contextmanager
    def track(self) -> Iterator[Run]:
        """Count a run, and cancel it when it is killed or the engine is closed.

        The block of a run that was killed may end early and without a result; it is counted as cancelled.

        Raises:
            PoolClosedError: The engine was closed meanwhile.
        """
        run = self._new()
        status: Status | None = None
        try:
            with run.scope:
                yield run
                status = None if run.result is None else run.result.status
            if run.scope.cancelled_caught:
                self._require_open(run)
                status = Status.CANCELLED
        finally:
            self._forget(run, status)

    async def kill(self, run_id: str) -> None:
        """End a run and wait until it has ended.

        Raises:
            RunNotFoundError: There is no such run.
        """
        run = self._runs.get(run_id)
        if run is None:
            raise RunNotFoundError(f"there is no run `{run_id}`", hint="`isorun ps` lists the runs")
        run.kill()
        await run.wait()

    async def aclose(self) -> None:
        """Cancel what runs and wait for its end. The caller lets no more begin, and bounds the wait."""
        if not self._runs:
            return
        self._none_left = Event()
        for run in self._runs.values():
            run.scope.cancel()
        await self._none_left.wait()

    def _new(self) -> Run:
        self._last_id = (self._last_id + _ID_STEP) % _IDS
        run = Run(f"{self._last_id:08x}")
        self._runs[run.id] = run
        return run

    def _require_open(self, run: Run) -> None:
        if self._none_left is not None:
            raise PoolClosedError("the engine was closed during the run", dispatched=run.dispatched)

    def _forget(self, run: Run, status: Status | None) -> None:
        del self._runs[run.id]
        run.end()
        if status is None:
            self.failed += 1
        else:
            self.finished[status] += 1
        if self._none_left is not None and not self._runs:
            self._none_left.set()
