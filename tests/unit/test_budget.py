"""What waits over all pools keeps within bounds, and the coldest gives way."""

import random

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Departure, Pool, PoolConfig
from engine._budget import MARGIN, Budget, Occupancy
from engine._memory import Memory
from engine._pool import Shared
from engine._pools import IDLE_SHARE, Pools
from engine._refill_gate import RefillGate
from engine._stats import Miss
from engine.testing import FakeRuntime

from ._pools import (
    CancellingRuntime,
    Machine,
    accounted,
    hold,
    lease_in,
    lease_once,
    open_pool,
    open_pools,
    pool_of,
    settle,
)


class FakeHolder:
    """A pool with a worth that is told; each further sandbox is worth half of the one before."""

    def __init__(self, *, mib: float = 10.0, processes: int = 1, idle: int = 0, worth: float = 1.0) -> None:
        self.occupies = Occupancy(mib, processes)
        self.idle = idle
        self.starting = 0
        self.evicted = 0
        self.value = worth

    @property
    def kept(self) -> int:
        return self.idle + self.starting

    def worth(self, kept: int) -> float:
        return self.value * 0.5**kept

    def evict(self) -> None:
        assert self.idle > 0
        self.idle -= 1
        self.evicted += 1


def budget_of(*holders: FakeHolder, mib: float = 100.0, processes: int = 100) -> Budget:
    return Budget(Occupancy(mib, processes), lambda: holders)


@pytest.mark.parametrize(("idle", "fits"), [(9, True), (10, False)])
def test_memory_is_bounded(idle: int, fits: bool) -> None:
    asker = FakeHolder(idle=idle)
    budget = budget_of(asker, mib=100.0)

    assert budget.make_room(asker) is fits


@pytest.mark.parametrize(("idle", "fits"), [(4, True), (5, False)])
def test_processes_are_bounded(idle: int, fits: bool) -> None:
    asker = FakeHolder(idle=idle, processes=2)
    budget = budget_of(asker, processes=10)

    assert budget.make_room(asker) is fits


def test_sandbox_that_is_being_started_counts() -> None:
    other, asker = FakeHolder(idle=9), FakeHolder()
    other.starting = 1
    other.value = 1000.0
    budget = budget_of(other, asker)

    assert not budget.make_room(asker)


def test_coldest_gives_way() -> None:
    cold, lukewarm = FakeHolder(idle=5, worth=0.1), FakeHolder(idle=5, worth=1.0)
    asker = FakeHolder(worth=10.0)
    budget = budget_of(lukewarm, cold, asker)

    let_in = budget.make_room(asker)

    assert let_in
    assert (cold.evicted, lukewarm.evicted) == (1, 0)


@pytest.mark.parametrize(("times", "let_in"), [(MARGIN * 0.99, False), (MARGIN * 1.01, True)])
def test_one_gives_way_only_to_one_that_is_worth_clearly_more(times: float, let_in: bool) -> None:
    other, asker = FakeHolder(idle=10), FakeHolder()
    asker.value = other.worth(10) * 2 * times
    budget = budget_of(other, asker)

    assert budget.make_room(asker) is let_in
    assert other.evicted == let_in


def test_large_one_needs_to_be_worth_all_that_give_way_to_it() -> None:
    small = FakeHolder(idle=10, worth=1024.0)
    worth_of_three = small.worth(10) + small.worth(9) + small.worth(8)
    poor = FakeHolder(mib=30.0, worth=2 * worth_of_three)
    rich = FakeHolder(mib=30.0, worth=2 * worth_of_three * MARGIN * 1.01)

    refused = budget_of(small, poor).make_room(poor)
    evicted_for_poor = small.evicted
    let_in = budget_of(small, rich).make_room(rich)

    assert (refused, evicted_for_poor) == (False, 0)
    assert (let_in, small.evicted) == (True, 3)


def test_one_that_is_larger_than_the_budget_displaces_nobody() -> None:
    other, asker = FakeHolder(idle=3, worth=0.0), FakeHolder(mib=101.0, worth=1e9)
    budget = budget_of(other, asker)

    assert not budget.make_room(asker)
    assert other.evicted == 0


