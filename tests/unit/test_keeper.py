"""The keeper looks after what waits: once a second, and only while something does."""

import logging

import anyio
import pytest

from engine import Departure, PoolConfig, SandboxStartError
from engine._keeper import Keeper
from engine._memory import Memory
from engine._refill import MAX_BACK_OFF_SECONDS
from engine._stats import Miss
from engine.testing import FakeRuntime

from ._pools import Machine, accounted, hold, lease_once, open_pools, pool_of, settle

ONE = PoolConfig(warm=1, max_warm=1)


class Turns:
    """Counts turns, and says after so many that nothing is left."""

    def __init__(self, number: int, *, error: Exception | None = None) -> None:
        self.left = number
        self.error = error
        self.taken = 0

    def take(self) -> bool:
        self.taken += 1
        self.left -= 1
        if self.error is not None and self.taken == 1:
            raise self.error
        return self.left > 0


async def test_turns_are_taken_until_nothing_is_left() -> None:
    turns = Turns(3)
    async with anyio.create_task_group() as tasks:
        keeper = Keeper(turns.take, tasks=tasks, interval_seconds=0)

        keeper.wake()

    assert turns.taken == 3
    assert not keeper.is_running


async def test_waking_a_keeper_that_is_awake_changes_nothing() -> None:
    turns = Turns(2)
    async with anyio.create_task_group() as tasks:
        keeper = Keeper(turns.take, tasks=tasks, interval_seconds=0)

        keeper.wake()
        keeper.wake()

    assert turns.taken == 2


async def test_keeper_can_be_woken_again() -> None:
    turns = Turns(1)
    async with anyio.create_task_group() as tasks:
        keeper = Keeper(turns.take, tasks=tasks, interval_seconds=0)
        keeper.wake()
        await settle()
        assert not keeper.is_running

        keeper.wake()

    assert turns.taken == 2


async def test_closed_keeper_ends_and_does_not_wake() -> None:
    turns = Turns(1000)
    async with anyio.create_task_group() as tasks:
        keeper = Keeper(turns.take, tasks=tasks, interval_seconds=3600)
        keeper.wake()
        await settle()

        keeper.close()
        keeper.wake()
        await settle()

    assert turns.taken == 0
    assert not keeper.is_running


async def test_turn_that_fails_is_logged_and_the_next_one_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    turns = Turns(2, error=ValueError("bad luck"))
    async with anyio.create_task_group() as tasks:
        keeper = Keeper(turns.take, tasks=tasks, interval_seconds=0)

        keeper.wake()

    assert turns.taken == 2
    assert "bad luck" in caplog.text


# Turns over pools


async def test_dead_sandbox_leaves_at_once_and_is_replaced() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, ONE) as pools:
        pool = pool_of(pools, runtime)
        await lease_once(pool)
        await settle()
        runtime.sandboxes[-1].die()

        pools.turn()
        assert pool.idle == 0
        await settle()

        assert pool.idle == 1
        assert pool.stats().left[Departure.DEAD] == 1
        assert await lease_once(pool)
        assert accounted(pool.stats())


async def test_caller_before_the_dead_one_is_replaced_learns_that_it_died() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, ONE) as pools:
        pool = pool_of(pools, runtime)
        await lease_once(pool)
        await settle()
        runtime.sandboxes[-1].die()
        pools.turn()

        await lease_once(pool)

        assert pool.stats().misses[Miss.DEAD] == 1


async def test_under_pressure_one_sandbox_is_given_up_in_each_turn_the_coldest_first() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, ONE) as pools:
        hot, cold = pool_of(pools, runtime, 1), pool_of(pools, runtime, 2)
        for pool in (hot, hot, hot, cold):
            machine.clock.now += 1
            await lease_once(pool)
            await settle()
        machine.memory = Memory(machine.memory.total_mib, 1.0)
        machine.clock.now += 1

        pools.turn()
        await settle()
        after_one = (hot.idle, cold.idle)
        pools.turn()
        await settle()

        assert after_one == (1, 0)
        assert (hot.idle, cold.idle) == (0, 0)
        assert hot.stats().left[Departure.EVICTED] == 1


