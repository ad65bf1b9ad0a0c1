"""What a forked sandbox costs: waiting, on demand, with pandas, many at once, in memory and in cpu time.

    uv run python -m benchmarks.fork_path [RUNS]

The floor is an unsandboxed `python3 -I -S -c 'print(1+1)'`, started in turns with the runs. What else is
compared is the same work in an unsandboxed interpreter of the same version, in turns as well.
"""

import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from benchmarks._measure import (
    Row,
    floor_command,
    floor_seconds,
    machine,
    median,
    percentile,
    print_table,
    processes_below,
    proportional_mib,
)
from engine import Engine, EngineConfig, Program, load_config
from policies import Mount, Policy
from runtimes.environments import load_environment

_WARM_UP = 5
_CLIENTS = 8
_TURNS = 5
_THROUGHPUT_SECONDS = 4.0
_WAITING = 8
_RUNS_PER_ZYGOTE = 4
_PRINT = Program(code="print(1+1)")
_PANDAS = 'import pandas as pd; print(pd.DataFrame({"a":[1,2]}).a.sum())'
#: Says itself how long its work took, in slices that are shorter than the disturbances of a shared machine:
#: the shortest is what the processor takes. Where the numbers happen to lie in memory is worth up to a fifth
#: (an import of pandas costs that, unsandboxed), so each slice has them elsewhere.
_CPU = """
import time

def work():
    begin = time.perf_counter()
    total = 0
    for number in range(10_000):
        total += number * number % 7
    return time.perf_counter() - begin

def deeper(depth):
    return deeper(depth - 1) if depth else work()

kept, best = [], 1.0
for turn in range(240):
    kept.append([float(number) for number in range(turn % 8 + 1)])
    kept.append([1000 + number for number in range(turn % 8 + 1)])
    best = min(best, deeper(turn % 13))
print(best)
"""


def config(warm: int, max_size: int = 8) -> EngineConfig:
    """Return the machine's own configuration with another pool."""
    return load_config(
        overrides={"pool": {"warm": warm, "max-warm": warm, "max-size": max_size, "fork": True}}
    )


async def timed_runs(
    program: Program, warm: int, runs: int, reference: Callable[[], float], policy: Policy | None = None
) -> tuple[list[float], list[float], str]:
    """Take turns between a reference and the engine; return seconds of both, and the path of the last run."""
    references: list[float] = []
    walls: list[float] = []
    async with Engine(config(warm)) as engine:
        for _ in range(_WARM_UP):
            await engine.run(program)
        for _ in range(runs):
            references.append(reference())
            await until_idle(engine, warm)
            begin = time.perf_counter()
            result = await engine.run(program, policy)
            walls.append(time.perf_counter() - begin)
            if not result.ok or result.isolation.fallback:
                raise SystemExit(f"not a forked run: {result}")
    return references, walls, result.isolation.path


async def until_idle(engine: Engine, count: int) -> None:
    """Wait until as many sandboxes wait."""
    while sum(pool.idle for pool in engine.stats().pools) < count:
        await anyio.sleep(0.005)


async def throughput() -> tuple[float, float]:
    """Return bare starts and fresh sandboxes per second, with as many clients, in turns."""
    bare: list[float] = []
    sandboxes: list[float] = []
    for _ in range(_TURNS):
        bare.append(bare_rate())
        sandboxes.append(await engine_rate())
    return sum(bare) / _TURNS, sum(sandboxes) / _TURNS


async def engine_rate() -> float:
    """Return runs per second of clients that never pause."""
    count = 0

    async def client(engine: Engine, end: float) -> None:
        nonlocal count
        while time.monotonic() < end:
            result = await engine.run(_PRINT)
            count += result.stdout == "2\n" and result.isolation.path in ("warm", "fork")

    async with Engine(config(_CLIENTS, 2 * _CLIENTS)) as engine:
        await engine.run(_PRINT)
        await until_idle(engine, 1)
        begin = time.monotonic()
        async with anyio.create_task_group() as tasks:
            for _ in range(_CLIENTS):
                tasks.start_soon(client, engine, begin + _THROUGHPUT_SECONDS)
        return count / (time.monotonic() - begin)


def bare_rate(starts: int = 400) -> float:
    """Return bare starts per second, as many at once."""
    lines = "\n" * starts
    command = ["xargs", "-P", str(_CLIENTS), "-d", "\n", "-I{}", *floor_command()]
    begin = time.monotonic()
    subprocess.run(command, input=lines.encode(), stdout=subprocess.DEVNULL, check=True)
    return starts / (time.monotonic() - begin)


