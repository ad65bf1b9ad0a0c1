"""How many sandboxes should wait: the model by itself, and in the simulated pool that it is measured with."""

import itertools
import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks._simulated_pool import Fixed, Outcome, SimulatedPool, Sizing, at_memory
from benchmarks._traffic import TRACES, bursty, steady
from engine._demand import MEMORY_SECONDS, REFILL_SECONDS, Demand


def _after(demand: Demand, arrivals: list[float]) -> Demand:
    for now in arrivals:
        demand.arrived(now)
    return demand


def _burst(count: int, *, begin: float = 0.0) -> list[float]:
    return [begin + index * 0.001 for index in range(count)]


def _poisson_quantile(mean: float, part: float) -> int:
    """Return the smallest k with P(at most k) >= part."""
    term = total = math.exp(-mean)
    for count in itertools.count():
        if total >= part:
            return count
        term *= mean / (count + 1)
        total += term
    raise AssertionError


# The target


@pytest.mark.parametrize(("least", "most"), [(0, 8), (1, 4), (3, 3), (2, 0), (0, 0)])
def test_least_waits_when_nobody_ever_asked(least: int, most: int) -> None:
    demand = Demand(least=least, most=most)

    assert demand.target(0.0) == least
    assert demand.target(1e9) == least


@pytest.mark.parametrize(("rate", "start_seconds"), [(2.0, 0.2), (5.0, 0.1), (0.5, 0.6), (1.0, 0.01)])
def test_steady_arrivals_want_about_the_poisson_quantile(rate: float, start_seconds: float) -> None:
    demand = Demand(least=0, most=32)
    demand.started(start_seconds)
    arrivals = steady(Random(3), 1000.0, rate=rate)

    _after(demand, arrivals)

    quantile = _poisson_quantile(rate * (REFILL_SECONDS + start_seconds), 0.99)
    assert quantile <= demand.target(arrivals[-1]) <= quantile + 2


def test_longer_starts_want_more_to_wait() -> None:
    arrivals = steady(Random(3), 600.0, rate=0.5)
    targets: list[int] = []

    for start_seconds in (0.01, 0.6, 1.5):
        demand = Demand(least=0, most=32)
        demand.started(start_seconds)
        targets.append(_after(demand, arrivals).target(arrivals[-1]))

    assert targets == sorted(set(targets))


def test_target_rises_within_a_burst_with_each_arrival() -> None:
    demand = Demand(least=1, most=8)
    targets: list[int] = []

    for now in _burst(5):
        demand.arrived(now)
        targets.append(demand.target(now))

    assert targets == [1, 2, 3, 4, 5]


def test_arrivals_that_a_refill_comes_between_want_one() -> None:
    demand = Demand(least=0, most=8)
    demand.started(0.1)

    for index in range(20):
        demand.arrived(index * (REFILL_SECONDS + 0.1 + 0.001))

    assert demand.target(4.1) == 1


@pytest.mark.parametrize(("count", "target"), [(8, 8), (9, 8), (7, 7), (500, 8)])
def test_target_stops_at_most(count: int, target: int) -> None:
    demand = _after(Demand(least=0, most=8), _burst(count))

    assert demand.target(1.0) == target


@pytest.mark.parametrize("reached", [1, 2, 6])
def test_depth_is_held_by_each_arrival_that_reached_it_then_forgotten(reached: int) -> None:
    demand = _after(Demand(least=1, most=8), _burst(6))
    held = MEMORY_SECONDS * math.log(2 * reached)
    depth = 7 - reached

    assert demand.target(held - 0.5) == depth
    assert demand.target(held + 0.5) == max(1, depth - 1)


def test_burst_falls_back_to_least_after_quiet_time() -> None:
    demand = _after(Demand(least=0, most=8), _burst(30))

    targets = [demand.target(float(second)) for second in range(1, 240)]

    assert targets[0] == 8
    assert targets == sorted(targets, reverse=True)
    assert targets[-1] == 0


def test_depth_that_is_reached_again_and_again_is_held_longer() -> None:
    once = _after(Demand(least=0, most=8), _burst(6, begin=50.0))
    often = _after(
        Demand(least=0, most=8), [now for begin in range(0, 51, 10) for now in _burst(6, begin=begin)]
    )

    later = 50.0 + MEMORY_SECONDS

    assert once.target(later) < 6
    assert often.target(later) == 6


def test_one_in_a_hundred_may_find_nothing() -> None:
    rare, common = Demand(least=0, most=8), Demand(least=0, most=8)

    for index in range(1200):
        for demand, every in ((rare, 240), (common, 40)):
            _after(demand, _burst(2 if index % every == every - 1 else 1, begin=index * 0.4))

    assert rare.target(480.0) == 1
    assert common.target(480.0) == 2


