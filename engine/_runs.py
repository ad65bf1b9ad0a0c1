"""The runs in progress, so that closing the engine can end them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from anyio import CancelScope, Event

from ._exceptions import PoolClosedError
from ._program import Status


class Run:
    """One call of `Engine.run`.

    Attributes:
        dispatched: Whether the program has been handed to a sandbox.
        status: How it ended; None while it runs, and for good if it ended with an exception.
    """

    def __init__(self) -> None:
        self.dispatched = False
        self.status: Status | None = None


class Runs:
    """All runs of one engine.

    Attributes:
        finished: Runs that gave a result, by status.
        failed: Runs that ended with an exception.
    """

    def __init__(self) -> None:
        self._scopes: set[CancelScope] = set()
        self._none_left: Event | None = None
        self.finished: Counter[Status] = Counter()
        self.failed = 0

    @property
    def active(self) -> int:
        """How many are in progress."""
        return len(self._scopes)

    @contextmanager
    def track(self) -> Iterator[Run]:
        """Count a run, and cancel it when the engine is closed.

        Raises:
            PoolClosedError: The engine was closed meanwhile.
        """
        run = Run()
        with CancelScope() as scope:
            self._scopes.add(scope)
            try:
                yield run
            finally:
                self._forget(scope, run)
        if scope.cancelled_caught:
            raise PoolClosedError("the engine was closed during the run", dispatched=run.dispatched)

    async def aclose(self) -> None:
        """Cancel what runs and wait for its end. The caller lets no more begin, and bounds the wait."""
        if not self._scopes:
            return
        self._none_left = Event()
        for scope in self._scopes:
            scope.cancel()
        await self._none_left.wait()

    def _forget(self, scope: CancelScope, run: Run) -> None:
        self._scopes.discard(scope)
        if run.status is None:
            self.failed += 1
        else:
            self.finished[run.status] += 1
        if self._none_left is not None and not self._scopes:
            self._none_left.set()
