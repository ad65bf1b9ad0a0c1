"""How much is measured: few runs for a first look, or many."""

import math

import msgspec

from ._record import Bench

BENCHES: tuple[Bench, ...] = ("startup", "throughput", "density", "compute")
#: Below this a series says nothing, so it is measured even if that takes longer than `series_seconds`.
LEAST_RUNS = 3


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured, and how often.

    Attributes:
        benches: In this order.
        tiers: Names of runtimes; none means all that are available.
        peers: Names of what else is measured.
        quick: Whether it has few runs and leaves out some variants.
        runs: Of each series of `startup`.
        first_runs: Of those that open an engine for each run.
        warm_up: Before each series: the zygote has done its imports, and files are in the cache of the disk.
        slow_seconds: Where the series of the smallest program took longer with waiting sandboxes, the other
            programs are left out.
        series_seconds: A series ends early when it has taken so long, and has `LEAST_RUNS`.
        clients: How many at once, for each measurement of `throughput`.
        slices: Of each number of clients.
        slice_seconds: How long the clients go on.
        floor_starts: Bare starts before each slice, for each client.
        sandboxes: Of `density`: how many are added.
        memory_rounds: Of `density`.
        rounds: Of each computation.
        settle_seconds: Before each turn; the kernel goes on clearing up after the one before for a moment.
    """

    benches: tuple[Bench, ...] = BENCHES
    tiers: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    quick: bool = False
    runs: int = 50
    first_runs: int = 10
    warm_up: int = 2
    series_seconds: float = 4.0
    slow_seconds: float = math.inf
    clients: tuple[int, ...] = (1, 2, 8)
    slices: int = 3
    slice_seconds: float = 1.5
    floor_starts: int = 20
    sandboxes: int = 4
    memory_rounds: int = 2
    rounds: int = 6
    settle_seconds: float = 0.01

    def with_runs(self, runs: int | None) -> "Plan":
        """Return the plan with this many runs of everything; None leaves it."""
        if runs is None:
            return self
        return msgspec.structs.replace(
            self,
            runs=runs,
            first_runs=min(runs, self.first_runs),
            slices=min(runs, self.slices),
            memory_rounds=min(runs, self.memory_rounds),
            rounds=min(runs, self.rounds),
        )


#: A minute for everything, on two processors.
QUICK = Plan(
    quick=True,
    runs=6,
    first_runs=2,
    warm_up=1,
    series_seconds=0.5,
    slow_seconds=3.0,
    slices=1,
    slice_seconds=0.4,
    floor_starts=5,
    sandboxes=1,
    memory_rounds=1,
    rounds=2,
)