@pytest.mark.parametrize("rate", [1.0, 50.0])
def test_template_that_nobody_asks_for_any_more_falls_back_to_least(rate: float) -> None:
    demand = _after(Demand(least=1, most=8), steady(Random(3), 120.0, rate=rate))

    assert demand.target(120.0) > 1
    assert demand.target(120.0 + 15 * MEMORY_SECONDS) == 1
    assert demand.target(86_400.0) == 1


def test_a_large_most_is_reached_in_steps_and_never_passed() -> None:
    demand = Demand(least=0, most=1000)
    targets: set[int] = set()

    for now in _burst(1200):
        demand.arrived(now)
        targets.add(demand.target(now))

    assert max(targets) == 1000
    assert targets >= set(range(1, 17))
    assert len(targets) < 64


# Starts


def test_first_start_replaces_the_guess_and_later_ones_move_it() -> None:
    demand = Demand(least=0, most=8)
    demand.arrived(0.0)
    demand.started(2.0)
    first = demand.worth(0.0)

    for _ in range(40):
        demand.started(0.5)

    assert first == pytest.approx(2.0 / MEMORY_SECONDS)
    assert demand.worth(0.0) == pytest.approx(0.5 / MEMORY_SECONDS, rel=0.05)


@pytest.mark.parametrize("seconds", [-1.0, math.nan])
def test_start_that_cannot_have_taken_so_long_is_left_out(seconds: float) -> None:
    demand = _after(Demand(least=0, most=8), [0.0])
    before = demand.worth(0.0)

    demand.started(seconds)

    assert demand.worth(0.0) == before


# Worth


def test_worth_orders_hot_above_cold() -> None:
    hot = _after(Demand(least=1, most=8), steady(Random(3), 60.0, rate=2.0))
    cool = _after(Demand(least=1, most=8), steady(Random(3), 60.0, rate=0.2))
    cold = _after(Demand(least=1, most=8), [0.0])
    never = Demand(least=1, most=8)

    worths = [demand.worth(60.0) for demand in (hot, cool, cold, never)]

    assert worths == sorted(worths, reverse=True)
    assert len(set(worths)) == 4
    assert worths[-1] == 0.0


def test_worth_grows_with_the_time_of_a_start() -> None:
    fast, slow = (_after(Demand(least=1, most=8), [0.0]) for _ in range(2))

    fast.started(0.01)
    slow.started(1.5)

    assert slow.worth(1.0) == pytest.approx(150 * fast.worth(1.0))


def test_worth_falls_with_time_and_with_how_many_are_kept() -> None:
    demand = _after(Demand(least=1, most=8), _burst(4))

    worths = [demand.worth(1.0, kept=kept) for kept in range(1, 6)]

    assert worths == sorted(worths, reverse=True)
    assert worths[3] > 0.0
    assert worths[4] == 0.0
    assert demand.worth(10.0) < worths[0]


def test_what_is_always_kept_has_a_worth() -> None:
    demand = _after(Demand(least=2, most=0), [0.0])

    assert demand.worth(0.0) > 0.0


# Clocks


def test_clock_that_steps_back_counts_as_no_time() -> None:
    demand = _after(Demand(least=0, most=8), [1000.0])

    assert demand.target(10.0) == 1
    assert demand.target(10.0 + 0.6 * MEMORY_SECONDS) == 1
    assert demand.target(10.0 + 0.8 * MEMORY_SECONDS) == 0


@pytest.mark.parametrize("gap", [1e6, 1e300, math.inf])
def test_after_a_huge_gap_nothing_is_left_and_it_counts_again(gap: float) -> None:
    demand = _after(Demand(least=1, most=8), _burst(6))

    assert demand.target(gap) == 1
    assert demand.worth(gap) == 0.0
    assert _after(demand, _burst(3)).target(1.0) == 3


_TIMES = st.one_of(
    st.floats(-1.0, 1.0),
    st.floats(-1e5, 1e5),
    st.floats(allow_nan=True, allow_infinity=True),
)
_STEPS = st.lists(st.tuples(st.integers(0, 2), _TIMES), max_size=60)


@settings(max_examples=60, deadline=None)
@given(least=st.integers(0, 6), most=st.integers(0, 40), steps=_STEPS)
def test_bounds_hold_for_any_sequence_and_any_clock(
    least: int, most: int, steps: list[tuple[int, float]]
) -> None:
    demand = Demand(least=least, most=most)
    now = 0.0

    for kind, value in steps:
        match kind:
            case 0:
                now += value
            case 1:
                demand.started(value)
            case _:
                demand.arrived(now)

        assert least <= demand.target(now) <= max(least, most)
        assert 0.0 <= demand.worth(now) < math.inf


