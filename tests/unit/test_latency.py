"""Percentiles of how long programs take: near enough, for ever, and in bounded memory."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine._latency import MAX_PATHS, Histogram, Latency

# What is told is the middle of a bucket that is five per cent wide.
NEAR = 0.026


def histogram_of(*durations: float) -> Histogram:
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    return histogram


def test_without_durations_percentiles_are_zero() -> None:
    assert Histogram().percentile(0.5) == 0.0


@pytest.mark.parametrize("duration", [0.02, 1.0, 3.7, 1000.0, 86_000_000.0])
def test_single_duration_is_told_within_three_per_cent(duration: float) -> None:
    histogram = histogram_of(duration)

    assert [histogram.percentile(share) for share in (0.01, 0.5, 0.99, 1.0)] == pytest.approx(
        [duration] * 4, rel=NEAR
    )


def test_percentiles_of_a_hundred() -> None:
    histogram = histogram_of(*(float(number) for number in range(1, 101)))

    told = [histogram.percentile(share) for share in (0.50, 0.95, 0.99)]

    assert told == pytest.approx([50.0, 95.0, 99.0], rel=NEAR)


@pytest.mark.parametrize("duration", [-5.0, 0.0, 0.001])
def test_shorter_than_the_least_counts_as_the_least(duration: float) -> None:
    assert histogram_of(duration).percentile(0.5) == 0.01


def test_longer_than_a_day_counts_as_a_day() -> None:
    assert histogram_of(1e12).percentile(0.5) == pytest.approx(86_400_000.0, rel=0.06)


@given(st.lists(st.floats(0.011, 86_000_000.0), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 0.99]))
def test_percentile_is_near_the_exact_one(durations: list[float], share: float) -> None:
    exact = sorted(durations)[max(1, math.ceil(share * len(durations))) - 1]

    assert histogram_of(*durations).percentile(share) == pytest.approx(exact, rel=NEAR)


def test_paths_are_counted_apart_and_told_by_name() -> None:
    latency = Latency()
    for path, total_ms in (("warm", 10.0), ("cold", 90.0), ("warm", 10.0)):
        latency.record("wasm", path, wait_ms=1.0, total_ms=total_ms)

    cold, warm = latency.stats()

    assert [(one.runtime, one.path, one.count) for one in (cold, warm)] == [
        ("wasm", "cold", 1),
        ("wasm", "warm", 2),
    ]
    assert (cold.total_ms.p50, warm.total_ms.p99) == pytest.approx((90.0, 10.0), rel=NEAR)
    assert warm.wait_ms.p95 == pytest.approx(1.0, rel=NEAR)


@pytest.mark.parametrize(("names", "lines"), [(MAX_PATHS, MAX_PATHS), (MAX_PATHS + 9, MAX_PATHS + 1)])
def test_too_many_paths_are_counted_together(names: int, lines: int) -> None:
    latency = Latency()
    for number in range(names):
        latency.record("odd", f"path-{number:03}", wait_ms=1.0, total_ms=1.0)

    stats = latency.stats()

    assert len(stats) == lines
    assert sum(one.count for one in stats) == names
