"""How many sandboxes of one template should wait, from when they are asked for and how long they start.

The model. Imagine a pool that never runs out and refills one at a time; at each arrival count how many
sandboxes it lacks, this one included: the depth. The first is back after `REFILL_SECONDS` and one start, each
further one after another start. A start takes the mean of those seen, the last eight weighing most. An
arrival at depth d finds a sandbox ready if d are kept, and none if fewer are.

Then n(k), the number of arrivals at depth k or deeper, says how many callers find nothing where k - 1 are
kept. An arrival counts 1, and e times less with each `MEMORY_SECONDS`, T, that pass. The target is

    the largest k with n(k) >= 1/2 and n(k) >= n(1) / 100; `least` where this is more:

with fewer, more than one caller in a hundred would find nothing, and more than one in 2 T.

- Steady arrivals: the 99 percent quantile of the depth, near that of Poisson(rate x time for one to be back).
- A burst raises the target while it lasts, by one with each arrival that comes sooner than a refill.
- A depth that m arrivals reached is held for log(2 m) T: the target falls from the burst's last arrival on,
  and a depth that is needed again and again stays. What nobody asks for falls to `least`.
- An arrival that lacks more than the most that may wait counts nothing: no size would have helped it.

The worth of the kth sandbox is n(k) / T times a start: the seconds of waiting that it, and those after it,
save in each second. It is an upper bound, as a pool that lacks one may be back in time for the next.
"""

import math
from bisect import bisect_left

# A refill waits for a run to end, but not longer than 0.2 s: half of it, as most runs are shorter.
REFILL_SECONDS = 0.1
# T. The bursts of one piece of work follow each other in seconds, pieces of work in minutes or hours. Longer
# holds sandboxes between two pieces of work for nothing, shorter lets them go between two bursts.
MEMORY_SECONDS = 60.0
# A depth that one arrival reached is held until this is left of its count: 0.7 T.
_LEAST_COUNT = 0.5
# The part of all callers that may find nothing.
_MISSED = 0.01
# Before the first start: between a fork (10 ms) and Pyodide (1.5 s).
_FIRST_START_SECONDS = 0.1
_SHORTEST_START_SECONDS = 1e-4
_LONGEST_START_SECONDS = 600.0
_STARTS = 8
# After so many T, e-44 of a count is left: it is dropped. Less keeps the exponential below finite.
_FORGOTTEN = 100.0
# When an arrival weighs this, all counts are divided by it.
_HEAVIEST = 1e100
# Up to this each size is a candidate for the target; above it steps of an eighth, so that there are few.
_EACH = 16


class Demand:
    """Watches the arrivals of one template. Pure: the caller passes monotonic seconds.

    A clock that stands still or steps back counts as no time. A call takes a few microseconds.

    Args:
        least: The target when nobody asks.
        most: The target is never above this, unless `least` is.
    """

    def __init__(self, *, least: int, most: int) -> None:
        self._least = least
        self._sizes = _sizes(max(least, most))
        # How many arrivals were at each depth of `_sizes`. Instead of all counts shrinking with time, what an
        # arrival weighs grows.
        self._counts = [0.0] * len(self._sizes)
        self._weight = 1.0
        self._now = -math.inf
        self._lacking = 0
        self._back_in_seconds = 0.0  # until one less is lacking
        self._start_seconds = _FIRST_START_SECONDS
        self._starts = 0

    def arrived(self, now: float) -> None:
        """Count a caller who asks for a sandbox."""
        self._advance(now)
        if not self._sizes or self._lacking >= self._sizes[-1]:
            return
        if self._lacking == 0:
            self._back_in_seconds = REFILL_SECONDS + self._start_seconds
        self._lacking += 1
        self._counts[bisect_left(self._sizes, self._lacking)] += self._weight

    def started(self, seconds: float) -> None:
        """Learn from a sandbox that took so long from its start until it was ready."""
        if not seconds >= 0:  # not a number, or a clock that stepped back
            return
        seconds = min(max(seconds, _SHORTEST_START_SECONDS), _LONGEST_START_SECONDS)
        self._starts = min(self._starts + 1, _STARTS)
        self._start_seconds += (seconds - self._start_seconds) / self._starts

    def target(self, now: float) -> int:
        """Return how many should wait."""
        self._advance(now)
        enough = max(_LEAST_COUNT * self._weight, _MISSED * sum(self._counts))
        lacked = 0.0
        for size, count in zip(reversed(self._sizes), reversed(self._counts), strict=True):
            lacked += count
            if lacked >= enough:
                return max(self._least, size)
        return self._least

    def worth(self, now: float, *, kept: int = 1) -> float:
        """Return what the last of `kept` waiting sandboxes saves: seconds of callers' waiting in each second.

        What those after it would save is counted with it, so the first one's worth is that of keeping any.
        """
        self._advance(now)
        lacked = sum(self._counts[bisect_left(self._sizes, kept) :]) / self._weight
        return lacked / MEMORY_SECONDS * self._start_seconds

    def _advance(self, now: float) -> None:
        elapsed = now - self._now
        self._now = now
        if elapsed > _FORGOTTEN * MEMORY_SECONDS:
            self._lacking = 0
            self._scale_down(math.inf)
        elif elapsed > 0:
            self._refill(elapsed)
            self._weight *= math.exp(elapsed / MEMORY_SECONDS)
            if self._weight > _HEAVIEST:
                self._scale_down(self._weight)

    def _scale_down(self, divisor: float) -> None:
        self._counts = [count / divisor for count in self._counts]
        self._weight = 1.0

    def _refill(self, elapsed: float) -> None:
        """Let the imagined pool refill, one after another."""
        self._back_in_seconds -= elapsed
        if self._lacking == 0 or self._back_in_seconds > 0:
            return
        back = 1 + int(-self._back_in_seconds // self._start_seconds)
        self._lacking = max(0, self._lacking - back)
        self._back_in_seconds += back * self._start_seconds


def _sizes(most: int) -> list[int]:
    """Return the candidates for the target, the largest last."""
    sizes = list(range(1, min(most, _EACH) + 1))
    while sizes and sizes[-1] < most:
        sizes.append(min(most, sizes[-1] + sizes[-1] // 8))
    return sizes
