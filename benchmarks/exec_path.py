"""What a fresh jail costs: `print(1+1)` through `engine.run`, started on demand and taken from the pool.

    uv run python -m benchmarks.exec_path [RUNS]

The floor is an unsandboxed `python3 -I -S -c 'print(1+1)'`, started in turns with the runs.
"""

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import anyio

from benchmarks._measure import (
    Row,
    cpu_seconds,
    floor_command,
    floor_seconds,
    machine,
    median,
    percentile,
    print_table,
)
from engine import Engine, EngineConfig, PoolConfig, Program, Result

_WARM_UP = 3
_PROGRAM = Program(code="print(1+1)")


class Samples(NamedTuple):
    """What was measured of each run, in seconds."""

    floors: list[float]
    walls: list[float]
    engine_cpu: list[float]
    warden_cpu: list[float]


async def measure(runs: int, *, warm: int) -> tuple[Samples, Result]:
    """Take turns between the floor and the engine; return the samples and the last result."""
    samples = Samples([], [], [], [])
    command = floor_command()
    async with Engine(EngineConfig(pool=PoolConfig(warm=warm, max_warm=warm, fork=False))) as engine:
        for _ in range(_WARM_UP):
            await engine.run(_PROGRAM)
        warden = _only_child()
        for _ in range(runs):
            samples.floors.append(floor_seconds(command))
            await _until_ready(engine, warm)
            result = await _one_run(engine, warden, samples)
    return samples, result


async def _one_run(engine: Engine, warden: int, samples: Samples) -> Result:
    engine_cpu, warden_cpu = time.process_time(), cpu_seconds(warden)
    begin = time.perf_counter()
    result = await engine.run(_PROGRAM)
    samples.walls.append(time.perf_counter() - begin)
    samples.engine_cpu.append(time.process_time() - engine_cpu)
    samples.warden_cpu.append(cpu_seconds(warden) - warden_cpu)
    if result.stdout != "2\n":
        raise SystemExit(f"wrong result: {result}")
    return result


async def _until_ready(engine: Engine, warm: int) -> None:
    while sum(pool.idle for pool in engine.stats().pools) < warm:
        await anyio.sleep(0.005)


def _only_child() -> int:
    """Return the warden: the only process that a quiet engine has."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    (child,) = map(int, children)
    return child


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    cold, cold_result = anyio.run(partial(measure, runs, warm=0))
    warm, warm_result = anyio.run(partial(measure, runs, warm=1))
    floor = median(cold.floors + warm.floors)
    print(f"{machine()}\nfloor p50 {floor * 1000:.2f} ms, {runs} runs each\n")
    print_table(
        [
            Row("exec path, print(1+1), fresh sandbox, p50", median(cold.walls) / floor, "x", 4, 2.5),
            Row("the same, p95", percentile(cold.walls, 95) / floor, "x", 8, 5),
            Row("the same from a waiting sandbox, p50", median(warm.walls) / floor, "x", 2, 0.5),
            Row("cpu of the engine's process per fresh run, p50", median(cold.engine_cpu) * 1000, "ms", 3, 1),
            Row("cpu of the warden per fresh run, p50", median(cold.warden_cpu) * 1000, "ms", 4, 1),
        ]
    )
    for result in (cold_result, warm_result):
        timing = result.timing
        print(
            f"\none {result.isolation.path} run: started {timing.started:.1f} ms, ran {timing.ran:.1f} ms, "
            f"collected {timing.collected:.1f} ms, total {timing.total:.1f} ms"
        )


if __name__ == "__main__":
    main()
