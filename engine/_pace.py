"""How long a caller would wait for its turn, from how long turns were held lately."""

import math

# How much the last turn counts: what was twenty turns ago hardly does.
LAST_TURN_SHARE = 0.1
# When to try again while nothing is known.
UNKNOWN_RETRY_SECONDS = 1.0
# To a client that tries again, less than this is at once.
LEAST_RETRY_SECONDS = 0.1

_TENTHS_BELOW_SECONDS = 10.0


class Pace:
    """The decayed mean of the time that a turn is held."""

    def __init__(self) -> None:
        self._mean_seconds: float | None = None

    def add(self, held_seconds: float) -> None:
        """Count a turn that has ended; a clock that was set back makes it one of no length."""
        held_seconds = max(0.0, held_seconds)
        mean = held_seconds if self._mean_seconds is None else self._mean_seconds
        self._mean_seconds = mean + (held_seconds - mean) * LAST_TURN_SHARE

    def seconds_until(self, turns: int, *, at_once: int) -> float | None:
        """Estimate when so many turns will have ended; None before the first has."""
        if self._mean_seconds is None:
            return None
        return self._mean_seconds * turns / max(1, at_once)


def retry_seconds(estimate: float | None) -> float:
    """Return when to try again, as a person would say it: rounded up, and never at once."""
    if estimate is None:
        return UNKNOWN_RETRY_SECONDS
    if estimate < _TENTHS_BELOW_SECONDS:
        return max(LEAST_RETRY_SECONDS, math.ceil(estimate * 10) / 10)
    return float(math.ceil(estimate))
