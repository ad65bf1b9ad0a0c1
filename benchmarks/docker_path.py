"""What a program in a container costs: waiting and on demand, against `docker run --rm` of the same image.

    uv run python -m benchmarks.docker_path [RUNS]

Both take turns. The reference is what a user types without isorun: no limits, no network, the same program.
"""

import subprocess
import sys
import time

import anyio

from benchmarks._measure import Row, machine, median, percentile, print_table
from engine import Engine, EngineConfig, Program, load_config
from policies import Isolation, Policy
from runtimes.docker._catalog import reference
from runtimes.docker._endpoint import find_socket

_WARM_UP = 3
_CLIENTS = 4
#: The daemon goes on clearing up after a container for a moment.
_SETTLE_SECONDS = 0.15
_PROGRAM = Program(code="print(1+1)")
_POLICY = Policy(isolation=Isolation(require=("docker",)))


def config(warm: int) -> EngineConfig:
    """Return the machine's own configuration with another pool."""
    return load_config(overrides={"pool": {"warm": warm, "max-warm": warm, "max-size": 2 * _CLIENTS}})


def docker_run() -> float:
    """Run the program by the command line of Docker; return the seconds."""
    command = ["docker", "--host", f"unix://{find_socket()}", "run", "--rm", "--network", "none"]
    begin = time.perf_counter()
    done = subprocess.run(
        [*command, reference("python"), "python3", "-c", "print(1+1)"], capture_output=True, check=True
    )
    seconds = time.perf_counter() - begin
    if done.stdout != b"2\n":
        raise SystemExit(f"not what was asked for: {done.stdout!r}")
    return seconds


async def until_idle(engine: Engine, count: int) -> None:
    """Wait until as many containers wait."""
    while sum(pool.idle for pool in engine.stats().pools) < count:
        await anyio.sleep(0.005)


async def timed_run(engine: Engine, path: str) -> float:
    """Return the seconds of a run."""
    begin = time.perf_counter()
    result = await engine.run(_PROGRAM, _POLICY)
    seconds = time.perf_counter() - begin
    if result.stdout != "2\n" or result.isolation.path != path:
        raise SystemExit(f"not a {path} run: {result}")
    return seconds


async def in_turns(runs: int, warm: int) -> tuple[list[float], list[float]]:
    """Take turns between `docker run` and a container of ours; return the seconds of both."""
    references: list[float] = []
    walls: list[float] = []
    async with Engine(config(warm)) as engine:
        await engine.run(_PROGRAM, _POLICY)
        for turn in range(_WARM_UP + runs):
            bare = docker_run()
            await until_idle(engine, warm)
            await anyio.sleep(_SETTLE_SECONDS)
            seconds = await timed_run(engine, "warm" if warm else "cold")
            if turn >= _WARM_UP:
                references.append(bare)
                walls.append(seconds)
    return references, walls


async def throughput_seconds(runs: int) -> float:
    """Return the seconds per run of as many clients side by side, each run in a fresh container."""
    async with Engine(config(_CLIENTS)) as engine:
        await engine.run(_PROGRAM, _POLICY)
        await until_idle(engine, _CLIENTS)
        begin = time.perf_counter()
        await engine.run_many([_PROGRAM] * runs, _POLICY, max_concurrent=_CLIENTS)
        return (time.perf_counter() - begin) / runs


async def main(runs: int) -> None:
    """Measure everything and print the table."""
    print(machine())
    references, waiting = await in_turns(runs, 1)
    cold_references, cold = await in_turns(max(runs // 2, 5), 0)
    together = await throughput_seconds(runs)
    floor = median(references)
    ours = median(waiting)
    print(f"`docker run --rm`: p50 {floor * 1000:.0f} ms; waiting container: p50 {ours * 1000:.0f} ms")
    print_table(
        [
            Row("waiting container, p50", ours / floor, "x run", 0.25, 0.12),
            Row("waiting container, p95", percentile(waiting, 95) / floor, "x run", 0.5, 0.25),
            Row("container on demand, p50", median(cold) / median(cold_references), "x run", 1.0, 0.7),
            Row(
                "seconds per run of 4 clients, fresh containers", together / floor, "x run", 1 / 1.5, 1 / 2.5
            ),
        ]
    )


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else 40)
