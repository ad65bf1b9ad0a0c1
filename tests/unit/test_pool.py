"""Leases: one sandbox per block, never more than the size, first come first served."""

import anyio
import pytest

from engine import (
    Departure,
    PoolClosedError,
    PoolFullError,
    PoolTimeoutError,
    SandboxStartError,
)
from engine.testing import FakeRuntime

from ._pools import accounted, hold, lease_once, open_pool, settle


async def test_sandbox_is_destroyed_when_lease_ends() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime) as pool:
        async with pool.acquire() as lease:
            assert lease.sandbox.is_alive()
            assert not lease.warm

        assert runtime.live == 0
        assert pool.stats().left[Departure.USED] == 1
        assert pool.stats().live == 0


async def test_sandbox_is_never_leased_twice() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1) as pool:
        seen = []
        for _ in range(5):
            async with pool.acquire() as lease:
                seen.append(lease.sandbox)
            await settle()

        assert len(set(seen)) == 5


async def test_failing_block_destroys_sandbox_and_is_counted() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime) as pool:
        with pytest.raises(KeyError):
            async with pool.acquire():
                raise KeyError

        assert runtime.live == 0
        assert pool.stats().left[Departure.FAILED] == 1


async def test_cancelled_block_destroys_sandbox_and_is_counted() -> None:
    runtime = FakeRuntime(checkpoints=3)
    async with open_pool(runtime) as pool:
        with anyio.CancelScope() as scope:
            async with pool.acquire():
                scope.cancel()
                await anyio.sleep_forever()

        assert runtime.live == 0
        assert pool.stats().left[Departure.CANCELLED] == 1


async def test_no_more_than_max_size_live() -> None:
    runtime = FakeRuntime(checkpoints=2)
    most = 0

    async def use() -> None:
        nonlocal most
        async with pool.acquire():
            most = max(most, pool.stats().live, runtime.live)
            await anyio.lowlevel.checkpoint()

    async with open_pool(runtime, warm=2, max_size=3, max_waiting=50) as pool:
        async with anyio.create_task_group() as tasks:
            for _ in range(30):
                tasks.start_soon(use)

    assert most == 3
    assert runtime.live == 0


async def test_as_many_as_max_size_are_leased_at_once() -> None:
    runtime = FakeRuntime()
    release = anyio.Event()
    async with open_pool(runtime, max_size=3) as pool, anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(hold, pool, release)
        await settle()

        assert pool.stats().leased == 3
        assert pool.stats().waiting == 1
        release.set()


async def test_waiter_gets_slot_when_lease_ends() -> None:
    runtime = FakeRuntime()
    release = anyio.Event()
    async with open_pool(runtime, max_size=1) as pool, anyio.create_task_group() as tasks:
        tasks.start_soon(hold, pool, release)
        await settle()
        tasks.start_soon(hold, pool, release)
        await settle()
        assert pool.stats().waiting == 1

        release.set()
        await settle()

        assert pool.stats().waiting == 0
        assert pool.stats().left[Departure.USED] == 2


async def test_waiters_are_served_in_order() -> None:
    runtime = FakeRuntime()
    order: list[int] = []
    release = anyio.Event()

    async def use(number: int) -> None:
        async with pool.acquire():
            order.append(number)

    async with open_pool(runtime, max_size=1) as pool, anyio.create_task_group() as tasks:
        tasks.start_soon(hold, pool, release)
        await settle()
        for number in range(5):
            tasks.start_soon(use, number)
            await settle()
        release.set()

    assert order == [0, 1, 2, 3, 4]


async def test_newcomer_does_not_overtake_waiter() -> None:
    runtime = FakeRuntime()
    order: list[str] = []

    async def use(name: str) -> None:
        async with pool.acquire():
            order.append(name)

    async with open_pool(runtime, max_size=1) as pool, anyio.create_task_group() as tasks:
        async with pool.acquire():
            tasks.start_soon(use, "waiter")
            await settle()
        await use("newcomer")

    assert order == ["waiter", "newcomer"]


async def test_max_waiting_callers_wait_and_one_more_is_refused() -> None:
    runtime = FakeRuntime()
    release = anyio.Event()
    async with open_pool(runtime, max_size=1, max_waiting=2) as pool, anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(hold, pool, release)
        await settle()
        assert pool.stats().waiting == 2

        with pytest.raises(PoolFullError, match="2 callers already wait") as caught:
            await lease_once(pool)

        assert not caught.value.dispatched
        assert pool.stats().waiting == 2
        release.set()


async def test_nobody_may_wait_when_max_waiting_is_zero() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, max_size=1, max_waiting=0) as pool:
        async with pool.acquire():
            with pytest.raises(PoolFullError):
                await lease_once(pool)

        assert not await lease_once(pool)


async def test_waiter_gives_up_after_acquire_seconds() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, max_size=1, acquire_seconds=0.01) as pool:
        async with pool.acquire():
            with pytest.raises(PoolTimeoutError, match=r"within 0\.01 s"):
                await lease_once(pool)

            assert pool.stats().waiting == 0
        assert not await lease_once(pool)


async def test_slow_start_counts_against_acquire_seconds_and_leaves_nothing() -> None:
    runtime = FakeRuntime()
    runtime.start_gate = anyio.Event()
    async with open_pool(runtime, acquire_seconds=0.01) as pool:
        with pytest.raises(TimeoutError):
            await lease_once(pool)

        assert pool.stats().live == 0
        assert pool.stats().left[Departure.CANCELLED] == 1


