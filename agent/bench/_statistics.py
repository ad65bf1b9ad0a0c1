"""How far measured shares can be trusted, and whether two arms differ on the same items."""

import math
import statistics
from collections.abc import Sequence

import msgspec

# Two-sided 95 %.
_Z = 1.959963984540054


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A share with its 95 % interval by Wilson."""

    right: int
    count: int
    share: float
    low: float
    high: float


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """Two arms on the same items.

    Attributes:
        both: Right with both.
        gained: Right with the second arm only.
        lost: Right with the first arm only.
        neither: Right with none.
        difference: Share of the second less share of the first.
        low: Of its 95 % interval by Newcombe.
        high: Likewise.
        p_value: Exact, two-sided, by McNemar.
    """

    both: int
    gained: int
    lost: int
    neither: int
    difference: float
    low: float
    high: float
    p_value: float


def share(right: int, count: int) -> Share:
    """Return a share; of nothing it is 0, and anything is possible."""
    low, high = wilson(right, count)
    return Share(right=right, count=count, share=right / count if count else 0.0, low=low, high=high)


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    if not count:
        return 0.0, 1.0
    p, z2 = right / count, _Z * _Z
    middle = p + z2 / (2 * count)
    half = _Z * math.sqrt(p * (1 - p) / count + z2 / (4 * count * count))
    whole = 1 + z2 / count
    low = 0.0 if right == 0 else (middle - half) / whole
    high = 1.0 if right == count else (middle + half) / whole
    return low, high


def paired(pairs: Sequence[tuple[bool, bool]]) -> Paired:
    """Compare two arms; each pair is whether the first and the second were right on one item."""
    both = sum(one and two for one, two in pairs)
    lost = sum(one and not two for one, two in pairs)
    gained = sum(two and not one for one, two in pairs)
    neither = len(pairs) - both - lost - gained
    low, high = _difference_interval(both, gained, lost, neither)
    return Paired(
        both=both,
        gained=gained,
        lost=lost,
        neither=neither,
        difference=(gained - lost) / len(pairs) if pairs else 0.0,
        low=low,
        high=high,
        p_value=mcnemar(gained, lost),
    )


def mcnemar(gained: int, lost: int) -> float:
    """Return how likely so uneven changes are if neither arm is better."""
    count = gained + lost
    tail = sum(math.comb(count, k) for k in range(min(gained, lost) + 1))
    return min(1.0, float(2 * tail / 2**count)) if count else 1.0


def median(values: Sequence[float]) -> float:
    """Return the middle value; 0 of none."""
    return statistics.median(values) if values else 0.0


def percentile95(values: Sequence[float]) -> float:
    """Return the smallest value that 95 % of the values do not exceed; 0 of none."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1] if values else 0.0


def _difference_interval(both: int, gained: int, lost: int, neither: int) -> tuple[float, float]:
    """Newcombe's method 10 for paired shares, from the Wilson intervals of both."""
    count = both + gained + lost + neither
    if not count:
        return -1.0, 1.0
    one, two = (both + lost) / count, (both + gained) / count
    (low1, high1), (low2, high2) = wilson(both + lost, count), wilson(both + gained, count)
    phi = _correlation(both, gained, lost, neither)
    below = _root(two - low2, high1 - one, phi)
    above = _root(high2 - two, one - low1, phi)
    return two - one - below, two - one + above


def _correlation(both: int, gained: int, lost: int, neither: int) -> float:
    """Phi with Newcombe's correction for continuity."""
    rows = (both + gained) * (lost + neither) * (both + lost) * (gained + neither)
    if not rows:
        return 0.0
    excess: float = both * neither - gained * lost
    if excess > 0:
        excess = max(excess - (both + gained + lost + neither) / 2, 0)
    return excess / math.sqrt(rows)


def _root(one: float, two: float, phi: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * phi * one * two + two * two))
