"""One pool per template, made when the first program needs it."""

import time
from functools import partial

from anyio import create_task_group, move_on_after
from anyio.abc import TaskGroup

from ._config import PoolConfig
from ._pool import Pool
from ._runtime import Runtime, Template
from ._stats import PoolStats

# A pool keeps sandboxes ready, and every new combination of mounts, network or disk size makes a pool.
# Beyond this many, the one that was not used for longest is closed.
MAX_POOLS = 16
# Each pool gives up sooner.
CLOSE_SECONDS = 10.0


class Pools:
    """The pools of one engine.

    Args:
        config: Sizes of each.
        tasks: Where their background work runs.
    """

    def __init__(self, config: PoolConfig, *, tasks: TaskGroup) -> None:
        self._config = config
        self._tasks = tasks
        self._pools: dict[tuple[object, ...], Pool] = {}  # least recently used first

    def get(self, runtime: Runtime, template: Template) -> Pool:
        """Return the pool for a template; starts nothing and does not wait."""
        key = (template.runtime, *template.key)
        pool = self._pools.pop(key, None)
        if pool is None:
            self._retire_unused()
            start = partial(runtime.start, template)
            pool = Pool(start, self._config, tasks=self._tasks, name=_name(template), clock=time.monotonic)
        self._pools[key] = pool
        return pool

    def stats(self) -> tuple[PoolStats, ...]:
        """Return the counters of each pool, the most recently used last."""
        return tuple(pool.stats() for pool in self._pools.values())

    async def aclose(self) -> None:
        """Close all pools at once: shielded, and bounded in time."""
        with move_on_after(CLOSE_SECONDS, shield=True):
            async with create_task_group() as tasks:
                for pool in self._pools.values():
                    tasks.start_soon(pool.aclose)

    def _retire_unused(self) -> None:
        unused = (key for key, pool in self._pools.items() if not pool.in_use)
        key = next(unused, None)
        if key is not None and len(self._pools) >= MAX_POOLS:
            self._tasks.start_soon(self._pools.pop(key).aclose)


def _name(template: Template) -> str:
    return f"{template.runtime}/{template.environment}" if template.environment else template.runtime
