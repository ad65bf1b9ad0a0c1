import itertools
import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bench._statistics import (
    can_differ,
    discoveries,
    mann_whitney,
    percentile,
    ratio,
    spread,
)

examples = settings(deadline=None, database=None, max_examples=25)
samples = st.lists(st.floats(0.1, 100.0), min_size=1, max_size=12)
few = st.lists(st.integers(1, 5), min_size=1, max_size=5)
MALES, FEMALES = (19, 22, 16, 29, 24), (20, 11, 17, 12)


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (19, 19), (20, 19), (21, 20), (100, 95)])
def test_percentile_is_the_nearest_value_that_was_measured(count: int, expected: int) -> None:
    assert percentile(range(count, 0, -1), 95) == expected


def test_spread_of_hundred_values_has_their_ranks() -> None:
    found = spread([float(value) for value in range(1, 101)])

    assert (found.least, found.p50, found.p95, found.p99, found.most) == (1, 50.5, 95, 99, 100)


def test_spread_of_one_value_is_that_value_everywhere() -> None:
    found = spread([3.0])

    assert {found.least, found.p50, found.p95, found.p99, found.most} == {3.0}


def test_spread_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        spread([])


@examples
@given(samples)
def test_spread_is_ordered(values: list[float]) -> None:
    found = spread(values)

    assert found.least <= found.p50 <= found.p95 <= found.p99 <= found.most


def test_ratio_is_that_of_the_medians() -> None:
    found = ratio([[4.0, 5.0, 60.0]], [[10.0, 9.0, 11.0]])

    assert found is not None
    assert found.value == 0.5


def test_ratio_of_two_files_takes_the_floors_into_account() -> None:
    found = ratio([[20.0], [5.0]], [[10.0], [10.0]])

    assert found is not None
    assert found.value == 1.0


@pytest.mark.parametrize(("count", "has_interval"), [(5, False), (6, True)])
def test_interval_needs_six_values(count: int, has_interval: bool) -> None:
    found = ratio([[1.0] * count], [[2.0] * count])

    assert found is not None
    assert (found.low is not None) == has_interval


@pytest.mark.parametrize("sample", [[], [0.0], [-1.0], [1e-300], [1e300]])
def test_ratio_to_what_is_no_measure_is_none(sample: list[float]) -> None:
    assert ratio([[1.0]], [sample]) is None
    assert ratio([sample], [[1.0]]) is None


def test_single_senseless_value_costs_only_the_interval() -> None:
    found = ratio([[0.0, *[1.0] * 9]], [[2.0] * 9])

    assert found is not None
    assert (found.value, found.low) == (0.5, None)


def test_interval_of_a_median_is_that_of_order_statistics() -> None:
    # 95 % of a hundred values in order lie around the median from the 40th to the 61st.
    found = ratio([[float(value) for value in range(1, 101)]], [[1.0] * 100])

    assert found is not None
    assert found.low == pytest.approx(40.5, abs=2)
    assert found.high == pytest.approx(60.5, abs=2)


@settings(examples, max_examples=10)
@given(st.lists(st.floats(0.1, 100.0), min_size=6, max_size=12))
def test_interval_holds_its_ratio_and_is_the_same_each_time(values: list[float]) -> None:
    found = ratio([values], [[1.0] * 6])

    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert min(values) <= found.low <= found.value <= found.high <= max(values)
    assert found == ratio([values], [[1.0] * 6])


def test_small_samples_have_the_published_exact_value() -> None:
    # U = 17, p = 0.111: the example in the documentation of `scipy.stats.mannwhitneyu`.
    assert mann_whitney(MALES, FEMALES) == pytest.approx(1 / 9)


def test_large_samples_have_the_published_approximate_value() -> None:
    # Of the same example, ten times: what counts is the share of pairs, so U is 1700 of 2000.
    one, two = MALES * 10, FEMALES * 10
    ties = sum(10**3 - 10 for _ in range(9)) / (90 * 89)
    deviation = math.sqrt(50 * 40 / 12 * (91 - ties))

    found = mann_whitney(one, two)

    assert found == pytest.approx(math.erfc((1700 - 1000 - 0.5) / deviation / math.sqrt(2)))


@pytest.mark.parametrize("count", [12, 13])
def test_exact_and_approximate_values_meet(count: int) -> None:
    # Twelve and twelve are counted, thirteen and thirteen are approximated.
    one = [float(value) for value in range(count)]

    assert mann_whitney(one, [value + 3.5 for value in one]) == pytest.approx(0.05, abs=0.02)


@examples
@given(few, few)
def test_exact_value_is_that_of_all_arrangements(one: list[int], two: list[int]) -> None:
    everything = [*one, *two]
    ranks = [
        sum(other < value for other in everything) + (everything.count(value) + 1) / 2 for value in everything
    ]
    middle = len(one) * (len(everything) + 1) / 2
    sums = [abs(sum(chosen) - middle) for chosen in itertools.combinations(ranks, len(one))]
    distance = abs(sum(ranks[: len(one)]) - middle)

    assert mann_whitney(one, two) == pytest.approx(statistics.fmean(s >= distance for s in sums))


@examples
@given(samples, samples)
def test_order_of_the_samples_does_not_matter(one: list[float], two: list[float]) -> None:
    assert mann_whitney(one, two) == pytest.approx(mann_whitney(two, one))


@examples
@given(st.lists(st.floats(0.1, 100.0), max_size=20))
def test_same_sample_is_noise(values: list[float]) -> None:
    assert mann_whitney(values, values) == pytest.approx(1.0)


def test_many_equal_values_are_noise() -> None:
    assert mann_whitney([1.0] * 40, [1.0] * 50) == 1.0


def test_samples_far_apart_differ() -> None:
    assert mann_whitney(range(5), range(5, 10)) == pytest.approx(2 / math.comb(10, 5))
    assert mann_whitney(range(30), range(30, 60)) < 1e-9


@pytest.mark.parametrize(
    ("one", "two", "expected"), [(3, 3, False), (4, 4, True), (1, 38, False), (1, 39, True)]
)
def test_whether_samples_can_differ_depends_on_their_sizes(one: int, two: int, expected: bool) -> None:
    assert can_differ(one, two) == expected


def test_discoveries_are_those_that_benjamini_and_hochberg_published() -> None:
    # Their example of fifteen hypotheses, of which four are rejected.
    p_values = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
    ]

    assert discoveries(p_values) == [True] * 4 + [False] * 11


def test_one_difference_among_many_needs_to_be_clearer() -> None:
    assert discoveries([0.04]) == [True]
    assert discoveries([0.04, *[0.5] * 9]) == [False] * 10
    assert discoveries([]) == []
