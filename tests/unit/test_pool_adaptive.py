"""As many are kept ready as the demand says, and a caller for whom none was ready learns why."""

from typing import override

import anyio
import pytest

from engine import Departure, SandboxStartError, Template
from engine._budget import Budget, Occupancy
from engine._pool import Shared
from engine._refill_gate import RefillGate
from engine._stats import Miss
from engine.testing import FakeRuntime, FakeSandbox

from ._pools import Clock, SetDemand, accounted, hold, lease_once, open_pool, settle


async def test_as_many_are_kept_as_the_demand_says() -> None:
    runtime, demand = FakeRuntime(), SetDemand(3)
    async with open_pool(runtime, max_size=5, demand=demand) as pool:
        await lease_once(pool)
        await settle()

        assert pool.idle == 3
        assert pool.stats().target == 3


async def test_burst_raises_what_is_kept_up_to_the_maximum() -> None:
    runtime = FakeRuntime()
    opened = open_pool(runtime, warm=1, max_warm=3, max_size=10)
    async with opened as pool, anyio.create_task_group() as tasks:
        release = anyio.Event()
        for _ in range(6):
            tasks.start_soon(hold, pool, release)
        await settle()

        release.set()
        await settle()

        assert pool.idle == 3


async def test_maximum_below_the_least_keeps_the_least() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=2, max_warm=0, max_size=10) as pool:
        for _ in range(5):
            await lease_once(pool)
        await settle()

        assert pool.idle == 2


async def test_surplus_leaves_one_in_each_turn_the_oldest_first() -> None:
    runtime, demand = FakeRuntime(), SetDemand(3)
    async with open_pool(runtime, max_size=5, demand=demand) as pool:
        await lease_once(pool)
        await settle()
        demand.size = 1

        pool.tend()
        await settle()
        after_one = pool.idle
        pool.tend()
        pool.tend()
        await settle()

        assert (after_one, pool.idle) == (2, 1)
        assert pool.stats().left[Departure.SURPLUS] == 2
        assert [one.closed.is_set() for one in runtime.sandboxes] == [True, True, True, False]
        assert accounted(pool.stats())


async def test_as_many_as_wanted_are_no_surplus() -> None:
    runtime, demand = FakeRuntime(), SetDemand(2)
    async with open_pool(runtime, max_size=5, demand=demand) as pool:
        await lease_once(pool)
        await settle()

        pool.tend()
        await settle()

        assert pool.idle == 2
        assert pool.stats().left[Departure.SURPLUS] == 0


async def test_closed_pool_is_not_tended() -> None:
    runtime, demand = FakeRuntime(), SetDemand(2)
    async with open_pool(runtime, max_size=5, demand=demand) as pool:
        await lease_once(pool)
        await settle()
        await pool.aclose()

        pool.tend()
        await settle()

        assert not pool.needs_tending
        assert runtime.live == 0


async def test_refill_that_hangs_is_given_up_when_a_caller_would() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1, acquire_seconds=0.01) as pool:
        await lease_once(pool)
        runtime.start_gate = anyio.Event()
        while not pool.stats().refill_failures:
            await anyio.lowlevel.checkpoint()

        assert pool.stats().live == 0
        assert pool.stats().refill_error.startswith("TimeoutError")
        assert accounted(pool.stats())


async def test_start_seconds_are_learned() -> None:
    class SlowRuntime(FakeRuntime):
        @override
        async def start(self, template: Template) -> FakeSandbox:
            clock.now += 2.5
            return await super().start(template)

    class LearningDemand(SetDemand):
        @override
        def started(self, seconds: float) -> None:
            learned.append(seconds)

    clock, learned = Clock(), list[float]()
    async with open_pool(SlowRuntime(), clock=clock, demand=LearningDemand(1)) as pool:
        await lease_once(pool)
        await settle()

    assert learned == [2.5, 2.5]


async def test_every_caller_counts_as_demand() -> None:
    class CountingDemand(SetDemand):
        @override
        def arrived(self, now: float) -> None:
            arrivals.append(now)

    clock, arrivals = Clock(), list[float]()
    async with open_pool(FakeRuntime(), clock=clock, demand=CountingDemand(0)) as pool:
        await lease_once(pool)
        clock.now += 1
        await lease_once(pool)

    assert arrivals == [1000.0, 1001.0]


