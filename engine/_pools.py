"""One pool per template, made when the first program needs it; together they keep within one budget."""

import time
from collections.abc import Callable
from functools import partial

from anyio import create_task_group, move_on_after
from anyio.abc import TaskGroup

from ._budget import Budget, Occupancy
from ._config import PoolConfig
from ._keeper import TURN_SECONDS, Keeper
from ._memory import MemoryMeter
from ._pool import Pool, Shared
from ._refill_gate import RefillGate
from ._runtime import Runtime, Template
from ._stats import PoolStats

# A pool keeps sandboxes ready, and every new combination of mounts, network or disk size makes a pool.
# Beyond this many, the one that was not used for longest is closed.
MAX_POOLS = 16
# Each pool gives up sooner.
CLOSE_SECONDS = 10.0
# What waits helps nobody yet: most of the memory is for what runs.
IDLE_SHARE = 8


class Pools:
    """The pools of one engine.

    Args:
        config: Sizes of each, and what all that wait may occupy.
        tasks: Where their background work runs.
        memory: Tells the memory of the machine; None asks the kernel.
        processors: How many programs can run at once; None asks the kernel how many we may use.
        clock: Monotonic seconds.
        turn_seconds: How often the waiting sandboxes are looked after.
    """

    def __init__(
        self,
        config: PoolConfig,
        *,
        tasks: TaskGroup,
        memory: MemoryMeter | None = None,
        processors: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        turn_seconds: float = TURN_SECONDS,
    ) -> None:
        self._config = config
        self._tasks = tasks
        self._clock = clock
        self._pools: dict[tuple[object, ...], Pool] = {}  # least recently used first
        self._keeper = Keeper(self.turn, tasks=tasks, interval_seconds=turn_seconds)
        self._budget = self._make_budget(memory)
        self._shared = Shared(self._budget, RefillGate(processors=processors), self._keeper.wake)

    def get(self, runtime: Runtime, template: Template) -> Pool:
        """Return the pool for a template; starts nothing and does not wait."""
        key = (template.runtime, *template.key)
        pool = self._pools.pop(key, None)
        if pool is None:
            self._retire_unused()
            pool = self._make_pool(runtime, template)
        self._pools[key] = pool
        return pool

    def turn(self) -> bool:
        """Look once after all sandboxes that wait; return whether there is reason to do so again.

        The dead leave and are replaced, what is too many leaves one by one, and what was put off is tried.
        """
        self._budget.relieve()
        for pool in self._pools.values():
            pool.tend()
        return any(pool.needs_tending for pool in self._pools.values())

    def stats(self) -> tuple[PoolStats, ...]:
        """Return the counters of each pool, the most recently used last."""
        return tuple(pool.stats() for pool in self._pools.values())

    async def aclose(self) -> None:
        """Close all pools at once: shielded, and bounded in time."""
        self._keeper.close()
        with move_on_after(CLOSE_SECONDS, shield=True):
            async with create_task_group() as tasks:
                for pool in self._pools.values():
                    tasks.start_soon(pool.aclose)

    def _make_pool(self, runtime: Runtime, template: Template) -> Pool:
        return Pool(
            partial(runtime.start, template),
            self._config,
            tasks=self._tasks,
            name=_name(template),
            occupies=Occupancy(template.waiting_mib, template.waiting_processes),
            shared=self._shared,
            clock=self._clock,
        )

    def _make_budget(self, memory: MemoryMeter | None) -> Budget:
        if self._config.warm == self._config.max_warm == 0:
            return Budget()  # nothing waits: the kernel need not be asked
        memory = memory or MemoryMeter(clock=self._clock)
        memory_mib = self._config.idle_memory_mib or memory.memory.total_mib / IDLE_SHARE
        most = Occupancy(memory_mib, self._config.idle_processes)
        return Budget(most, self._pools.values, is_under_pressure=lambda: memory.is_under_pressure)

    def _retire_unused(self) -> None:
        unused = (key for key, pool in self._pools.items() if not pool.in_use)
        key = next(unused, None)
        if key is not None and len(self._pools) >= MAX_POOLS:
            self._tasks.start_soon(self._pools.pop(key).aclose)


def _name(template: Template) -> str:
    return f"{template.runtime}/{template.environment}" if template.environment else template.runtime