def test_weights_stay_finite_over_a_long_time() -> None:
    demand = Demand(least=0, most=8)

    for hour in range(500):
        _after(demand, _burst(3, begin=hour * 3600.0))

    assert demand.target(499 * 3600.0) == 3
    assert 0.0 < demand.worth(499 * 3600.0) < 1.0


# Against fixed sizes


def _simulate(sizing: Sizing, arrivals: list[float], *, start_seconds: float, seconds: float) -> Outcome:
    return SimulatedPool(sizing, start_seconds).run(arrivals, seconds)


@pytest.mark.slow
@pytest.mark.parametrize("least", [0, 1])
@pytest.mark.parametrize("start_seconds", [0.01, 0.6, 1.5])
def test_bursty_traffic_is_served_better_than_by_fixed_sizes_of_the_same_memory(
    least: int, start_seconds: float
) -> None:
    seconds = 7200.0
    arrivals = bursty(Random(7), seconds)
    fixed = [
        _simulate(Fixed(size), arrivals, start_seconds=start_seconds, seconds=seconds) for size in range(9)
    ]

    adaptive = _simulate(Demand(least=least, most=8), arrivals, start_seconds=start_seconds, seconds=seconds)

    assert adaptive.hit_rate > at_memory(fixed, adaptive.mean_waiting) + 0.05


@pytest.mark.slow
@pytest.mark.parametrize("start_seconds", [0.01, 0.6, 1.5])
def test_steady_traffic_is_served_as_well_as_by_fixed_sizes_of_the_same_memory(start_seconds: float) -> None:
    seconds = 7200.0
    arrivals = steady(Random(7), seconds)
    fixed = [
        _simulate(Fixed(size), arrivals, start_seconds=start_seconds, seconds=seconds) for size in range(9)
    ]

    adaptive = _simulate(Demand(least=1, most=8), arrivals, start_seconds=start_seconds, seconds=seconds)

    assert adaptive.hit_rate > at_memory(fixed, adaptive.mean_waiting) - 0.02


# The simulated pool and its traces


def test_simulated_pool_of_size_zero_starts_each_on_demand() -> None:
    outcome = _simulate(Fixed(0), [1.0, 2.0, 3.0], start_seconds=0.1, seconds=10.0)

    assert (outcome.arrivals, outcome.hits, outcome.mean_waiting) == (3, 0, 0.0)
    assert all(0.05 < wait < 0.2 for wait in outcome.waits)


def test_simulated_pool_keeps_one_after_the_first_lease() -> None:
    outcome = _simulate(Fixed(1), [0.0, 5.0, 10.0], start_seconds=0.1, seconds=1000.0)

    assert (outcome.hits, len(outcome.waits)) == (2, 3)
    assert outcome.waits[:2] == [0.0, 0.0]
    assert outcome.mean_waiting == pytest.approx(1.0, abs=0.01)


def test_simulated_pool_makes_callers_wait_for_a_slot() -> None:
    pool = SimulatedPool(Fixed(0), 1.0, max_size=1)

    outcome = pool.run([0.0, 0.0], 60.0)

    assert outcome.waits[0] < 1.8 < outcome.waits[1]


def test_simulated_pool_lets_one_go_in_each_turn() -> None:
    waiting: list[int] = []

    class Falling(Fixed):
        def target(self, now: float) -> int:
            return 3 if now < 10 else 0

    pool = SimulatedPool(Falling(3), 0.1, watch=lambda moment: waiting.append(moment.waiting))
    pool.run([0.0], 15.0)

    assert waiting[8:13] == [3, 2, 1, 0, 0]


def test_fixed_sizes_are_mixed_to_the_same_memory() -> None:
    small, large = Outcome(10, 2, 1.0, []), Outcome(10, 8, 3.0, [])

    assert [at_memory([small, large], memory) for memory in (0.5, 1.0, 2.0, 3.0, 4.0)] == pytest.approx(
        [0.2, 0.2, 0.5, 0.8, 0.8]
    )


@pytest.mark.parametrize("name", TRACES)
def test_traces_are_sorted_within_bounds_and_seeded(name: str) -> None:
    trace = TRACES[name]

    arrivals = trace(Random(1), 3600.0)

    assert arrivals == sorted(arrivals) == trace(Random(1), 3600.0)
    assert all(0.0 <= arrival < 3600.0 for arrival in arrivals)
    assert arrivals != trace(Random(2), 3600.0) or not arrivals
