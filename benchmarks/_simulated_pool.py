"""One pool, simulated event by event: leases, starts on demand, refills, and what is let go.

As `engine._pool` does it: callers are served in the order in which they came, by a waiting sandbox or in a
free slot; a sandbox is used once. One refill runs at a time, from the end of a lease on, or 0.2 s after it
began. Each second one sandbox is let go if more wait than the target. Closing takes no time, and no work
slows other work down.
"""

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from random import Random
from typing import NamedTuple, Protocol

REFILL_DELAY_SECONDS = 0.2
TURN_SECONDS = 1.0
RUN_SECONDS = 0.05
#: Starts vary by about as much as this part.
_START_SPREAD = 0.2


class Sizing(Protocol):
    """Says how many should wait; `engine._demand.Demand` is one."""

    def arrived(self, now: float) -> None: ...
    def started(self, seconds: float) -> None: ...
    def target(self, now: float) -> int: ...


class Fixed:
    """The same number, always."""

    def __init__(self, size: int) -> None:
        self._size = size

    def arrived(self, now: float) -> None:
        pass

    def started(self, seconds: float) -> None:
        pass

    def target(self, now: float) -> int:
        return self._size


class Outcome(NamedTuple):
    """What a simulation came to.

    Attributes:
        arrivals: Callers.
        hits: Those who found a sandbox waiting.
        mean_waiting: Sandboxes that waited or were being started to wait, mean over time.
        waits: How long each caller waited, sorted.
    """

    arrivals: int
    hits: int
    mean_waiting: float
    waits: list[float]

    @property
    def hit_rate(self) -> float:
        return self.hits / self.arrivals if self.arrivals else 1.0

    def wait(self, part: float) -> float:
        """Return a quantile of the waits."""
        return self.waits[min(len(self.waits) - 1, int(part * len(self.waits)))] if self.waits else 0.0


class Moment(NamedTuple):
    """The pool at a turn."""

    now: float
    arrivals: int
    hits: int
    target: int
    waiting: int


class SimulatedPool:
    """Simulates one pool over one trace; use once.

    Args:
        sizing: How many should wait.
        start_seconds: Mean time of a start.
        max_size: Sandboxes alive at once.
        seed: Of the times of starts and runs.
        watch: Called at each turn.
    """

    def __init__(
        self,
        sizing: Sizing,
        start_seconds: float,
        *,
        max_size: int = 16,
        seed: int = 1,
        watch: Callable[[Moment], None] | None = None,
    ) -> None:
        self._sizing = sizing
        self._start_seconds = start_seconds
        self._max_size = max_size
        self._starts = Random(seed)  # apart, so that all sizings see the same runs
        self._runs = Random(seed + 1)
        self._watch = watch
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._made = 0
        self._now = 0.0

        self._line: deque[float] = deque()
        self._idle = 0
        self._leased = 0
        self._starting = 0
        self._refilling = 0  # of those that are starting
        self._refill: object | None = None

        self._arrivals = 0
        self._hits = 0
        self._waits: list[float] = []
        self._waiting_seconds = 0.0

    def run(self, arrivals: Sequence[float], seconds: float) -> Outcome:
        """Simulate so many seconds."""
        self._after(TURN_SECONDS, self._turn)
        upcoming = iter(arrivals)
        arrival = next(upcoming, seconds)
        while True:
            event = self._events[0][0]
            if min(event, arrival) >= seconds:
                break
            if arrival <= event:
                self._pass(arrival)
                self._arrive()
                arrival = next(upcoming, seconds)
            else:
                _, _, happen = heappop(self._events)
                self._pass(event)
                happen()
        self._pass(seconds)
        return Outcome(self._arrivals, self._hits, self._waiting_seconds / seconds, sorted(self._waits))

    def _pass(self, now: float) -> None:
        self._waiting_seconds += (self._idle + self._refilling) * (now - self._now)
        self._now = now

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        self._made += 1
        heappush(self._events, (self._now + seconds, self._made, happen))

    @property
    def _live(self) -> int:
        return self._idle + self._leased + self._starting

    # Callers

    def _arrive(self) -> None:
        self._arrivals += 1
        self._sizing.arrived(self._now)
        self._line.append(self._now)
        self._serve()

    def _serve(self) -> None:
        while self._line:
            if self._idle:
                self._idle -= 1
                self._hits += 1
                self._lease(self._line.popleft())
            elif self._live < self._max_size:
                self._start_for(self._line.popleft())
            else:
                return

    def _start_for(self, arrival: float) -> None:
        self._starting += 1
        seconds = self._draw_start()

        def ready() -> None:
            self._starting -= 1
            self._sizing.started(seconds)
            self._lease(arrival)

        self._after(seconds, ready)

    def _lease(self, arrival: float) -> None:
        self._leased += 1
        self._waits.append(self._now - arrival)
        self._after(self._runs.expovariate(1 / RUN_SECONDS), self._end_lease)
        self._arm_refill()

    def _end_lease(self) -> None:
        self._leased -= 1
        self._serve()
        self._arm_refill()
        if self._refill is not None:
            self._go_on(self._refill)

    # Refills

    def _arm_refill(self) -> None:
        """Refill when a lease ends, or after the delay."""
        if self._refill is not None or not self._wants_refill():
            return
        refill = self._refill = object()
        self._after(REFILL_DELAY_SECONDS, lambda: self._go_on(refill))

    def _go_on(self, refill: object) -> None:
        """Start one more, unless this refill has begun, or is over."""
        if refill is not self._refill or self._refilling:
            return
        if not self._wants_refill():
            self._refill = None
            return
        self._starting += 1
        self._refilling += 1
        seconds = self._draw_start()

        def ready() -> None:
            self._starting -= 1
            self._refilling -= 1
            self._idle += 1
            self._sizing.started(seconds)
            self._serve()
            self._go_on(refill)

        self._after(seconds, ready)

    def _wants_refill(self) -> bool:
        return self._live < self._max_size and self._idle < self._sizing.target(self._now)

    def _draw_start(self) -> float:
        return self._start_seconds * self._starts.lognormvariate(-(_START_SPREAD**2) / 2, _START_SPREAD)

    # Once a second

    def _turn(self) -> None:
        self._after(TURN_SECONDS, self._turn)
        target = self._sizing.target(self._now)
        if self._idle > target:
            self._idle -= 1
        else:
            self._arm_refill()
        if self._watch is not None:
            self._watch(Moment(self._now, self._arrivals, self._hits, target, self._idle))


def at_memory(outcomes: Sequence[Outcome], mean_waiting: float) -> float:
    """Return the hit rate that fixed sizes reach with so many waiting on average, by mixing two of them."""
    points = sorted((outcome.mean_waiting, outcome.hit_rate) for outcome in outcomes)
    for (low, below), (high, above) in pairwise(points):
        if low <= mean_waiting <= high and high > low:
            return below + (above - below) * (mean_waiting - low) / (high - low)
    return points[-1][1] if mean_waiting > points[-1][0] else points[0][1]
