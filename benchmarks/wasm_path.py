"""What the WASM tier costs: a C program that was built before, and from source; and how fast it computes.

    uv run --with ziglang==0.17.1 python -m benchmarks.wasm_path [RUNS]

Everything is a ratio to the same work in unsandboxed processes, started in turns with the runs: a bare Python
as in the other benchmarks, `zig cc` of the same source, and the same source built for this machine.
"""

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import anyio

from benchmarks._measure import (
    Row,
    floor_command,
    floor_seconds,
    machine,
    median,
    percentile,
    print_table,
)
from engine import Engine, EngineConfig, File, Program, Result, Session, load_config

_WARM_UP = 3
_SETTLE_SECONDS = 0.02
_RUNS_IN_A_ROW = 20
_KERNELS = Path(__file__).parent / "kernels"
_HELLO = '#include <stdio.h>\nint main(void) { printf("%d\\n", 1 + 1); }\n'
_number = itertools.count()


def config(warm: int) -> EngineConfig:
    """Return the machine's own configuration with another pool."""
    return load_config(overrides={"pool": {"warm": warm, "max-warm": warm, "max-size": 8}})


def fresh_hello() -> str:
    """Return a source that nobody has compiled yet."""
    return f"{_HELLO}// {time.time_ns()} {next(_number)}\n"


async def until_idle(engine: Engine) -> None:
    """Wait until a sandbox waits."""
    while sum(pool.idle for pool in engine.stats().pools) < 1:
        await anyio.sleep(0.005)


async def timed_runs(
    make: Callable[[], str], warm: int, runs: int, reference: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Take turns between a reference and a program; return the seconds of both."""
    references: list[float] = []
    walls: list[float] = []
    async with Engine(config(warm)) as engine:
        await engine.run(Program(code=make(), language="c"))
        for turn in range(_WARM_UP + runs):
            bare = reference()
            await anyio.sleep(_SETTLE_SECONDS)
            if warm:
                await until_idle(engine)
            program = Program(code=make(), language="c")
            begin = time.perf_counter()
            result = await engine.run(program)
            seconds = time.perf_counter() - begin
            if result.stdout != "2\n":
                raise SystemExit(f"not what was asked for: {result}")
            if turn >= _WARM_UP:
                references.append(bare)
                walls.append(seconds)
    return references, walls


class Turns(NamedTuple):
    """Seconds of the floor, of programs of a session after a pause, and of those that came right after."""

    floors: list[float]
    paused: list[float]
    following: list[float]


async def session_runs(runs: int) -> Turns:
    """Take turns between the floor and some runs of a program in a session."""
    turns = Turns([], [], [])
    program = Program(code=_HELLO, language="c")
    async with Engine(config(1)) as engine, engine.session() as session:
        for turn in range(_WARM_UP + runs):
            bare = floor_seconds(floor_command())
            await anyio.sleep(_SETTLE_SECONDS)
            first, *others = [await session_seconds(session, program) for _ in range(_RUNS_IN_A_ROW)]
            if turn >= _WARM_UP:
                turns.floors.append(bare)
                turns.paused.append(first)
                turns.following.extend(others)
    return turns


async def session_seconds(session: Session, program: Program) -> float:
    """Run a program in a session, and return how long that took."""
    begin = time.perf_counter()
    result = await session.run(program)
    seconds = time.perf_counter() - begin
    if result.stdout != "2\n":
        raise SystemExit(f"not what was asked for: {result}")
    return seconds


def zig() -> list[str]:
    """Return the command of the whole Zig, which the tier's own compiler is a part of."""
    if find_spec("ziglang") is None:
        raise SystemExit("this needs Zig: uv run --with ziglang==0.17.1 python -m benchmarks.wasm_path")
    return [sys.executable, "-m", "ziglang"]


def zig_binary() -> str:
    """Return the binary itself, so that no Python is started for it."""
    found = find_spec("ziglang")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "zig")


def build_seconds(folder: str) -> float:
    """Compile a source that is new with bare `zig cc`, and return how long that took."""
    source = Path(folder, "hello.c")
    source.write_text(fresh_hello(), encoding="utf-8")
    command = [zig_binary(), "cc", "-target", "wasm32-wasi", "-O2", str(source), "-o", f"{folder}/hello.wasm"]
    begin = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - begin


async def kernel_ratio(name: str, rounds: int, folder: str) -> float:
    """Return what a kernel takes in the tier, to the same source built for this machine."""
    source = _KERNELS / f"{name}.c"
    native = f"{folder}/{name}"
    command = [zig_binary(), "cc", "-O2", "-mcpu=baseline", str(source), "-o", native]
    await anyio.run_process(command)
    files = (File(name="slices.h", path=str(_KERNELS / "slices.h")),)
    program = Program(code=source.read_bytes(), language="c", files=files)
    ratios = []
    async with Engine(config(0)) as engine:
        for _ in range(rounds):
            bare = await anyio.run_process([native])
            result: Result = await engine.run(program)
            ratios.append(int(result.stdout) / int(bare.stdout))
    return median(ratios)


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    zig()
    few = max(5, runs // 5)
    floor = floor_command()
    bares, waiting = anyio.run(timed_runs, lambda: _HELLO, 1, runs, lambda: floor_seconds(floor))
    floors, demand = anyio.run(timed_runs, lambda: _HELLO, 0, few, lambda: floor_seconds(floor))
    turns = anyio.run(session_runs, runs)
    with tempfile.TemporaryDirectory() as folder:
        build_seconds(folder)  # the first one builds the C library
        builds, sources = anyio.run(timed_runs, fresh_hello, 1, few, lambda: build_seconds(folder))
        kernels = {name: anyio.run(kernel_ratio, name, few, folder) for name in _names()}
    print(
        f"{machine()}\nbare Python p50 {median(bares) * 1000:.1f} ms, {runs} runs; "
        f"bare `zig cc` p50 {median(builds) * 1000:.0f} ms, {few} runs\n"
    )
    session_floor = median(turns.floors)
    rows = [
        Row("built C program, waiting sandbox, p50", median(waiting) / median(bares), "x", 0.5, 0.2),
        Row("the same, p95", percentile(waiting, 95) / median(bares), "x", 1.0, 0.4),
        Row("built C program, sandbox on demand, p50", median(demand) / median(floors), "x", 1.2, 0.6),
        Row("built C program in a session, p50", median(turns.following) / session_floor, "x", 0.1, 0.03),
        Row("the same after a pause of 20 ms, p50", median(turns.paused) / session_floor, "x", 0.2, 0.06),
        Row("hello.c from source, bare `zig cc` is 1", median(sources) / median(builds), "x", 1.3, 1.1),
        *(Row(f"{name}, built natively is 1", ratio, "x", 1.6, 1.25) for name, ratio in kernels.items()),
    ]
    print_table(rows)


def _names() -> list[str]:
    return sorted(path.stem for path in _KERNELS.glob("*.c"))


if __name__ == "__main__":
    main()