async def memory_mib() -> float:
    """Return what each further waiting sandbox with pandas loaded adds to the memory in use, in MiB."""
    totals = []
    for warm in (1, 1 + _WAITING):
        async with Engine(config(warm, 1 + _WAITING)) as engine:
            await engine.run(Program(code=_PANDAS))
            await until_idle(engine, warm)
            totals.append(sum(map(proportional_mib, processes_below())))
    return (totals[1] - totals[0]) / _WAITING


async def cpu_ratio(rounds: int) -> float:
    """Return what a cpu-bound program takes in a sandbox, to the same in an unsandboxed interpreter.

    Where an interpreter's memory happens to lie is worth some percent, and children of one zygote have the
    same luck; so each round has another zygote. Where the page cache keeps its files is worth as much, for as
    long as it does; so both are the guest's copy.
    """
    command, env = guest_command(_CPU)
    inside: list[float] = []
    outside: list[float] = []
    for _ in range(rounds):
        async with Engine(config(1)) as engine:
            for _ in range(_RUNS_PER_ZYGOTE):
                done = await anyio.run_process(command, env=env)
                outside.append(float(done.stdout))
                inside.append(float((await engine.run(Program(code=_CPU))).stdout))
    return median([one / other for one, other in zip(inside, outside, strict=True)])


def guest_command(code: str) -> tuple[list[str], dict[str, str]]:
    """Return how the guest's own copy of the interpreter is started without a sandbox."""
    guest = load_environment(load_config().cache, "base")
    python = guest.root / guest.python.removeprefix("/")
    return [str(python), "-I", "-S", "-c", code], {"LD_LIBRARY_PATH": str(guest.root / "lib")}


def pandas_command() -> list[str]:
    """Return the unsandboxed interpreter with the same packages and the same program."""
    packages = load_environment(load_config().cache, "data").packages
    return [*floor_command()[:-2], "-c", f"import sys; sys.path.append({str(packages)!r}); {_PANDAS}"]


def run[T](function: Callable[..., Awaitable[T]], *arguments: object) -> T:
    """Run in an event loop of its own."""
    return anyio.run(partial(function, *arguments))


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    floor_run = partial(floor_seconds, floor_command())
    floors, warm, warm_path = run(timed_runs, _PRINT, 1, runs, floor_run)
    more_floors, fork, fork_path = run(timed_runs, _PRINT, 0, runs, floor_run)
    few = max(10, runs // 4)
    mounting = Policy(mounts=(Mount(source="/usr", target="/mnt/usr"),))
    floors_beside, mounted, _ = run(timed_runs, _PRINT, 1, few, floor_run, mounting)
    plain, pandas, _ = run(
        timed_runs, Program(code=_PANDAS), 1, few, partial(floor_seconds, pandas_command())
    )
    bare, sandboxes = run(throughput)
    floor = median(floors + more_floors)
    print(
        f"{machine()}\nfloor p50 {floor * 1000:.2f} ms, {runs} runs each ({warm_path}, {fork_path}), "
        f"pandas {median(pandas) * 1000:.1f} ms against {median(plain) * 1000:.0f} ms, "
        f"{sandboxes:.0f} sandboxes/s against {bare:.0f} bare starts/s\n"
    )
    print_table(
        [
            Row("waiting child, print(1+1), p50", median(warm) / floor, "x", 0.5, 0.2),
            Row("the same, p95", percentile(warm, 95) / floor, "x", 1.0, 0.4),
            Row(
                "the same with a host folder mounted, p50",
                median(mounted) / median(floors_beside),
                "x",
                1.0,
                0.4,
            ),
            Row("fork on demand, p50", median(fork) / floor, "x", 0.8, 0.4),
            Row("the same, p95", percentile(fork, 95) / floor, "x", 2.0, 1.0),
            Row(
                "pandas, python3 -c with the same work is 1",
                median(pandas) / median(plain),
                "x",
                1 / 40,
                1 / 100,
            ),
            Row("time per sandbox, 8 clients, a bare start is 1", bare / sandboxes, "x", 1 / 1.5, 1 / 3),
            Row("memory of a waiting child with pandas", run(memory_mib), "MiB", 8, 3),
            Row("cpu-bound program, native is 1", run(cpu_ratio, max(5, runs // 5)), "x", 1.02, 1.0),
        ]
    )


if __name__ == "__main__":
    main()