def test_one_without_worth_displaces_nobody() -> None:
    other, asker = FakeHolder(idle=10, worth=0.0), FakeHolder(worth=0.0)
    budget = budget_of(other, asker)

    assert not budget.make_room(asker)


def test_own_sandboxes_do_not_give_way_to_another_of_the_same_pool() -> None:
    asker = FakeHolder(idle=10, worth=0.0)
    budget = budget_of(asker)

    assert not budget.make_room(asker)
    assert asker.evicted == 0


def test_trimming_takes_the_coldest_until_all_fits() -> None:
    hot, cold = FakeHolder(idle=9, worth=1000.0), FakeHolder(idle=3, worth=0.1)
    budget = budget_of(hot, cold)

    budget.trim()

    assert (hot.evicted, cold.evicted) == (0, 2)
    assert budget.occupied == Occupancy(100.0, 10)


def test_under_pressure_nobody_is_let_in_and_the_coldest_goes_one_at_a_time() -> None:
    hot, cold = FakeHolder(idle=1, worth=2.0), FakeHolder(idle=2, worth=1.0)
    budget = Budget(Occupancy(1e9, 1000), lambda: (hot, cold), is_under_pressure=lambda: True)

    let_in = budget.make_room(hot)
    budget.relieve()

    assert not let_in
    assert (hot.idle, cold.idle) == (1, 1)


def test_without_pressure_nothing_is_taken() -> None:
    holder = FakeHolder(idle=3)
    budget = budget_of(holder)

    budget.relieve()

    assert holder.idle == 3


COSTS = [(1.5, 2), (10.0, 3), (57.0, 1)]
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "start", "fail", "lease", "put-back", "worth"]),
        st.integers(0, len(COSTS) - 1),
        st.floats(0, 100),
    ),
    max_size=60,
)


@given(OPERATIONS, st.floats(0, 150), st.integers(1, 20))
def test_sums_never_exceed_the_budget(
    operations: list[tuple[str, int, float]], mib: float, processes: int
) -> None:
    holders = [FakeHolder(mib=mib_each, processes=number) for mib_each, number in COSTS]
    most = Occupancy(mib, processes)
    budget = budget_of(*holders, mib=mib, processes=processes)

    for operation, index, value in operations:
        holder = holders[index]
        match operation:
            case "ask" if budget.make_room(holder):
                holder.starting += 1
            case "start" if holder.starting:
                holder.starting -= 1
                holder.idle += 1
            case "fail" if holder.starting:
                holder.starting -= 1
            case "lease" if holder.idle:
                holder.idle -= 1
            case "put-back" if not any(one.starting for one in holders):
                holder.idle += 1
                budget.trim()
            case "worth":
                holder.value = value

        assert budget.occupied.fits(most)


# With pools


async def use(pools: Pools, runtime: FakeRuntime, machine: Machine, number: int, *, times: int = 1) -> Pool:
    """Run programs one after the other, a second apart."""
    pool = pool_of(pools, runtime, number)
    for _ in range(times):
        await lease_once(pool)
        await settle()
        machine.clock.now += 1
    return pool


async def test_hot_pool_displaces_the_coldest_and_the_others_keep_theirs() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, PoolConfig(max_warm=1, idle_memory_mib=32)) as pools:
        hot = await use(pools, runtime, machine, 1, times=9)
        cold = await use(pools, runtime, machine, 2)

        third = await use(pools, runtime, machine, 3, times=4)

        assert (hot.idle, cold.idle, third.idle) == (1, 0, 1)
        assert cold.stats().left[Departure.EVICTED] == 1
        assert hot.stats().left[Departure.EVICTED] == 0
        assert all(accounted(stats) for stats in pools.stats())


