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
    #: The pool was closed.
    CLOSED = "closed"
    #: It could not be closed in time, or closing it failed; something of it may be left.
    UNCLEAN = "unclean"


class PoolStats(msgspec.Struct, frozen=True, kw_only=True):
    """What one pool holds at this moment, and what went through it.

    `started == starting + idle + leased + closing + sum(left.values())` whenever no caller stands between
    being given a slot and starting in it.

    Attributes:
        name: Of the pool: runtime, and guest environment where there is one.
        idle: Sandboxes ready for a program.
        leased: Sandboxes in use.
        starting: Slots in which a sandbox is being started.
        closing: Sandboxes being destroyed.
        waiting: Callers in line.
        started: Starts that were tried.
        warm: Leases that found a sandbox ready.
        cold: Leases that had to start one.
        refill_failures: Starts in the background that failed.
        refill_error: The last of these failures; empty when there was none.
        left: How many sandboxes left, by reason.
    """

    name: str
    idle: int
    leased: int
    starting: int
    closing: int
    waiting: int
    started: int
    warm: int
    cold: int
    refill_failures: int
    refill_error: str
    left: dict[Departure, int]

    @property
    def live(self) -> int:
        """Sandboxes that count against the pool's size."""
        return self.idle + self.leased + self.starting + self.closing


class EngineStats(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine does at this moment, and what it did.

    Attributes:
        active: Runs in progress, those that wait for a sandbox included.
        finished: Runs that gave a result, by status.
        failed: Runs that ended with an exception: refused, cancelled, or a failure of the host.
        pools: The pools in use.
    """

    active: int
    finished: dict[str, int]
    failed: int
    pools: tuple[PoolStats, ...]
