"""Counters of pools and of the engine, as plain data."""

from enum import StrEnum

import msgspec


class Departure(StrEnum):
    """Why a sandbox left its pool; the whole set. Every sandbox leaves under exactly one."""

    #: Its lease ended normally.
    USED = "used"
    #: Its lease ended with an exception of the host.
    FAILED = "failed"
    #: Its lease or its start was cancelled.
    CANCELLED = "cancelled"
    #: It died while it waited for a program.
    DEAD = "dead"
    #: It did not become ready.
    START_FAILED = "start-failed"
    #: More waited than the demand made worth while.
    SURPLUS = "surplus"
    #: It made room for a sandbox of another pool, or the machine was short of memory.
    EVICTED = "evicted"
    #: The pool was closed.
    CLOSED = "closed"
    #: It could not be closed in time, or closing it failed; something of it may be left.
    UNCLEAN = "unclean"


class Miss(StrEnum):
    """Why a caller found no sandbox ready; the whole set."""

    #: No sandboxes were kept ready.
    OFF = "off"
    #: The pool was new: none had been ready yet.
    FIRST = "first"
    #: All that waited were taken.
    BURST = "burst"
    #: The budget of all that waits, or the machine's memory, had no room for any.
    REFUSED = "refused"
    #: The last start in the background failed.
    FAILING = "failing"
    #: Those that waited had died.
    DEAD = "dead"


class PoolStats(msgspec.Struct, frozen=True, kw_only=True):
    """What one pool holds at this moment, and what went through it.

    `started == starting + idle + leased + closing + sum(left.values())` whenever no caller stands between
    being given a slot and starting in it.

    Attributes:
        name: Of the pool: runtime, and guest environment where there is one.
        target: How many sandboxes should be ready, by what the demand was lately.
        idle: Sandboxes ready for a program.
        leased: Sandboxes in use.
        starting: Slots in which a sandbox is being started.
        closing: Sandboxes being destroyed.
        waiting: Callers in line.
        started: Starts that were tried.
        warm: Leases that found a sandbox ready.
        cold: Leases that had to start one.
        misses: Callers for whom a start was tried, by the reason why none was ready: `cold`, and those whose
            start failed or was cancelled.
        waited_seconds: From the call to the sandbox, over all leases together.
        longest_wait_seconds: The longest of these waits.
        refill_failures: Starts in the background that failed.
        refill_error: The last of these failures; empty when there was none.
        left: How many sandboxes left, by reason.
    """

    name: str
    target: int
    idle: int
    leased: int
    starting: int
    closing: int
    waiting: int
    started: int
    warm: int
    cold: int
    misses: dict[Miss, int]
    waited_seconds: float
    longest_wait_seconds: float
    refill_failures: int
    refill_error: str
    left: dict[Departure, int]

    @property
    def live(self) -> int:
        """Sandboxes that count against the pool's size."""
        return self.idle + self.leased + self.starting + self.closing


class Rejection(StrEnum):
    """Why a caller got no turn; the whole set."""

    #: As many waited as may.
    FULL = "full"
    #: By the estimate its turn would have come too late.
    LATE = "late"
    #: Its turn did not come in time.
    TIMEOUT = "timeout"
    #: Its memory limit alone is more than the budget.
    TOO_LARGE = "too-large"


class AdmissionStats(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a turn and who waits for one at this moment, and what became of those who asked.

    Attributes:
        running: Turns that are held.
        max_running: How many may be.
        waiting: Callers in line.
        memory_mib: What the memory limits of those that run and of open sessions add up to.
        budget_mib: How much that may be.
        admitted: Turns that were given.
        refused: Callers that got none, by reason; those that left by themselves are not among them.
    """

    running: int = 0
    max_running: int = 0
    waiting: int = 0
    memory_mib: int = 0
    budget_mib: int = 0
    admitted: int = 0
    refused: dict[Rejection, int] = {}


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Half, 95 and 99 of a hundred took no longer than this."""

    p50: float
    p95: float
    p99: float


class PathStats(msgspec.Struct, frozen=True, kw_only=True):
    """How long the programs took that went one way, since the engine was opened.

    Attributes:
        runtime: Where they ran.
        path: How their sandbox came, as in `Result.isolation`.
        count: Programs that ran to an end of any kind.
        wait_ms: For a turn, and for a sandbox to be leased or a slot to start one in.
        total_ms: From the call to the result.
    """

    runtime: str
    path: str
    count: int
    wait_ms: Percentiles
    total_ms: Percentiles


class EngineStats(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine does at this moment, and what it did.

    Attributes:
        active: Runs in progress, those that wait for their turn or for a sandbox included.
        finished: Runs that gave a result, by status.
        failed: Runs that ended with an exception: refused, cancelled, or a failure of the host.
        pools: The pools in use.
        admission: Who runs and who waits.
        paths: How long programs took, by runtime and path.
    """

    active: int
    finished: dict[str, int]
    failed: int
    pools: tuple[PoolStats, ...]
    admission: AdmissionStats = AdmissionStats()
    paths: tuple[PathStats, ...] = ()
