"""What a fresh jail costs: `print(1+1)` through `engine.run`, no sandbox kept ready.

    uv run python benchmarks/exec_path.py [RUNS]

The floor is an unsandboxed `python3 -I -S -c 'print(1+1)'`, started in turns with the runs.
"""

import os
import sys
import time
from pathlib import Path

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


async def measure(runs: int) -> tuple[list[Row], Result]:
    """Take turns between floor and engine; return the table and the last result."""
    floors, walls, own_cpu, warden_cpu = [], [], [], []
    command = floor_command()
    async with Engine(EngineConfig(pool=PoolConfig(warm=0))) as engine:
        for _ in range(_WARM_UP):
            result = await engine.run(_PROGRAM)
        warden = _only_child()
        for _ in range(runs):
            floors.append(floor_seconds(command))
            cpu, cpu_of_warden = time.process_time(), cpu_seconds(warden)
            begin = time.perf_counter()
            result = await engine.run(_PROGRAM)
            walls.append(time.perf_counter() - begin)
            own_cpu.append(time.process_time() - cpu)
            warden_cpu.append(cpu_seconds(warden) - cpu_of_warden)
            if result.stdout != "2\n":
                raise SystemExit(f"wrong result: {result}")
    floor = median(floors)
    print(f"{machine()}\nfloor p50 {floor * 1000:.2f} ms, {runs} runs\n")
    rows = [
        Row("exec path, print(1+1), fresh sandbox, p50", median(walls) / floor, "x", 4, 2.5),
        Row("the same, p95", percentile(walls, 95) / floor, "x", 8, 5),
        Row("host cpu of the engine's process, p50", median(own_cpu) * 1000, "ms", 3, 1),
        Row("host cpu of the warden, p50", median(warden_cpu) * 1000, "ms", 3, 1),
    ]
    return rows, result


def _only_child() -> int:
    """Return the warden: the only process that a quiet engine has."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    (child,) = map(int, children)
    return child


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    rows, result = anyio.run(measure, runs)
    print_table(rows)
    timing = result.timing
    print(
        f"\none run: started {timing.started:.1f} ms, ran {timing.ran:.1f} ms, "
        f"collected {timing.collected:.1f} ms, total {timing.total:.1f} ms (path {result.isolation.path})"
    )


if __name__ == "__main__":
    main()
