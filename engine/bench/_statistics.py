"""What many runs say together: percentiles, ratios with intervals, and whether two samples differ."""

import math
import random
import statistics
from collections import Counter
from collections.abc import Sequence

import msgspec

type Sample = Sequence[float]

# Of five values not even the whole range holds the median with 95 % confidence: 2 / 2**5 lie outside.
_FEWEST_FOR_INTERVAL = 6
# The ends of an interval are then known to about a tenth of its length.
_DRAWS = 1000
# Up to so many values the number of arrangements is counted, beyond it the normal curve is as good.
_MOST_FOR_EXACT = 24
_SIGNIFICANT = 0.05
# Products and quotients of four values between these stay finite; nothing that we measure lies outside.
_LEAST, _MOST = 1e-9, 1e12


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How the values of one figure lie; of few values `p99` is the largest."""

    count: int
    least: float
    p50: float
    p95: float
    p99: float
    most: float


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """A ratio of medians with its 95 % interval.

    Attributes:
        low: None where there are too few values for an interval.
        high: Likewise.
    """

    value: float
    low: float | None = None
    high: float | None = None


def spread(values: Sample) -> Spread:
    """Return how values lie.

    Raises:
        ValueError: There are none.
    """
    if not values:
        raise ValueError("no values")
    return Spread(
        count=len(values),
        least=min(values),
        p50=statistics.median(values),
        p95=percentile(values, 95),
        p99=percentile(values, 99),
        most=max(values),
    )


def percentile(values: Sample, percent: int) -> float:
    """Return the smallest value that so many percent of the values do not exceed."""
    return sorted(values)[max(0, -(-percent * len(values) // 100) - 1)]


def ratio(above: Sequence[Sample], below: Sequence[Sample]) -> Ratio | None:
    """Return the product of the medians of some samples over that of others; None if it would mean nothing.

    The interval takes the samples for independent. Where they took turns and drifted together it is wider
    than need be, never narrower.
    """
    samples = [*above, *below]
    if not all(samples) or not all(_LEAST <= statistics.median(sample) <= _MOST for sample in samples):
        return None
    value = _over(
        [statistics.median(sample) for sample in above], [statistics.median(sample) for sample in below]
    )
    if any(
        len(sample) < _FEWEST_FOR_INTERVAL or min(sample) < _LEAST or max(sample) > _MOST
        for sample in samples
    ):
        return Ratio(value=value)
    dice = random.Random(0)  # noqa: S311 (the same interval for the same values, no secret)
    up, down = [sorted(sample) for sample in above], [sorted(sample) for sample in below]
    draws = sorted(
        _over([_drawn_median(s, dice) for s in up], [_drawn_median(s, dice) for s in down])
        for _ in range(_DRAWS)
    )
    low, high = draws[round(0.025 * _DRAWS)], draws[round(0.975 * _DRAWS) - 1]
    return Ratio(value=value, low=min(low, value), high=max(high, value))


def mann_whitney(one: Sample, two: Sample) -> float:
    """Return how likely samples that lie so far apart are if both come from the same source, two-sided.

    Counted exactly for few values, ties included; for more the normal approximation, corrected for ties and
    continuity. Of nothing it is 1.
    """
    if not one or not two:
        return 1.0
    ranks = _doubled_ranks([*one, *two])
    if len(ranks) <= _MOST_FOR_EXACT:
        return _exact(ranks, len(one))
    return _approximate(ranks, len(one))


def can_differ(one: int, two: int) -> bool:
    """Whether samples of these sizes could be called different at all, were they as far apart as can be."""
    return 2 / math.comb(one + two, one) <= _SIGNIFICANT


def discoveries(p_values: Sequence[float]) -> list[bool]:
    """Return which of many differences are to be believed, by Benjamini and Hochberg.

    Of those that are, one in twenty is expected to be noise, however many were looked at.
    """
    count = len(p_values)
    held = [p for rank, p in enumerate(sorted(p_values), 1) if p <= _SIGNIFICANT * rank / count]
    bound = max(held, default=-1.0)
    return [p <= bound for p in p_values]


def _over(above: Sample, below: Sample) -> float:
    return math.prod(above) / math.prod(below)


def _drawn_median(ordered: Sample, dice: random.Random) -> float:
    """Return the median of one resample.

    It is the value at the rank where the middle one of as many uniform numbers lies, which follows a beta
    distribution: drawing the rank gives what drawing all values and sorting them would.
    """
    middle = (len(ordered) + 1) / 2
    return ordered[min(int(len(ordered) * dice.betavariate(middle, middle)), len(ordered) - 1)]


def _doubled_ranks(values: Sample) -> list[int]:
    """Return twice the rank of each value, so that the mean ranks of equal values are whole numbers."""
    counts = Counter(values)
    ranks, below = {}, 0
    for value in sorted(counts):
        ranks[value] = 2 * below + counts[value] + 1
        below += counts[value]
    return [ranks[value] for value in values]


def _exact(ranks: Sequence[int], size: int) -> float:
    """Count the choices of `size` ranks whose sum is as far from the expected one, or farther."""
    ways: list[Counter[int]] = [Counter() for _ in range(size + 1)]
    ways[0][0] = 1
    for rank in ranks:
        for taken in range(size, 0, -1):
            for total, count in ways[taken - 1].items():
                ways[taken][total + rank] += count
    expected = size * (len(ranks) + 1)
    distance = abs(sum(ranks[:size]) - expected)
    extreme = sum(count for total, count in ways[size].items() if abs(total - expected) >= distance)
    return float(extreme / math.comb(len(ranks), size))


def _approximate(ranks: Sequence[int], size: int) -> float:
    count = len(ranks)
    # The variance of the ranks as they are, which is smaller where values are equal.
    variance = size * (count - size) * statistics.pvariance(ranks) / (count - 1)
    if variance <= 0:
        return 1.0
    # One step of the sum of doubled ranks is 2, so the correction for continuity is 1.
    distance = abs(sum(ranks[:size]) - size * (count + 1)) - 1
    return math.erfc(max(0.0, distance) / math.sqrt(2 * variance))
