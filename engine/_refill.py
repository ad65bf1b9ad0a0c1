"""Keep sandboxes ready in the background: one at a time, out of the way of runs, backing off on failure."""

import logging
import time
from collections.abc import Awaitable, Callable

from anyio import CancelScope, Event, move_on_after
from anyio.abc import TaskGroup

from ._refill_gate import RefillGate

# A refill waits for the run that made it necessary to end, so as not to take cpu from it, but not longer
# than this: behind a long run the next caller would find nothing ready.
DELAY_SECONDS = 0.2
# After a failure the next try comes no earlier than this, then twice as long each time, up to the maximum.
FIRST_BACK_OFF_SECONDS = 0.5
MAX_BACK_OFF_SECONDS = 60.0

_log = logging.getLogger("isorun.pool")


class Refill:
    """Calls `add` while `wanted` says so. No task exists while nothing is wanted.

    Args:
        wanted: Whether one more is wanted; asked before each.
        add: Starts one sandbox and places it; False if there is no room, and then it is left at that.
        tasks: Where the work runs.
        gate: Gives the turns to start one.
        worth: How much it would be worth to have one more.
        clock: Monotonic seconds.
        delay_seconds: How long to wait for the end of a lease, and then for a free processor.

    Attributes:
        failures: How many times `add` failed.
        last_error: The last failure; empty when there was none.
    """

    def __init__(
        self,
        wanted: Callable[[], bool],
        add: Callable[[], Awaitable[bool]],
        *,
        tasks: TaskGroup,
        gate: RefillGate | None = None,
        worth: Callable[[], float] = float,
        clock: Callable[[], float] = time.monotonic,
        delay_seconds: float = DELAY_SECONDS,
    ) -> None:
        self._wanted = wanted
        self._add = add
        self._tasks = tasks
        self._gate = gate or RefillGate()
        self._worth = worth
        self._clock = clock
        self._delay_seconds = delay_seconds
        self._running = False
        self._scope = CancelScope()
        self._lease_ended = Event()
        self._not_before = -float("inf")
        self._failures_in_a_row = 0
        self.failures = 0
        self.last_error = ""

    def lease_began(self) -> None:
        """Refill when the lease ends, or after the delay."""
        if self._running or not self._is_due():
            return
        self._running = True
        self._scope = CancelScope()
        self._lease_ended = Event()
        self._tasks.start_soon(self._run)

    def lease_ended(self) -> None:
        """Refill at once."""
        self.lease_began()
        self._lease_ended.set()

    def nudge(self) -> None:
        """Refill at once what was put off; a refill that waits for the end of a lease goes on to do so."""
        if not self._running:
            self.lease_ended()

    def start_succeeded(self) -> None:
        """Forget the back-off: sandboxes can be started again."""
        self._failures_in_a_row = 0
        self._not_before = -float("inf")

    def cancel(self) -> None:
        """End the task, if there is one."""
        self._scope.cancel()

    def _is_due(self) -> bool:
        return self._wanted() and self._clock() >= self._not_before

    async def _run(self) -> None:
        try:
            with self._scope:
                with move_on_after(self._delay_seconds):
                    await self._lease_ended.wait()
                while await self._add_one():
                    pass
        except Exception as error:  # nobody asked for this sandbox: the failure may end no one's run
            self._back_off(error)
        finally:
            self._running = False

    async def _add_one(self) -> bool:
        """Add one if it is still wanted when the turn comes; False when that is all for this time."""
        if not self._is_due():
            return False
        async with self._gate.turn(self._worth, patience_seconds=self._delay_seconds):
            return self._is_due() and await self._add()

    def _back_off(self, error: Exception) -> None:
        if self._scope.cancel_called:
            return
        delay = min(FIRST_BACK_OFF_SECONDS * 2**self._failures_in_a_row, MAX_BACK_OFF_SECONDS)
        self._failures_in_a_row += 1
        self._not_before = self._clock() + delay
        self.failures += 1
        self.last_error = f"{type(error).__name__}: {error}"
        _log.warning("no sandbox could be kept ready, next try in %g s at the earliest: %s", delay, error)