async def test_turn_says_whether_something_waits_or_is_wanted() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, ONE) as pools:
        unused = pool_of(pools, runtime)
        before = pools.turn()
        await lease_once(unused)
        await settle()

        after = pools.turn()

        assert (before, after) == (False, True)


async def test_no_keeper_runs_where_nothing_is_kept() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, PoolConfig(warm=0, max_warm=0)) as pools:
        await lease_once(pool_of(pools, runtime))

        assert not pools.turn()
        assert not pools._keeper.is_running


async def test_keeper_runs_after_the_first_lease_until_the_pools_are_closed() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, ONE) as pools:
        assert not pools._keeper.is_running
        await lease_once(pool_of(pools, runtime))

        assert pools._keeper.is_running

    assert not pools._keeper.is_running


async def test_all_are_given_up_in_time_when_nobody_asks_any_more() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, PoolConfig(warm=0, max_warm=4)) as pools:
        pool = pool_of(pools, runtime)
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(lease_once, pool)
        await settle()
        at_first = pool.idle

        turns = 0
        while pools.turn():
            machine.clock.now += 1
            turns += 1
            await settle()
        await settle()

        assert at_first > 1
        assert 1 < turns < 600
        assert pool.stats().left[Departure.SURPLUS] == at_first
        assert runtime.live == 0


async def test_refills_of_all_pools_are_started_one_at_a_time() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, ONE) as pools:
        both = [pool_of(pools, runtime, number) for number in (1, 2)]
        async with anyio.create_task_group() as tasks:
            release = anyio.Event()
            for pool in both:
                tasks.start_soon(hold, pool, release)
            await settle()
            gate = runtime.start_gate = anyio.Event()
            release.set()
        await settle()
        assert sum(pool.stats().starting for pool in both) == 1

        gate.set()
        await settle()

        assert [pool.idle for pool in both] == [1, 1]


async def test_refill_waits_while_the_programs_of_other_pools_need_the_processors() -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, ONE, processors=1) as pools, anyio.create_task_group() as tasks:
        release = anyio.Event()
        tasks.start_soon(hold, pool_of(pools, runtime, 1), release)
        await settle()
        waiting = pool_of(pools, runtime, 2)
        await lease_once(waiting)
        await settle()
        assert waiting.idle == 0

        release.set()
        await settle()

        assert waiting.idle == 1


async def test_template_that_fails_for_an_hour_is_tried_ever_more_rarely(
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine, runtime = Machine(), FakeRuntime()
    async with open_pools(machine, PoolConfig(warm=2, max_warm=4)) as pools:
        pool = pool_of(pools, runtime)
        await lease_once(pool)
        runtime.start_errors.extend(SandboxStartError("no image") for _ in range(10_000))
        ends_at = machine.clock.now + 3600
        callers = 0
        with caplog.at_level(logging.WARNING):
            while machine.clock.now < ends_at:
                machine.clock.now += 5
                assert pools.turn()
                await settle(10)
                if callers * 300 < machine.clock.now - 1000:
                    callers += 1
                    with pytest.raises(SandboxStartError, match="no image"):
                        await lease_once(pool)
        runtime.start_errors.clear()

        stats = pool.stats()
        assert 60 <= stats.refill_failures <= 60 + 10
        assert stats.refill_error == "SandboxStartError: no image"
        assert stats.misses[Miss.FAILING] >= callers - 1
        assert len(caplog.records) == stats.refill_failures
        assert (stats.live, stats.waiting) == (0, 0)
        assert accounted(stats)

        machine.clock.now += MAX_BACK_OFF_SECONDS
        pools.turn()
        await settle()
        assert pool.idle == 2
