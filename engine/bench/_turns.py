"""Series of runs in turns with the floor: what disturbs a machine disturbs both."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import anyio

from engine._engine import Engine
from engine._program import Output, Program, Result
from engine._runtime import Emit
from policies import Policy

from ._floor import MeasureError
from ._plan import LEAST_RUNS
from ._record import Measurement
from ._workbench import Workbench

_LOOK_SECONDS = 0.002
#: The slowest start that there is, a container on a busy machine, takes a tenth of it.
READY_SECONDS = 60.0


class Timed(NamedTuple):
    """One run: its result, and how long it and its first byte took from the request."""

    result: Result
    first_byte_ms: float | None
    result_ms: float


type RunOnce = Callable[[Emit], Awaitable[Result]]
"""Runs the program once; calls the function with its output."""


async def timed(once: RunOnce) -> Timed:
    """Run once and take the times."""
    first: list[float] = []

    def emit(output: Output) -> None:
        if not first:
            first.append(time.perf_counter())

    begin = time.perf_counter()
    result = await once(emit)
    end = time.perf_counter()
    return Timed(result, (first[0] - begin) * 1000.0 if first else None, (end - begin) * 1000.0)


def by_engine(engine: Engine, program: Program, policy: Policy) -> RunOnce:
    """Return a run in a sandbox of its own."""
    return lambda emit: engine.run(program, policy, emit=emit)


async def until_ready(engine: Engine, idle: int, *, seconds: float = READY_SECONDS) -> None:
    """Wait until as many sandboxes wait in the pool last used, and nothing is started or cleared up.

    Raises:
        MeasureError: It does not come to that.
    """
    with anyio.move_on_after(seconds):
        # A pool tells nobody outside of it; a look takes microseconds, and nothing is measured meanwhile.
        while not _is_ready(engine, idle):  # noqa: ASYNC110
            await anyio.sleep(_LOOK_SECONDS)
        return
    pools = engine.stats().pools
    error = pools[-1].refill_error if pools else ""
    message = f"no {idle} sandboxes were ready within {seconds:g} s"
    raise MeasureError(f"{message}: {error}" if error else message)


def _is_ready(engine: Engine, idle: int) -> bool:
    pools = engine.stats().pools
    if not pools:
        return idle == 0
    pool = pools[-1]  # the most recently used
    return pool.idle >= idle and not (pool.starting or pool.closing or pool.leased)


class Series(NamedTuple):
    """Values of runs that went the same way, those of the floor, and where the other runs went."""

    first_bytes: list[float]
    results: list[float]
    floors: list[float]
    strays: Counter[str]

    def measurements(self, contender: str, path: str, variant: str) -> list[Measurement]:
        """Return the figures of `startup`; none without values."""
        return [
            Measurement(
                bench="startup",
                contender=contender,
                path=path,
                variant=variant,
                measure=measure,
                unit="ms",
                values=tuple(values),
                floor=tuple(self.floors),
            )
            for measure, values in (("first byte", self.first_bytes), ("result", self.results))
            if values
        ]


async def in_turns(
    bench: Workbench,
    run: Callable[[], Awaitable[Timed]],
    settled: Callable[[], Awaitable[None]],
    *,
    path: str | None,
    runs: int,
) -> Series:
    """Take turns between the floor and a run.

    Args:
        bench: Whose plan says when it is enough.
        run: Runs once.
        settled: Waits until the next turn can be taken.
        path: How a run has to come to be counted; None counts all.
        runs: How many turns at most.
    """
    series = Series([], [], [], Counter())
    deadline = time.monotonic() + bench.plan.series_seconds
    for turn in range(runs):
        if turn >= LEAST_RUNS and time.monotonic() > deadline:
            break
        await settled()
        floor = await bench.floor.start_ms()
        await anyio.sleep(bench.plan.settle_seconds)
        await settled()
        done = await run()
        _count(series, done, floor, path)
    return series


def _count(series: Series, done: Timed, floor: float, path: str | None) -> None:
    came = done.result.isolation.path
    if path is not None and came != path:
        series.strays[came] += 1
        return
    series.floors.append(floor)
    series.results.append(done.result_ms)
    if done.first_byte_ms is not None:
        series.first_bytes.append(done.first_byte_ms)
