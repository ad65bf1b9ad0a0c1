"""Keeping sandboxes ready: in the background, out of the way, backing off on failure."""

import math

import anyio
import pytest

from engine import Departure, PoolClosedError, SandboxStartError, Template
from engine.testing import FakeRuntime, FakeSandbox

from ._pools import accounted, hold, lease_once, open_pool, settle


async def test_second_lease_is_warm() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1) as pool:
        assert not await lease_once(pool)
        await settle()

        assert await lease_once(pool)
        assert (pool.stats().cold, pool.stats().warm) == (1, 1)


async def test_as_many_as_warm_are_kept_ready() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=3, max_size=5) as pool:
        await lease_once(pool)
        await settle()

        assert pool.stats().idle == 3


async def test_refill_stops_at_max_size() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=5, max_size=2) as pool:
        await lease_once(pool)
        await settle()

        assert pool.stats().idle == 2


async def test_nothing_happens_in_the_background_without_warm() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=0, refill_delay_seconds=0) as pool:
        await lease_once(pool)
        await lease_once(pool)
        await settle()

        assert pool.stats().started == 2
        assert pool.stats().live == 0


async def test_nothing_is_started_before_the_first_lease() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1):
        await settle()

        assert not runtime.sandboxes


async def test_refill_waits_for_the_lease_to_end() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1, refill_delay_seconds=math.inf) as pool:
        async with pool.acquire():
            await settle()
            assert pool.stats().idle == 0

        await settle()
        assert pool.stats().idle == 1


class SignallingRuntime(FakeRuntime):
    """Says when it has started a second sandbox."""

    def __init__(self) -> None:
        super().__init__()
        self.second = anyio.Event()

    async def start(self, template: Template) -> FakeSandbox:
        sandbox = await super().start(template)
        if len(self.sandboxes) == 2:
            self.second.set()
        return sandbox


async def test_refill_does_not_wait_for_a_long_lease() -> None:
    runtime = SignallingRuntime()
    async with open_pool(runtime, warm=1, refill_delay_seconds=0.001) as pool, pool.acquire():
        await runtime.second.wait()
        await settle()

        assert pool.stats().idle == 1


async def test_refill_starts_one_at_a_time() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=3, max_size=4) as pool:
        await lease_once(pool)
        runtime.start_gate = anyio.Event()
        await settle()

        assert pool.stats().starting == 1
        runtime.start_gate.set()


async def test_nothing_is_refilled_while_callers_wait() -> None:
    runtime = FakeRuntime()
    release = anyio.Event()
    async with open_pool(runtime, warm=1, max_size=1) as pool, anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(hold, pool, release)
        await settle()
        release.set()
        await settle()

        assert pool.stats().cold == 3
        assert pool.stats().idle == 1


async def test_caller_that_waits_gets_the_refilled_sandbox() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1, max_size=1) as pool, anyio.create_task_group() as tasks:
        await lease_once(pool)
        runtime.start_gate = anyio.Event()
        await settle()
        tasks.start_soon(lease_once, pool)
        await settle()

        runtime.start_gate.set()
        await settle()

        assert pool.stats().warm == 1


async def test_failed_refill_is_counted_and_nobodys_error(caplog: pytest.LogCaptureFixture) -> None:
    runtime = FakeRuntime()
    runtime.start_errors.extend([None, SandboxStartError("out of memory")])
    async with open_pool(runtime, warm=1) as pool:
        await lease_once(pool)
        await settle()

        stats = pool.stats()
        assert stats.refill_failures == 1
        assert stats.refill_error == "SandboxStartError: out of memory"
        assert stats.left[Departure.START_FAILED] == 1
        assert accounted(stats)
        assert "out of memory" in caplog.text


async def test_failed_refill_gives_its_slot_to_a_waiter() -> None:
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

        assert pool.stats().cold == 2


async def test_successful_cold_start_ends_the_back_off() -> None:
    runtime = FakeRuntime()
    runtime.start_errors.extend([None, SandboxStartError("once"), None])
    async with open_pool(runtime, warm=1) as pool:
        await lease_once(pool)
        await settle()
        assert pool.stats().refill_failures == 1

        await lease_once(pool)
        await settle()

        assert pool.stats().idle == 1


async def test_closing_ends_a_refill_in_progress() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1) as pool:
        await lease_once(pool)
        runtime.start_gate = anyio.Event()
        await settle()
        assert pool.stats().starting == 1

        await pool.aclose()

        assert pool.stats().live == 0
        assert pool.stats().left[Departure.CANCELLED] == 1
        assert pool.stats().refill_failures == 0


async def test_closed_pool_is_not_refilled() -> None:
    runtime = FakeRuntime()
    async with open_pool(runtime, warm=1) as pool:
        async with pool.acquire():
            await pool.aclose()
        await settle()

        assert runtime.live == 0
        with pytest.raises(PoolClosedError):
            await lease_once(pool)
