"""Pools over fake sandboxes."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import override

import anyio
from anyio.lowlevel import checkpoint

from engine import Pool, PoolConfig, PoolStats, Program, Template
from engine._budget import Budget
from engine._demand import Demand
from engine._memory import Memory, MemoryMeter
from engine._pool import Shared
from engine._pools import Pools
from engine._refill_gate import RefillGate
from engine.testing import FakeRuntime, FakeSandbox
from policies import Policy


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class SetDemand(Demand):
    """Wants what it is told."""

    def __init__(self, size: int, worth: float = 1.0) -> None:
        super().__init__(least=0, most=0)
        self.size = size
        self.value = worth

    @override
    def target(self, now: float) -> int:
        return self.size

    @override
    def worth(self, now: float, *, kept: int = 1) -> float:
        return self.value


class Machine:
    """A machine whose memory and time are told."""

    def __init__(self, *, total_mib: float = 16384.0) -> None:
        self.clock = Clock()
        self.memory = Memory(total_mib, total_mib)
        self.reads = 0

    def read(self) -> Memory:
        self.reads += 1
        return self.memory

    def meter(self) -> MemoryMeter:
        return MemoryMeter(self.read, clock=self.clock)


@asynccontextmanager
async def open_pools(machine: Machine, config: PoolConfig, *, processors: int = 64) -> AsyncGenerator[Pools]:
    """Open pools whose keeper takes no turns by itself within the time of a test."""
    async with anyio.create_task_group() as tasks:
        pools = Pools(
            config,
            tasks=tasks,
            memory=machine.meter(),
            processors=processors,
            clock=machine.clock,
            turn_seconds=3600,
        )
        try:
            yield pools
        finally:
            await pools.aclose()


class CancellingRuntime(FakeRuntime):
    """Does something, such as cancelling a scope, at the moment when a start is done."""

    at_start: Callable[[], object] | None = None

    @override
    async def start(self, template: Template) -> FakeSandbox:
        sandbox = await super().start(template)
        if self.at_start is not None:
            self.at_start()
        return sandbox


async def lease_in(scope: anyio.CancelScope, pool: Pool) -> None:
    """Lease once within a scope that somebody cancels."""
    with scope:
        await lease_once(pool)


def pool_of(pools: Pools, runtime: FakeRuntime, number: int = 1) -> Pool:
    """Return a pool of its own for each number."""
    program = Program(code="1", environment=f"number-{number}")
    return pools.get(runtime, runtime.template(program, Policy()))


@asynccontextmanager
async def open_pool(
    runtime: FakeRuntime,
    *,
    warm: int = 0,
    max_warm: int | None = None,
    max_size: int = 2,
    max_waiting: int = 10,
    acquire_seconds: float = 60.0,
    refill_delay_seconds: float = 60.0,
    close_seconds: float = 60.0,
    clock: Clock | None = None,
    demand: Demand | None = None,
    shared: Shared | None = None,
) -> AsyncGenerator[Pool]:
    config = PoolConfig(
        warm=warm,
        max_warm=warm if max_warm is None else max_warm,
        max_size=max_size,
        max_waiting=max_waiting,
        acquire_seconds=acquire_seconds,
    )
    template = runtime.template(Program(code="1"), Policy())
    async with anyio.create_task_group() as tasks:
        pool = Pool(
            partial(runtime.start, template),
            config,
            tasks=tasks,
            name="fake",
            demand=demand,
            shared=shared or Shared(Budget(), RefillGate(processors=64), bool),
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


async def settle(turns: int = 50) -> None:
    """Let all other tasks run until they wait. Fakes never need as many turns as this."""
    for _ in range(turns):
        await checkpoint()
