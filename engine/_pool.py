"""Warm, single-use sandboxes of one template.

How to read it: a caller stands in line with a `_Ticket`. After every change `_serve` gives idle sandboxes and
free slots to the front of the line. Methods that change the state do not await while they do, so each change
is seen whole. Whoever holds something (a slot, a sandbox) gives it back on every way out.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, override

from anyio import Event, create_task_group, get_cancelled_exc_class, move_on_after
from anyio.abc import AsyncResource, TaskGroup
from anyio.lowlevel import checkpoint_if_cancelled

from . import _refill
from ._config import PoolConfig
from ._exceptions import PoolClosedError, PoolFullError, PoolTimeoutError
from ._refill import Refill
from ._runtime import Sandbox
from ._stats import Departure, PoolStats

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


class _Ticket:
    """A place in line. Once granted it stands for a sandbox, or (without one) a slot to start one in."""

    def __init__(self) -> None:
        self.called = Event()
        self.granted = False
        self.sandbox: Sandbox | None = None

    def grant(self, sandbox: Sandbox | None) -> None:
        self.sandbox = sandbox
        self.granted = True
        self.called.set()


class Pool(AsyncResource):
    """At most `max_size` sandboxes, `warm` of them kept ready, each used once.

    With `warm = 0` every lease starts its own and nothing happens in the background.

    Args:
        start: Starts one sandbox; cleans up after itself when it fails or is cancelled.
        config: Sizes and patience.
        tasks: Where background work runs; must outlive the pool.
        name: For `repr`, statistics and messages.
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
        clock: Callable[[], float] = time.monotonic,
        refill_delay_seconds: float = _refill.DELAY_SECONDS,
        close_seconds: float = CLOSE_SECONDS,
    ) -> None:
        self.name = name
        self._start = start
        self._config = config
        self._tasks = tasks
        self._clock = clock
        self._close_seconds = close_seconds
        self._refill = Refill(
            self._wants_refill, self._add_idle, tasks=tasks, clock=clock, delay_seconds=refill_delay_seconds
        )

        self._line: deque[_Ticket] = deque()
        self._idle: list[Sandbox] = []
        self._leased: set[Sandbox] = set()
        self._starting = 0
        self._closing = 0
        self._closed = False
        self._empty = Event()

        self._started = 0
        self._leases: Counter[bool] = Counter()
        self._left: Counter[Departure] = Counter()

    @override
    def __repr__(self) -> str:
        sandboxes = f"{len(self._idle)} idle, {len(self._leased)} leased, {self._starting} starting"
        callers = "closed" if self._closed else f"{len(self._line)} waiting"
        return f"<Pool {self.name} [Sandboxes: {sandboxes} | Callers: {callers}]>"

    @property
    def in_use(self) -> bool:
        """Whether anybody holds a sandbox of this pool, waits for one, or one is being started."""
        return bool(self._line or self._leased or self._starting)

    def stats(self) -> PoolStats:
        """Return the counters; cheap."""
        return PoolStats(
            name=self.name,
            idle=len(self._idle),
            leased=len(self._leased),
            starting=self._starting,
            closing=self._closing,
            waiting=len(self._line),
            started=self._started,
            warm=self._leases[True],
            cold=self._leases[False],
            refill_failures=self._refill.failures,
            refill_error=self._refill.last_error,
            left={departure: self._left[departure] for departure in Departure},
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
        while self._line:
            self._line.popleft().called.set()
        doomed = [*self._idle, *self._leased]
        self._idle.clear()
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
            return self._lease(ticket.sandbox, warm=True, granted_at=self._clock())
        with move_on_after(self._config.acquire_seconds):
            return await self._redeem(ticket)
        message = f"no sandbox of `{self.name}` was ready within {self._config.acquire_seconds:g} s"
        raise PoolTimeoutError(message, hint="run fewer programs at once, or raise `pool.acquire-seconds`")

    def _stand_in_line(self) -> _Ticket:
        if self._closed:
            raise self._closed_error()
        ticket = _Ticket()
        self._line.append(ticket)
        self._serve()
        if len(self._line) > self._config.max_waiting:
            self._line.pop()
            message = f"{self._config.max_waiting} callers already wait for a sandbox of `{self.name}`"
            raise PoolFullError(message, hint="run fewer programs at once, or raise `pool.max-waiting`")
        return ticket

    async def _redeem(self, ticket: _Ticket) -> Lease:
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
            return self._lease(ticket.sandbox, warm=True, granted_at=granted_at)
        sandbox = await self._start_in_slot()
        self._leased.add(sandbox)
        return self._lease(sandbox, warm=False, granted_at=granted_at)

    def _lease(self, sandbox: Sandbox, *, warm: bool, granted_at: float) -> Lease:
        self._leases[warm] += 1
        self._refill.lease_began()
        return Lease(sandbox, warm, granted_at)

    def _withdraw(self, ticket: _Ticket) -> None:
        """Leave the line. What was granted but not taken goes to the next."""
        if ticket in self._line:
            self._line.remove(ticket)
        elif ticket.granted and ticket.sandbox is None:
            self._starting -= 1
        elif ticket.sandbox is not None and ticket.sandbox in self._leased:
            self._leased.remove(ticket.sandbox)
            self._idle.append(ticket.sandbox)
        self._changed()

    async def _give_back(self, sandbox: Sandbox, departure: Departure) -> None:
        if sandbox in self._leased:  # otherwise the pool was closed and destroys it
            self._leased.remove(sandbox)
            self._closing += 1
            await self._destroy(sandbox, departure)
        self._refill.lease_ended()

    # State: nothing here awaits

    @property
    def _live(self) -> int:
        return len(self._idle) + len(self._leased) + self._starting + self._closing

    def _changed(self) -> None:
        """Called after everything that frees a sandbox or a slot."""
        self._serve()
        if self._closed and self._live == 0:
            self._empty.set()

    def _serve(self) -> None:
        """Give idle sandboxes and free slots to those who wait longest."""
        while self._line:
            sandbox = self._pop_idle()
            if sandbox is not None:
                self._leased.add(sandbox)
            elif self._live < self._config.max_size:
                self._starting += 1
            else:
                return
            self._line.popleft().grant(sandbox)

    def _pop_idle(self) -> Sandbox | None:
        """Take a living idle sandbox; dead ones on the way are thrown away in the background."""
        while self._idle:
            sandbox = self._idle.pop()
            if sandbox.is_alive():
                return sandbox
            self._closing += 1
            self._tasks.start_soon(self._destroy, sandbox, Departure.DEAD)
        return None

    def _wants_refill(self) -> bool:
        """Whether there is a slot to spare; while anybody waits there is none."""
        few = len(self._idle) < self._config.warm
        return few and self._live < self._config.max_size and not self._closed

    def _leave(self, departure: Departure) -> None:
        self._left[departure] += 1
        self._changed()

    def _closed_error(self) -> PoolClosedError:
        return PoolClosedError(f"the pool `{self.name}` is closed")

    # Starting and destroying

    async def _add_idle(self) -> None:
        self._starting += 1
        self._idle.append(await self._start_in_slot())
        self._changed()

    async def _start_in_slot(self) -> Sandbox:
        """Start a sandbox in a slot held by the caller, who places it before the next await."""
        self._started += 1
        try:
            sandbox = await self._start()
        except BaseException as error:
            self._starting -= 1
            self._leave(Departure.START_FAILED if isinstance(error, Exception) else Departure.CANCELLED)
            raise
        self._starting -= 1
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
