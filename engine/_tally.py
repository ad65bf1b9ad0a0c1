"""Counts what goes through one pool."""

from collections import Counter

from ._stats import Departure, Miss


class Tally:
    """Counters of one pool; each only grows, but for the longest wait.

    Attributes:
        started: Starts that were tried.
        warm: Leases that found a sandbox ready.
        cold: Leases for which one was started.
        waited_seconds: From call to sandbox, over all leases.
        longest_wait_seconds: The longest of these.
    """

    def __init__(self) -> None:
        self.started = 0
        self.warm = 0
        self.cold = 0
        self.waited_seconds = 0.0
        self.longest_wait_seconds = 0.0
        self._misses: Counter[Miss] = Counter()
        self._left: Counter[Departure] = Counter()

    def leased(self, waited_seconds: float, *, warm: bool) -> None:
        """Count a lease."""
        if warm:
            self.warm += 1
        else:
            self.cold += 1
        self.waited_seconds += waited_seconds
        self.longest_wait_seconds = max(self.longest_wait_seconds, waited_seconds)

    def missed(self, miss: Miss) -> None:
        """Count a caller for whom nothing was ready."""
        self._misses[miss] += 1

    def departed(self, departure: Departure) -> None:
        """Count a sandbox that has left."""
        self._left[departure] += 1

    @property
    def misses(self) -> dict[Miss, int]:
        """Callers for whom nothing was ready, by reason."""
        return {miss: self._misses[miss] for miss in Miss}

    @property
    def left(self) -> dict[Departure, int]:
        """Sandboxes that have left, by reason."""
        return {departure: self._left[departure] for departure in Departure}
