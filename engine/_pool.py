"""Warm, single-use sandboxes of one template.

How to read it: a caller stands in line with a `Ticket`. After every change `_serve` gives idle sandboxes and
free slots to the front of the line. Methods that change the state do not await while they do, so each change
is seen whole. Whoever holds something (a slot, a sandbox) gives it back on every way out.
"""

import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, override

from anyio import Event, create_task_group, fail_after, get_cancelled_exc_class, move_on_after
from anyio.abc import AsyncResource, TaskGroup
from anyio.lowlevel import checkpoint_if_cancelled

from . import _refill
from ._budget import Budget, Occupancy
from ._config import PoolConfig
from ._demand import Demand
from ._exceptions import PoolClosedError, PoolFullError, PoolTimeoutError
from ._line import Line, Ticket
from ._refill import Refill
from ._refill_gate import RefillGate
from ._runtime import Sandbox
from ._shelf import Shelf
from ._stats import Departure, Miss, PoolStats
from ._tally import Tally

# A killed process tree is gone in milliseconds; it takes seconds only when it hangs in the kernel.
CLOSE_SECONDS = 5.0

_log = logging.getLogger("isorun.pool")


class Lease(NamedTuple):
    """A sandbox for the length of a block.

    Attributes:
        sandbox: Nothing has run in it.
        warm: Whether it was ready; otherwise it was started for this lease.
        granted_at: When the wait in line was over, by the pool's clock.
    """

    sandbox: Sandbox
    warm: bool
    granted_at: float


class Shared(NamedTuple):
    """What the pools of an engine have in common.

    Attributes:
        budget: Says whether one more sandbox may wait.
        gate: Gives the turns to start one in the background.
        wake: Called when there may be something for `Pool.tend` to do.
    """

    budget: Budget
    gate: RefillGate
    wake: Callable[[], object]