async def test_waits_are_added_up() -> None:
    runtime, clock = FakeRuntime(), Clock()
    async with open_pool(runtime, max_size=1, clock=clock) as pool, anyio.create_task_group() as tasks:
        release = anyio.Event()
        tasks.start_soon(hold, pool, release)
        await settle()
        tasks.start_soon(lease_once, pool)
        await settle()

        clock.now += 3
        release.set()
        await settle()

        stats = pool.stats()
        assert (stats.waited_seconds, stats.longest_wait_seconds) == (3.0, 3.0)


# Misses


async def test_nothing_is_ready_where_nothing_is_kept() -> None:
    async with open_pool(FakeRuntime()) as pool:
        await lease_once(pool)
        await lease_once(pool)

        assert pool.stats().misses == {miss: 2 if miss is Miss.OFF else 0 for miss in Miss}


async def test_nothing_is_ready_when_the_demand_is_too_small() -> None:
    async with open_pool(FakeRuntime(), max_warm=1, demand=SetDemand(0)) as pool:
        await lease_once(pool)
        await lease_once(pool)

        assert pool.stats().misses[Miss.FIRST] == 1
        assert pool.stats().misses[Miss.OFF] == 1


async def test_first_callers_find_a_new_pool_and_the_next_a_burst() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1, max_size=9) as pool, anyio.create_task_group() as tasks:
        release = anyio.Event()
        for _ in range(2):
            tasks.start_soon(hold, pool, release)
        await settle()
        release.set()
        await settle()

        release = anyio.Event()
        for _ in range(3):
            tasks.start_soon(hold, pool, release)
        await settle()

        stats = pool.stats()
        assert (stats.warm, stats.cold) == (1, 4)
        assert stats.misses == {miss: 2 if miss in (Miss.FIRST, Miss.BURST) else 0 for miss in Miss}
        release.set()


async def test_caller_learns_that_the_budget_left_none() -> None:
    runtime = FakeRuntime()
    nothing = Shared(Budget(Occupancy(0.0, 0)), RefillGate(processors=9), bool)
    async with open_pool(runtime, warm=1, shared=nothing) as pool:
        await lease_once(pool)
        await settle()

        await lease_once(pool)

        assert pool.stats().misses[Miss.REFUSED] == 1


async def test_caller_learns_that_the_sandbox_was_taken_by_the_budget() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1) as pool:
        await lease_once(pool)
        await settle()
        pool.evict()

        await lease_once(pool)
        await settle()

        assert pool.stats().misses[Miss.REFUSED] == 1
        assert pool.stats().left[Departure.EVICTED] == 1


async def test_caller_learns_that_refills_fail() -> None:
    runtime = FakeRuntime()
    runtime.start_errors.extend([None, SandboxStartError("once")])
    async with open_pool(runtime, warm=1) as pool:
        await lease_once(pool)
        await settle()

        await lease_once(pool)

        assert pool.stats().misses[Miss.FAILING] == 1


async def test_waiter_that_gets_the_slot_of_a_failed_refill_learns_that_it_failed() -> None:
    runtime = FakeRuntime()
    runtime.start_errors.extend([None, SandboxStartError("once")])
    async with open_pool(runtime, warm=1, max_size=1) as pool, anyio.create_task_group() as tasks:
        await lease_once(pool)
        runtime.start_gate = anyio.Event()
        await settle()
        tasks.start_soon(lease_once, pool)
        await settle()

        runtime.start_gate.set()
        await settle()

        assert pool.stats().misses[Miss.FAILING] == 1


async def test_caller_learns_that_what_waited_had_died() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1) as pool:
        await lease_once(pool)
        await settle()
        runtime.sandboxes[-1].die()

        await lease_once(pool)

        assert pool.stats().misses[Miss.DEAD] == 1


async def test_start_that_fails_for_a_caller_is_a_miss_but_no_cold_lease() -> None:
    runtime = FakeRuntime()
    runtime.start_errors.append(SandboxStartError("once"))
    async with open_pool(runtime, warm=1) as pool:
        with pytest.raises(SandboxStartError):
            await lease_once(pool)

        assert pool.stats().misses[Miss.FIRST] == 1
        assert pool.stats().cold == 0
