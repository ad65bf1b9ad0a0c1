"""A pool over fake sandboxes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import anyio
from anyio.lowlevel import checkpoint

from engine import Pool, PoolConfig, PoolStats, Program
from engine.testing import FakeRuntime
from policies import Policy


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def open_pool(
    runtime: FakeRuntime,
    *,
    warm: int = 0,
    max_size: int = 2,
    max_waiting: int = 10,
    acquire_seconds: float = 60.0,
    refill_delay_seconds: float = 60.0,
    close_seconds: float = 60.0,
    clock: Clock | None = None,
) -> AsyncGenerator[Pool]:
    config = PoolConfig(
        warm=warm, max_size=max_size, max_waiting=max_waiting, acquire_seconds=acquire_seconds
    )
    template = runtime.template(Program(code="1"), Policy())
    async with anyio.create_task_group() as tasks:
        pool = Pool(
            partial(runtime.start, template),
            config,
            tasks=tasks,
            name="fake",
            clock=clock or Clock(),
            refill_delay_seconds=refill_delay_seconds,
            close_seconds=close_seconds,
        )
        async with pool:
            yield pool


async def lease_once(pool: Pool) -> bool:
    """Lease and return a sandbox; tell whether it was warm."""
    async with pool.acquire() as lease:
        return lease.warm


async def hold(pool: Pool, until: anyio.Event) -> None:
    async with pool.acquire():
        await until.wait()


def accounted(stats: PoolStats) -> bool:
    """Whether every sandbox that was started is either there or has left under one reason."""
    return stats.started == stats.live + sum(stats.left.values())


async def settle() -> None:
    """Let all other tasks run until they wait. Fakes never need as many turns as this."""
    for _ in range(50):
        await checkpoint()