class Pool(AsyncResource):
    """At most `max_size` sandboxes, each used once; as many kept ready as the demand makes worth while.

    That is between `warm` and `max_warm`, and fewer where the budget has no room. With both 0 every lease
    starts its own and nothing happens in the background.

    Args:
        start: Starts one sandbox; cleans up after itself when it fails or is cancelled.
        config: Sizes and patience.
        tasks: Where background work runs; must outlive the pool.
        name: For `repr`, statistics and messages.
        occupies: What one waiting sandbox takes.
        shared: In common with other pools; None shares with none, within no bounds.
        demand: Says how many should wait; None learns it from what happens.
        clock: Monotonic seconds.
        refill_delay_seconds: How long a refill waits for the end of a lease.
        close_seconds: How long destroying one sandbox may take.
    """

    def __init__(
        self,
        start: Callable[[], Awaitable[Sandbox]],
        config: PoolConfig,
        *,
        tasks: TaskGroup,
        name: str = "pool",
        occupies: Occupancy = Occupancy(16.0, 2),  # noqa: B008 - a constant
        shared: Shared | None = None,
        demand: Demand | None = None,
        clock: Callable[[], float] = time.monotonic,
        refill_delay_seconds: float = _refill.DELAY_SECONDS,
        close_seconds: float = CLOSE_SECONDS,
    ) -> None:
        self.name = name
        self.occupies = occupies
        self._start = start
        self._config = config
        self._tasks = tasks
        self._clock = clock
        self._close_seconds = close_seconds
        most = min(max(config.warm, config.max_warm), config.max_size)
        self._demand = demand or Demand(least=config.warm, most=most)
        self._keeps_none = config.warm == config.max_warm == 0
        self._budget, self._gate, self._wake = shared or Shared(Budget(), RefillGate(), bool)
        self._refill = Refill(
            self._wants_refill,
            self._add_idle,
            tasks=tasks,
            gate=self._gate,
            worth=lambda: self.worth(self.kept + 1),
            clock=clock,
            delay_seconds=refill_delay_seconds,
        )

        self._line = Line()
        self._shelf = Shelf(self._dismiss)
        self._leased: set[Sandbox] = set()
        self._starting = 0
        self._refilling = 0  # of `_starting`: those that nobody asked for
        self._closing = 0
        self._closed = False
        self._empty = Event()

        self._tally = Tally()
        self._was_used = False

    @override
    def __repr__(self) -> str:
        sandboxes = f"{len(self._shelf)} idle, {len(self._leased)} leased, {self._starting} starting"
        callers = "closed" if self._closed else f"{len(self._line)} waiting"
        return f"<Pool {self.name} [Sandboxes: {sandboxes} | Callers: {callers}]>"

    @property
    def in_use(self) -> bool:
        """Whether anybody holds a sandbox of this pool, waits for one, or one is being started."""
        return bool(self._line or self._leased or self._starting)

    def stats(self) -> PoolStats:
        """Return the counters; cheap."""
        tally = self._tally
        return PoolStats(
            name=self.name,
            target=self._demand.target(self._clock()),
            idle=len(self._shelf),
            leased=len(self._leased),
            starting=self._starting,
            closing=self._closing,
            waiting=len(self._line),
            started=tally.started,
            warm=tally.warm,
            cold=tally.cold,
            misses=tally.misses,
            waited_seconds=tally.waited_seconds,
            longest_wait_seconds=tally.longest_wait_seconds,
            refill_failures=self._refill.failures,
            refill_error=self._refill.last_error,
            left=tally.left,
        )

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[Lease]:
        """Lease one sandbox; it is destroyed on exit, however the block ends.

        Callers are served in the order in which they came.

        Raises:
            PoolClosedError: The pool is closed, or was closed meanwhile.
            PoolFullError: `max_waiting` callers are in line already.
            PoolTimeoutError: No sandbox was ready within `acquire_seconds`.
            SandboxStartError: The sandbox started for this lease did not become ready.
        """
        lease = await self._take()
        departure = Departure.USED
        try:
            yield lease
        except get_cancelled_exc_class():
            departure = Departure.CANCELLED
            raise
        except BaseException:
            departure = Departure.FAILED
            raise
        finally:
            await self._give_back(lease.sandbox, departure)

    @override
    async def aclose(self) -> None:
        """Destroy every sandbox, leased ones too; callers in line get `PoolClosedError`. Bounded in time."""
        if self._closed:
            return
        self._closed = True
        self._refill.cancel()
        self._line.disperse()
        doomed = [*self._shelf.clear(), *self._leased]
        self._leased.clear()
        self._closing += len(doomed)
        with move_on_after(self._close_seconds, shield=True):
            async with create_task_group() as tasks:
                for sandbox in doomed:
                    tasks.start_soon(self._destroy, sandbox, Departure.CLOSED)
            self._changed()
            await self._empty.wait()

    # Leases

    async def _take(self) -> Lease:
        await checkpoint_if_cancelled()
        ticket = self._stand_in_line()
        if ticket.sandbox is not None:
            return self._lease(ticket, ticket.sandbox, granted_at=self._clock())
        with move_on_after(self._config.acquire_seconds):
            return await self._redeem(ticket)
        message = f"no sandbox of `{self.name}` was ready within {self._config.acquire_seconds:g} s"
        raise PoolTimeoutError(message, hint="run fewer programs at once, or raise `pool.acquire-seconds`")

    def _stand_in_line(self) -> Ticket:
        if self._closed:
            raise self._closed_error()
        ticket = Ticket(self._clock())
        self._arrived(ticket.arrived_at)
        self._line.join(ticket)
        self._serve()
        if len(self._line) > self._config.max_waiting:
            self._line.leave(ticket)
            message = f"{self._config.max_waiting} callers already wait for a sandbox of `{self.name}`"
            raise PoolFullError(message, hint="run fewer programs at once, or raise `pool.max-waiting`")
        return ticket

    def _arrived(self, now: float) -> None:
        is_off = self._keeps_none or (self._was_used and self._demand.target(now) == 0)
        if is_off and not self._shelf:
            self._shelf.miss = Miss.OFF
        self._was_used = True
        self._demand.arrived(now)

    async def _redeem(self, ticket: Ticket) -> Lease:
        """Wait for the grant, then take the sandbox or start one in the slot."""
        try:
            if not ticket.granted:
                await ticket.called.wait()
            if self._closed:
                raise self._closed_error()
        except BaseException:
            self._withdraw(ticket)
            raise
        granted_at = self._clock()
        if ticket.sandbox is not None:
            return self._lease(ticket, ticket.sandbox, granted_at=granted_at)
        if ticket.miss is not None:
            self._tally.missed(ticket.miss)
        sandbox = await self._start_in_slot()
        self._leased.add(sandbox)
        return self._lease(ticket, sandbox, granted_at=granted_at)

    def _lease(self, ticket: Ticket, sandbox: Sandbox, *, granted_at: float) -> Lease:
        warm = ticket.sandbox is not None
        self._tally.leased(self._clock() - ticket.arrived_at, warm=warm)
        self._gate.lease_began()
        self._refill.lease_began()
        self._wake_if_needed()
        return Lease(sandbox, warm, granted_at)

    def _withdraw(self, ticket: Ticket) -> None:
        """Leave the line. What was granted but not taken goes to the next."""
        if self._line.leave(ticket):
            pass
        elif ticket.granted and ticket.sandbox is None:
            self._starting -= 1
        elif ticket.sandbox is not None and ticket.sandbox in self._leased:
            self._leased.remove(ticket.sandbox)
            self._shelf.put(ticket.sandbox)
        self._changed()
        self._budget.trim()
        self._wake_if_needed()

    async def _give_back(self, sandbox: Sandbox, departure: Departure) -> None:
        try:
            if sandbox in self._leased:  # otherwise the pool was closed and destroys it
                self._leased.remove(sandbox)
                self._closing += 1
                await self._destroy(sandbox, departure)
        finally:
            self._gate.lease_ended()
        self._refill.lease_ended()
        self._wake_if_needed()

    # State: nothing here awaits

    @property
    def _live(self) -> int:
        return len(self._shelf) + len(self._leased) + self._starting + self._closing

    def _changed(self) -> None:
        """Called after everything that frees a sandbox or a slot."""
        self._serve()
        if self._closed and self._live == 0:
            self._empty.set()

    def _serve(self) -> None:
        """Give idle sandboxes and free slots to those who wait longest."""
        while self._line:
            sandbox = self._shelf.take()
            if sandbox is not None:
                self._leased.add(sandbox)
            elif self._live < self._config.max_size:
                self._starting += 1
            else:
                return
            self._line.grant(sandbox, self._shelf.miss)

    def _wants_refill(self) -> bool:
        """Whether there is a slot to spare; while anybody waits there is none."""
        if self._closed or not self._was_used or self._live >= self._config.max_size:
            return False
        return len(self._shelf) < self._demand.target(self._clock())

    def _leave(self, departure: Departure) -> None:
        self._tally.departed(departure)
        self._changed()

    def _closed_error(self) -> PoolClosedError:
        return PoolClosedError(f"the pool `{self.name}` is closed")

    # What waits: nothing here awaits

    @property
    def idle(self) -> int:
        """Sandboxes that wait for a program."""
        return len(self._shelf)

    @property
    def kept(self) -> int:
        """Sandboxes that wait, and those being started in order to wait."""
        return len(self._shelf) + self._refilling

    @property
    def needs_tending(self) -> bool:
        """Whether `tend` has something to look after."""
        return not self._closed and (self.kept > 0 or self._wants_refill())

    def worth(self, kept: int) -> float:
        """Seconds of callers' waiting that the last of so many sandboxes saves in each second."""
        return self._demand.worth(self._clock(), kept=kept)

    def evict(self) -> None:
        """Let the sandbox go that waits longest, for the sake of others."""
        self._shelf.drop_oldest(Departure.EVICTED, Miss.REFUSED)

    def tend(self) -> None:
        """Let the dead go and one that is too many, and refill what was put off. Called at intervals."""
        if self._closed:
            return
        self._shelf.drop_dead()
        if len(self._shelf) > self._demand.target(self._clock()):
            self._shelf.drop_oldest(Departure.SURPLUS, Miss.BURST)
        self._refill.nudge()

    def _wake_if_needed(self) -> None:
        if not self._keeps_none and self.needs_tending:
            self._wake()

    # Starting and destroying

    async def _add_idle(self) -> bool:
        if not self._budget.make_room(self):
            self._shelf.miss = Miss.REFUSED
            return False
        self._starting += 1
        self._refilling += 1
        try:
            # It holds the turn of all pools, and must not do so for longer than a caller would wait.
            with fail_after(self._config.acquire_seconds):
                sandbox = await self._start_in_slot(is_refill=True)
        finally:
            self._refilling -= 1
        self._shelf.put(sandbox)
        self._changed()
        return True

    def _dismiss(self, sandbox: Sandbox, departure: Departure) -> None:
        """Destroy a sandbox that is not idle any more, in the background."""
        self._closing += 1
        self._tasks.start_soon(self._destroy, sandbox, departure)

    async def _start_in_slot(self, *, is_refill: bool = False) -> Sandbox:
        """Start a sandbox in a slot held by the caller, who places it before the next await."""
        self._tally.started += 1
        began_at = self._clock()
        try:
            sandbox = await self._start()
        except BaseException as error:
            self._starting -= 1
            if is_refill:
                self._shelf.miss = Miss.FAILING
            self._leave(Departure.START_FAILED if isinstance(error, Exception) else Departure.CANCELLED)
            raise
        self._starting -= 1
        self._demand.started(self._clock() - began_at)
        self._refill.start_succeeded()
        if self._closed:
            self._closing += 1
            await self._destroy(sandbox, Departure.CLOSED)
            raise self._closed_error()
        return sandbox

    async def _destroy(self, sandbox: Sandbox, departure: Departure) -> None:
        """Close a sandbox counted in `_closing`: shielded and bounded; a failure is logged, not raised."""
        clean = False
        try:
            with move_on_after(self._close_seconds, shield=True):
                await sandbox.aclose()
                clean = True
        except Exception:  # a failure to close must not replace the result of the run
            _log.exception("closing a sandbox of `%s` failed", self.name)
        finally:
            self._closing -= 1
            self._leave(departure if clean else Departure.UNCLEAN)