async def test_cold_pool_displaces_nobody_and_its_callers_are_served() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, PoolConfig(max_warm=1, idle_memory_mib=32)) as pools:
        first = await use(pools, runtime, machine, 1, times=9)
        second = await use(pools, runtime, machine, 2, times=9)

        cold = await use(pools, runtime, machine, 3, times=2)

        assert (first.idle, second.idle, cold.idle) == (1, 1, 0)
        assert cold.stats().cold == 2
        assert cold.stats().misses[Miss.REFUSED] == 1
        assert cold.stats().refill_failures == 0


async def test_refused_pool_gets_its_sandbox_when_there_is_room() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, PoolConfig(max_warm=1, idle_memory_mib=16)) as pools:
        hot = await use(pools, runtime, machine, 1, times=9)
        cold = await use(pools, runtime, machine, 2)
        release = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hold, hot, release)
            await settle()

            pools.turn()
            await settle()

            assert cold.idle == 1
            release.set()


async def test_processes_of_all_pools_are_bounded() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, PoolConfig(warm=4, max_size=8, idle_processes=5)) as pools:
        pool = await use(pools, runtime, machine, 1)

        assert pool.idle == 2


@pytest.mark.parametrize(("total", "kept"), [(16 * 16 * IDLE_SHARE, 16), (16 * 4 * IDLE_SHARE, 4)])
async def test_an_eighth_of_the_memory_may_wait(total: float, kept: int) -> None:
    machine, runtime = Machine(total_mib=total), FakeRuntime()
    async with open_pools(machine, PoolConfig(warm=16, max_size=32)) as pools:
        pool = await use(pools, runtime, machine, 1)

        assert pool.idle == kept


async def test_nothing_is_refilled_under_pressure_until_it_is_over() -> None:
    machine, runtime = Machine(), FakeRuntime()
    plenty = machine.memory
    async with open_pools(machine, PoolConfig(warm=1)) as pools:
        machine.memory = Memory(plenty.total_mib, 0.0)
        machine.clock.now += 1
        pool = await use(pools, runtime, machine, 1)
        assert pool.idle == 0

        machine.memory = plenty
        pools.turn()
        await settle()

        assert pool.idle == 1


async def test_sandbox_that_its_caller_did_not_take_is_not_kept_beyond_the_budget() -> None:
    runtime, scope = CancellingRuntime(), anyio.CancelScope()
    rival = FakeHolder(mib=16.0)
    budget = Budget(Occupancy(16.0, 99), lambda: (rival, pool))
    opened = open_pool(runtime, warm=1, max_size=1, shared=Shared(budget, RefillGate(processors=1), bool))
    async with opened as pool, anyio.create_task_group() as tasks:
        await lease_once(pool)
        runtime.start_gate = anyio.Event()
        await settle()
        tasks.start_soon(lease_in, scope, pool)
        await settle()

        def cancel() -> None:
            rival.starting = 1  # let in as soon as the sandbox does not wait any more
            scope.cancel()

        runtime.at_start = cancel
        runtime.start_gate.set()
        await settle()

        assert (pool.idle, pool.stats().left[Departure.EVICTED]) == (0, 1)
        assert accounted(pool.stats())


@pytest.mark.parametrize("seed", range(8))
async def test_sums_of_pools_never_exceed_the_budget(seed: int) -> None:
    chance = random.Random(seed)
    machine, runtime = Machine(), FakeRuntime(checkpoints=2)
    config = PoolConfig(warm=1, max_warm=4, max_size=6, idle_memory_mib=5 * 16)
    async with open_pools(machine, config, processors=2) as pools:
        async with anyio.create_task_group() as tasks:
            for _ in range(150):
                match chance.randrange(6):
                    case 0 | 1 | 2:
                        tasks.start_soon(lease_once, pool_of(pools, runtime, chance.randrange(1, 5)))
                    case 3:
                        pools.turn()
                    case 4:
                        machine.clock.now += chance.random() * 20
                    case _ if runtime.sandboxes:
                        chance.choice(runtime.sandboxes).die()
                await anyio.lowlevel.checkpoint()

                assert sum(pool_of(pools, runtime, number).kept for number in range(1, 5)) <= 5

        await settle()
        assert all(accounted(stats) for stats in pools.stats())
    assert runtime.live == 0
