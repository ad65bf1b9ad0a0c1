"""How long programs take, as percentiles: exact to a few per cent, in memory that does not grow."""

import math
from typing import Final

from ._stats import PathStats, Percentiles

# Neighbouring buckets differ by this: what is told is off by half of it at most.
_STEP = 1.05
# All below is one bucket, and all above the last: ten microseconds and a day.
_LEAST_MS = 0.01
_MOST_MS = 86_400_000.0
_PER_BUCKET: Final = 1.0 / math.log(_STEP)
_BUCKETS = 2 + math.ceil(math.log(_MOST_MS / _LEAST_MS) * _PER_BUCKET)

# Runtimes have a handful of paths each. One that makes up names has the rest counted together.
MAX_PATHS = 64
_OTHERS = ("", "")


class Histogram:
    """Counts durations in buckets of which each is five per cent wider than the one before."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, milliseconds: float) -> None:
        """Count a duration; one below the least, negative ones too, counts as the least."""
        index = 0
        if milliseconds > _LEAST_MS:
            index = min(1 + int(math.log(milliseconds / _LEAST_MS) * _PER_BUCKET), _BUCKETS - 1)
        self._counts[index] += 1
        self._count += 1

    def percentile(self, share: float) -> float:
        """Return the duration that this share of all took at most; 0 without any."""
        rank = max(1, math.ceil(share * self._count))
        for index, count in enumerate(self._counts):
            rank -= count
            if rank <= 0:
                return _middle(index)
        return 0.0


class Latency:
    """The durations of programs, by runtime and path."""

    def __init__(self) -> None:
        self._paths: dict[tuple[str, str], tuple[Histogram, Histogram]] = {}

    def record(self, runtime: str, path: str, *, wait_ms: float, total_ms: float) -> None:
        """Count a program; takes a few microseconds."""
        waits, totals = self._paths.get((runtime, path)) or self._new((runtime, path))
        waits.add(wait_ms)
        totals.add(total_ms)

    def stats(self) -> tuple[PathStats, ...]:
        """Return what was counted, by name."""
        return tuple(
            PathStats(
                runtime=runtime,
                path=path,
                count=len(totals),
                wait_ms=_percentiles(waits),
                total_ms=_percentiles(totals),
            )
            for (runtime, path), (waits, totals) in sorted(self._paths.items(), key=lambda item: item[0])
        )

    def _new(self, key: tuple[str, str]) -> tuple[Histogram, Histogram]:
        if len(self._paths) >= MAX_PATHS:
            key = _OTHERS
        return self._paths.setdefault(key, (Histogram(), Histogram()))


def _percentiles(histogram: Histogram) -> Percentiles:
    return Percentiles(
        p50=histogram.percentile(0.50), p95=histogram.percentile(0.95), p99=histogram.percentile(0.99)
    )


def _middle(index: int) -> float:
    """Return the duration in the middle of a bucket, in the sense in which they grow."""
    if index == 0:
        return _LEAST_MS
    return _LEAST_MS * math.pow(_STEP, index - 0.5)
