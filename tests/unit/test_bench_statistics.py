import pytest

from agent.bench._statistics import mcnemar, median, paired, percentile95, share, wilson


def pairs(both: int, gained: int, lost: int, neither: int) -> list[tuple[bool, bool]]:
    return (
        [(True, True)] * both + [(False, True)] * gained + [(True, False)] * lost + [(False, False)] * neither
    )


def test_wilson_interval_is_the_published_one() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)


@pytest.mark.parametrize(("right", "count"), [(0, 10), (10, 10), (1, 1), (0, 1)])
def test_interval_stays_between_nothing_and_all(right: int, count: int) -> None:
    low, high = wilson(right, count)

    assert 0 <= low <= right / count <= high <= 1


def test_share_of_nothing_says_nothing() -> None:
    empty = share(0, 0)

    assert (empty.share, empty.low, empty.high) == (0.0, 0.0, 1.0)


def test_mcnemar_is_the_binomial_tail_of_the_changes() -> None:
    assert mcnemar(12, 2) == pytest.approx(2 * (1 + 14 + 91) / 2**14)
    assert mcnemar(2, 12) == mcnemar(12, 2)
    assert mcnemar(3, 3) == 1.0
    assert mcnemar(0, 0) == 1.0


def test_mcnemar_of_many_changes_is_a_number() -> None:
    assert 0 < mcnemar(700, 800) < 0.05


def test_difference_interval_is_the_one_that_newcombe_published() -> None:
    found = paired(pairs(36, 12, 2, 0))

    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=1e-4)


def test_exchanged_arms_have_the_opposite_difference() -> None:
    one, two = paired(pairs(20, 9, 4, 7)), paired(pairs(20, 4, 9, 7))

    assert (one.low, one.high) == pytest.approx((-two.high, -two.low))
    assert one.p_value == two.p_value


def test_counts_of_a_comparison_are_of_the_items() -> None:
    found = paired(pairs(1, 2, 3, 4))

    assert (found.both, found.gained, found.lost, found.neither) == (1, 2, 3, 4)


def test_comparison_of_nothing_is_undecided() -> None:
    found = paired([])

    assert (found.difference, found.low, found.high, found.p_value) == (0.0, -1.0, 1.0, 1.0)


def test_same_answers_do_not_differ() -> None:
    found = paired(pairs(10, 0, 0, 10))

    assert found.difference == 0
    assert found.low < 0 < found.high
    assert found.p_value == 1.0


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (19, 19), (20, 19), (21, 20), (100, 95)])
def test_percentile_is_a_value_that_was_measured(count: int, expected: int) -> None:
    assert percentile95(list(range(count, 0, -1))) == expected


def test_middle_and_percentile_of_nothing_are_zero() -> None:
    assert (median([]), percentile95([])) == (0.0, 0.0)
    assert median([3.0, 1.0, 2.0]) == 2.0