async def test_start_failure_is_the_callers_error_and_frees_the_slot() -> None:
    runtime = FakeRuntime()
    runtime.start_errors.append(SandboxStartError("no namespaces"))
    async with open_pool(runtime, warm=1, max_size=1) as pool:
        with pytest.raises(SandboxStartError, match="no namespaces"):
            await lease_once(pool)

        assert pool.stats().left[Departure.START_FAILED] == 1
        assert pool.stats().live == 0
        assert not await lease_once(pool)


async def test_start_failure_of_one_caller_lets_the_next_start() -> None:
    runtime = FakeRuntime()
    runtime.start_gate = anyio.Event()
    runtime.start_errors.append(SandboxStartError("once"))
    warm: list[bool] = []

    async def fail() -> None:
        with pytest.raises(SandboxStartError):
            await lease_once(pool)

    async def succeed() -> None:
        warm.append(await lease_once(pool))

    async with open_pool(runtime, max_size=1) as pool, anyio.create_task_group() as tasks:
        tasks.start_soon(fail)
        await settle()
        tasks.start_soon(succeed)
        await settle()
        runtime.start_gate.set()

    assert warm == [False]


async def test_dead_idle_sandbox_is_thrown_away_at_hand_over() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1) as pool:
        await lease_once(pool)
        await settle()
        runtime.sandboxes[-1].die()

        assert not await lease_once(pool)

        await settle()
        assert pool.stats().left[Departure.DEAD] == 1
        assert accounted(pool.stats())


async def test_dead_idle_sandbox_holds_its_slot_until_it_is_closed() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1, max_size=1) as pool, anyio.create_task_group() as tasks:
        await lease_once(pool)
        await settle()
        dead = runtime.sandboxes[-1]
        dead.die()
        dead.close_gate = anyio.Event()

        tasks.start_soon(lease_once, pool)
        await settle()

        assert pool.stats().live == 1
        assert pool.stats().waiting == 1
        dead.close_gate.set()


async def test_sandbox_that_hangs_while_closing_is_given_up_after_close_seconds() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, max_size=1, close_seconds=0.01) as pool:
        async with pool.acquire():
            runtime.sandboxes[-1].close_gate = anyio.Event()

        assert pool.stats().left[Departure.UNCLEAN] == 1
        assert pool.stats().live == 0
        assert not await lease_once(pool)


async def test_sandbox_that_fails_to_close_does_not_fail_the_lease(caplog: pytest.LogCaptureFixture) -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, max_size=1) as pool:
        async with pool.acquire():
            runtime.sandboxes[-1].close_error = OSError("mount is busy")

        assert pool.stats().left[Departure.UNCLEAN] == 1
        assert "mount is busy" in caplog.text
        assert not await lease_once(pool)


async def test_closing_destroys_idle_and_leased_sandboxes() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1) as pool:
        await lease_once(pool)
        await settle()
        async with pool.acquire() as lease:
            await settle()

            await pool.aclose()

            assert not lease.sandbox.is_alive()
            assert runtime.live == 0
        assert pool.stats().left[Departure.CLOSED] == 1
        assert pool.stats().live == 0
        assert accounted(pool.stats())


async def test_closing_gives_waiters_an_error() -> None:
    runtime = FakeRuntime()
    errors: list[PoolClosedError] = []

    async def wait() -> None:
        with pytest.raises(PoolClosedError) as caught:
            await lease_once(pool)
        errors.append(caught.value)

    async with open_pool(runtime, max_size=1) as pool, anyio.create_task_group() as tasks:
        async with pool.acquire():
            tasks.start_soon(wait)
            await settle()
            await pool.aclose()

    assert [error.dispatched for error in errors] == [False]


async def test_closing_waits_for_a_start_in_progress_and_destroys_its_sandbox() -> None:
    runtime = FakeRuntime()
    runtime.start_gate = anyio.Event()
    closed = anyio.Event()

    async def wait() -> None:
        with pytest.raises(PoolClosedError):
            await lease_once(pool)

    async def close() -> None:
        await pool.aclose()
        closed.set()

    async with open_pool(runtime) as pool, anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await settle()
        tasks.start_soon(close)
        await settle()
        assert not closed.is_set()

        runtime.start_gate.set()
        await settle()

        assert closed.is_set()
        assert len(runtime.sandboxes) == 1
        assert runtime.live == 0
        assert pool.stats().left[Departure.CLOSED] == 1


async def test_closing_is_bounded_when_a_start_hangs() -> None:
    runtime = FakeRuntime()
    runtime.start_gate = anyio.Event()

    async def wait() -> None:
        with pytest.raises(PoolClosedError):
            await lease_once(pool)

    async with open_pool(runtime, close_seconds=0.01) as pool, anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await settle()

        await pool.aclose()

        assert pool.stats().starting == 1
        runtime.start_gate.set()


async def test_closed_pool_refuses_and_can_be_closed_again() -> None:
    async with open_pool(FakeRuntime()) as pool:
        await pool.aclose()
        await pool.aclose()

        with pytest.raises(PoolClosedError, match="`fake` is closed"):
            await lease_once(pool)


async def test_repr_shows_sandboxes_and_callers() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1) as pool:
        async with pool.acquire():
            assert repr(pool) == (
                "<Pool fake [Sandboxes: 0 idle, 1 leased, 0 starting | Callers: 0 waiting]>"
            )

        await pool.aclose()
        assert repr(pool) == "<Pool fake [Sandboxes: 0 idle, 0 leased, 0 starting | Callers: closed]>"
