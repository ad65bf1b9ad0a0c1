"""Looks after the sandboxes that wait, once a second, while there are any."""

import logging
from collections.abc import Callable

from anyio import CancelScope, sleep
from anyio.abc import TaskGroup

# Often enough that a dead sandbox is replaced before somebody needs it, and that what is too many is given
# up within seconds; a turn over sixteen pools takes the event loop a few tens of microseconds.
TURN_SECONDS = 1.0

_log = logging.getLogger("isorun.pool")


class Keeper:
    """Calls `turn` at intervals until it says that nothing is left to do. Then there is no task.

    Args:
        turn: Looks once after everything; returns whether it wants to be called again.
        tasks: Where the work runs.
        interval_seconds: The time between two turns.
    """

    def __init__(
        self, turn: Callable[[], bool], *, tasks: TaskGroup, interval_seconds: float = TURN_SECONDS
    ) -> None:
        self._turn = turn
        self._tasks = tasks
        self._interval_seconds = interval_seconds
        self._scope = CancelScope()
        self._is_running = False
        self._is_closed = False

    @property
    def is_running(self) -> bool:
        """Whether there is a task."""
        return self._is_running

    def wake(self) -> None:
        """Begin to take turns, unless this goes on already."""
        if not self._is_running and not self._is_closed:
            self._is_running = True
            self._scope = CancelScope()
            self._tasks.start_soon(self._run)

    def close(self) -> None:
        """End the task, if there is one, for good."""
        self._is_closed = True
        self._scope.cancel()

    async def _run(self) -> None:
        try:
            with self._scope:
                goes_on = True
                while goes_on:
                    await sleep(self._interval_seconds)
                    goes_on = self._take_turn()
        finally:
            self._is_running = False

    def _take_turn(self) -> bool:
        try:
            return self._turn()
        except Exception:  # nobody asked for this turn: its failure may end no one's run
            _log.exception("looking after the waiting sandboxes failed")
            return True
