"""Cancellation fuzz: wherever a caller is cancelled, nothing is lost and the pool still works."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from engine import Pool, PoolConfig, Program
from engine.testing import FakeRuntime, prints
from policies import Policy

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

# Longer than the longest way through a lease: start, run and close pass three checkpoints each.
POINTS = range(24)
# Never any waiting, always one, as many as were needed.
SIZES = [(0, 0), (1, 1), (0, 4)]


async def use(pool: Pool) -> None:
    async with pool.acquire() as lease:
        await lease.sandbox.run(Program(code="1"), Policy(), None)


async def cancel_after(points: int, pool: Pool) -> None:
    """Run one lease and cancel it when other tasks have had their turn this many times."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use, pool)
        for _ in range(points):
            await checkpoint()
        tasks.cancel_scope.cancel()


async def assert_sound(pool: Pool) -> None:
    await settle()
    stats = pool.stats()
    assert stats.live == stats.idle == pool.kept
    assert (stats.leased, stats.starting, stats.closing, stats.waiting) == (0, 0, 0, 0)
    assert accounted(stats)
    await lease_once(pool)


@pytest.mark.parametrize(("warm", "max_warm"), SIZES)
async def test_cancelled_lease_leaves_nothing(warm: int, max_warm: int) -> None:
    for points in POINTS:
        runtime = FakeRuntime(behaviour=prints(b"x"), checkpoints=3)
        async with open_pool(runtime, warm=warm, max_warm=max_warm, max_size=2) as pool:
            await cancel_after(points, pool)
            await cancel_after(points, pool)

            await assert_sound(pool)
            assert runtime.live == pool.stats().live

        assert runtime.live == 0


@pytest.mark.parametrize(("warm", "max_warm"), SIZES)
async def test_cancelled_waiter_takes_nothing_with_it(warm: int, max_warm: int) -> None:
    for points in POINTS:
        runtime = FakeRuntime(checkpoints=3)
        opened = open_pool(runtime, warm=warm, max_warm=max_warm, max_size=1)
        async with opened as pool, anyio.create_task_group() as tasks:
            release = anyio.Event()
            tasks.start_soon(hold, pool, release)
            await settle()
            tasks.start_soon(cancel_after, points, pool)
            tasks.start_soon(lease_once, pool)
            await checkpoint()
            release.set()

            await assert_sound(pool)


@pytest.mark.parametrize(("warm", "max_warm"), SIZES)
async def test_crowd_with_every_other_caller_cancelled_is_served(warm: int, max_warm: int) -> None:
    for points in POINTS:
        runtime = FakeRuntime(checkpoints=2)
        async with open_pool(runtime, warm=warm, max_warm=max_warm, max_size=2) as pool:
            async with anyio.create_task_group() as tasks:
                for number in range(8):
                    if number % 2:
                        tasks.start_soon(cancel_after, points + number, pool)
                    else:
                        tasks.start_soon(lease_once, pool)

            await assert_sound(pool)


async def test_crowd_in_pools_under_one_budget_is_served_while_the_keeper_takes_turns() -> None:
    for points in POINTS[::2]:
        machine, runtime = Machine(), FakeRuntime(checkpoints=2)
        config = PoolConfig(max_size=2, idle_memory_mib=40)
        async with open_pools(machine, config, processors=1) as pools:
            async with anyio.create_task_group() as tasks:
                for number in range(12):
                    pool = pool_of(pools, runtime, 1 + number % 3)
                    if number % 2:
                        tasks.start_soon(cancel_after, points + number, pool)
                    else:
                        tasks.start_soon(lease_once, pool)
                for _ in range(points):
                    machine.clock.now += 5
                    pools.turn()
                    await checkpoint()

            for number in range(1, 4):
                await assert_sound(pool_of(pools, runtime, number))

        assert runtime.live == 0


async def test_pool_closed_at_any_point_destroys_everything() -> None:
    for points in POINTS:
        runtime = FakeRuntime(checkpoints=3)
        async with anyio.create_task_group() as callers:
            async with open_pool(runtime, warm=1, max_size=2) as pool:
                for _ in range(4):
                    callers.start_soon(_use_until_closed, pool)
                for _ in range(points):
                    await checkpoint()

        assert runtime.live == 0
        assert pool.stats().live == 0
        assert accounted(pool.stats())


async def test_sandbox_granted_to_a_cancelled_waiter_goes_to_the_next() -> None:
    runtime = CancellingRuntime()
    async with open_pool(runtime, warm=1, max_size=1) as pool, anyio.create_task_group() as tasks:
        await lease_once(pool)
        runtime.start_gate = anyio.Event()
        await settle()
        scope = anyio.CancelScope()
        runtime.at_start = scope.cancel
        tasks.start_soon(lease_in, scope, pool)
        await settle()
        tasks.start_soon(lease_once, pool)
        await settle()
        assert pool.stats().waiting == 2

        runtime.start_gate.set()
        await settle()

        assert pool.stats().warm == 1
        assert pool.stats().cold == 1


async def _use_until_closed(pool: Pool) -> None:
    try:
        await use(pool)
    except Exception:  # the error depends on the point; that there is no sandbox left does not
        return
