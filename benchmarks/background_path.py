"""What the background engine and admission cost: a whole command, cpu per run, 200 requests at once.

    uv run python -m benchmarks.background_path [RUNS]

The floor of a command is a bare `python3 -c 'print(1)'`, in turns with it. That of many requests at once is
the ideal schedule: as many at a time as there are processors, in the order in which they came, each for as
long as it takes when no more than these run.
"""

import heapq
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import anyio

from benchmarks._measure import Row, machine, median, percentile, print_table
from engine import Engine, EngineConfig, Program, Result, load_config
from engine.bench._floor import base_python
from engine.testing import FakeRuntime

_WARM_UP = 5
_AT_ONCE = 200
_OVERHEAD_RUNS = 2000
_SERVICE_RUNS = 24
_PROGRAMS = (
    Program(code="print(1)"),
    Program(code="import numpy; print(numpy.arange(10).sum())"),
    Program(code="console.log(1)", language="javascript"),
    Program(code='#include <stdio.h>\nint main(void) { puts("1"); }', language="c"),
)


def bare_command() -> list[str]:
    """Return what a user would type without isorun."""
    return [base_python(), "-c", "print(1)"]


@contextmanager
def background_engine() -> Iterator[Mapping[str, str]]:
    """Start a background engine of our own; yield the environment in which commands find it."""
    isorun = str(Path(sys.executable).with_name("isorun"))
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o700)
        env = {**os.environ, "XDG_RUNTIME_DIR": folder, "XDG_STATE_HOME": folder}
        subprocess.run([isorun, "up"], env=env, check=True)
        try:
            yield env
        finally:
            subprocess.run([isorun, "down"], env=env, check=True)


def seconds_of(command: list[str], env: Mapping[str, str]) -> float:
    """Run a command to its end and return its wall seconds."""
    begin = time.perf_counter()
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    taken = time.perf_counter() - begin
    assert done.stdout == b"1\n", done.stdout
    return taken


def whole_command(runs: int) -> tuple[list[float], list[float]]:
    """Take turns between the floor and `isorun run`."""
    command = [str(Path(sys.executable).with_name("isorun")), "run", "-c", "print(1)"]
    floors, commands = [], []
    with background_engine() as env:
        for _ in range(_WARM_UP):
            seconds_of(command, env)
        for _ in range(runs):
            floors.append(seconds_of(bare_command(), env))
            commands.append(seconds_of(command, env))
    return floors, commands


async def overhead_ms() -> float:
    """Return the cpu milliseconds of one run whose sandbox does nothing."""
    config = EngineConfig(cache_dir=tempfile.gettempdir())
    async with Engine(config, runtimes=[FakeRuntime()]) as engine:
        await run_all(engine, 200)
        begin = time.process_time()
        await run_all(engine, _OVERHEAD_RUNS)
        return (time.process_time() - begin) * 1000 / _OVERHEAD_RUNS


async def run_all(engine: Engine, runs: int) -> None:
    """Run a program again and again."""
    for _ in range(runs):
        await engine.run(_PROGRAMS[0])


async def service_seconds(engine: Engine, program: Program, processors: int) -> float:
    """Return how long a processor is taken by one run, when all processors run nothing else."""
    await engine.run_many([program] * processors, max_concurrent=processors)
    begin = time.perf_counter()
    await engine.run_many([program] * _SERVICE_RUNS, max_concurrent=processors)
    return (time.perf_counter() - begin) * processors / _SERVICE_RUNS


def ideal_ends(services: list[float], processors: int) -> list[float]:
    """Return when each request would have its result if the processors took them in order."""
    free = [0.0] * processors
    ends = []
    for service in services:
        end = heapq.heappop(free) + service
        heapq.heappush(free, end)
        ends.append(end)
    return ends


async def all_at_once(engine: Engine, programs: list[Program]) -> tuple[list[float], list[Result]]:
    """Ask for all programs at once; return the seconds until each result, and the results."""
    ends: list[float] = []
    results: list[Result] = []
    begin = time.perf_counter()

    async def ask(program: Program) -> None:
        results.append(await engine.run(program))
        ends.append(time.perf_counter() - begin)

    async with anyio.create_task_group() as tasks:
        for program in programs:
            tasks.start_soon(ask, program)
    return ends, results


async def burst() -> tuple[float, int]:
    """Return the 99th percentile of waits against the ideal schedule, and how many requests were lost."""
    processors = len(os.sched_getaffinity(0))
    async with Engine(load_config()) as engine:
        services = {id(program): await service_seconds(engine, program, processors) for program in _PROGRAMS}
        programs = [_PROGRAMS[number % len(_PROGRAMS)] for number in range(_AT_ONCE)]
        ends, results = await all_at_once(engine, programs)
    for program in _PROGRAMS:
        print(f"{program.language:12} {services[id(program)] * 1000:6.1f} ms of a processor")
    ideal = ideal_ends([services[id(program)] for program in programs], processors)
    lost = _AT_ONCE - sum(result.ok for result in results)
    return percentile(ends, 99) / percentile(ideal, 99), lost


def main() -> None:
    """Measure with the arguments of the command line."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    print(machine())
    floors, commands = whole_command(runs)
    overhead = anyio.run(overhead_ms)
    waits, lost = anyio.run(burst)
    floor = median(floors)
    print(f"floor {floor * 1000:.1f} ms; `isorun run` p50 {median(commands) * 1000:.1f} ms")
    print_table(
        [
            Row("isorun run -c 'print(1)', p50", median(commands) / floor, "x", 2.5, 1.5),
            Row("isorun run -c 'print(1)', p95", percentile(commands, 95) / floor, "x", 3.5, 2.0),
            Row("cpu of the engine for a run whose sandbox does nothing", overhead, "ms", 1.5, 0.5),
            Row(f"{_AT_ONCE} requests at once, p99 to the result", waits, "ideal", 2.0, 1.3),
            Row(f"requests of {_AT_ONCE} that were lost", float(lost), "", 0.0, 0.0),
        ]
    )


if __name__ == "__main__":
    main()
