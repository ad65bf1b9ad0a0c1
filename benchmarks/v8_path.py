"""What the tiers on Deno cost: waiting, in memory and in cpu time, against bare Deno and a cold Pyodide.

    uv run python -m benchmarks.v8_path [RUNS]

Everything is a ratio to the same work in an unsandboxed process of the Deno that was installed, started in
turns with the runs.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
from deno import find_deno_bin  # type: ignore[import-untyped]

from benchmarks._measure import (
    Row,
    floor_seconds,
    machine,
    median,
    percentile,
    print_table,
    processes_below,
    proportional_mib,
)
from engine import Engine, EngineConfig, Program, load_config
from policies import Isolation, Policy
from runtimes.pyodide import find_pyodide

_WARM_UP = 3
_WAITING = 4
#: The kernel goes on clearing up after the reference for a moment.
_SETTLE_SECONDS = 0.02
_JAVASCRIPT = Program(code="console.log(1+1)", language="javascript")
_PYTHON = Program(code="print(1+1)")
_PYODIDE = Policy(isolation=Isolation(require=("pyodide",)))
#: Say themselves how long their work took, in slices shorter than the disturbances of a shared machine.
_SIEVE = """
function work() {
  const begin = performance.now();
  const sieve = new Uint8Array(2_000_000).fill(1);
  for (let n = 2; n * n < sieve.length; n++)
    if (sieve[n]) for (let m = n * n; m < sieve.length; m += n) sieve[m] = 0;
  return performance.now() - begin;
}
"""
_PRODUCT = """
function work() {
  const begin = performance.now();
  const n = 160, a = new Float64Array(n * n).fill(1.5), b = new Float64Array(n * n).fill(2.5);
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
    c[i * n + j] = sum;
  }
  return performance.now() - begin;
}
"""
_SHORTEST = """
let best = Infinity;
for (let turn = 0; turn < 40; turn++) best = Math.min(best, work());
console.log(best);
"""
#: Pyodide as its documentation starts it.
_COLD = """
const { loadPyodide } = await import(`file://${Deno.args[0]}/pyodide.mjs`);
const pyodide = await loadPyodide({ indexURL: `${Deno.args[0]}/` });
pyodide.runPython("print(1+1)");
"""


def config(warm: int) -> EngineConfig:
    """Return the machine's own configuration with another pool."""
    return load_config(overrides={"pool": {"warm": warm, "max-warm": warm, "max-size": 8}})


async def until_idle(engine: Engine, count: int) -> None:
    """Wait until as many sandboxes wait."""
    while sum(pool.idle for pool in engine.stats().pools) < count:
        await anyio.sleep(0.005)


async def timed_runs(
    program: Program, policy: Policy, runs: int, reference: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Take turns between a reference and a waiting sandbox; return the seconds of both."""
    references: list[float] = []
    walls: list[float] = []
    async with Engine(config(1)) as engine:
        for turn in range(_WARM_UP + runs):
            await (until_idle(engine, 1) if turn else engine.run(program, policy))
            bare = reference()
            await anyio.sleep(_SETTLE_SECONDS)
            await until_idle(engine, 1)
            begin = time.perf_counter()
            result = await engine.run(program, policy)
            seconds = time.perf_counter() - begin
            if turn >= _WARM_UP:
                if result.stdout != "2\n" or result.isolation.path != "warm":
                    raise SystemExit(f"not a warm run: {result}")
                references.append(bare)
                walls.append(seconds)
    return references, walls


async def start_seconds(program: Program, policy: Policy, runs: int) -> list[float]:
    """Return the seconds of runs whose sandbox is started on demand."""
    walls = []
    async with Engine(config(0)) as engine:
        for _ in range(_WARM_UP + runs):
            begin = time.perf_counter()
            await engine.run(program, policy)
            walls.append(time.perf_counter() - begin)
    return walls[_WARM_UP:]


async def memory_mib(program: Program, policy: Policy) -> tuple[float, float]:
    """Return what a further waiting sandbox adds to the memory in use: Deno's part of it, and all, in MiB."""
    deno: list[float] = []
    everything: list[float] = []
    for warm in (1, 1 + _WAITING):
        async with Engine(config(warm)) as engine:
            await engine.run(program, policy)
            await until_idle(engine, warm)
            sizes = {pid: proportional_mib(pid) for pid in processes_below()}
            everything.append(sum(sizes.values()))
            deno.append(sum(size for pid, size in sizes.items() if _is_deno(pid)))
    return (deno[1] - deno[0]) / _WAITING, (everything[1] - everything[0]) / _WAITING


def _written(folder: str, code: str) -> str:
    """Write a script and return its path."""
    path = Path(folder, f"{len(code)}.js")
    path.write_text(code, encoding="utf-8")
    return str(path)


def _is_deno(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").startswith("deno")


async def cpu_ratio(work: str, rounds: int, deno: Path) -> float:
    """Return what a cpu-bound program takes in a sandbox, to the same in bare Deno."""
    code = work + _SHORTEST
    inside: list[float] = []
    outside: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        file = _written(folder, code)
        async with Engine(config(1)) as engine:
            for _ in range(rounds):
                done = await anyio.run_process([str(deno), "run", file])
                outside.append(float(done.stdout))
                result = await engine.run(Program(code=code, language="javascript"))
                inside.append(float(result.stdout))
    return median([one / other for one, other in zip(inside, outside, strict=True)])


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    cache = load_config().cache
    deno = Path(find_deno_bin())
    few = max(5, runs // 5)
    with tempfile.TemporaryDirectory() as folder:
        bare = partial(floor_seconds, [str(deno), "run", _written(folder, str(_JAVASCRIPT.code))])
        bares, waiting = anyio.run(timed_runs, _JAVASCRIPT, Policy(), runs, bare)
        command = [str(deno), "run", "-A", _written(folder, _COLD), str(find_pyodide(cache).folder)]
        colds, pyodide = anyio.run(timed_runs, _PYTHON, _PYODIDE, few, partial(floor_seconds, command))
    snapshot = anyio.run(start_seconds, _PYTHON, _PYODIDE, few)
    javascript_mib, javascript_all = anyio.run(memory_mib, _JAVASCRIPT, Policy())
    pyodide_mib, pyodide_all = anyio.run(memory_mib, _PYTHON, _PYODIDE)
    print(
        f"{machine()}\nbare `deno run` p50 {median(bares) * 1000:.1f} ms, {runs} runs; "
        f"cold Pyodide {median(colds) * 1000:.0f} ms, {few} runs; "
        f"a waiting sandbox adds {javascript_all:.1f} and {pyodide_all:.1f} MiB with all of its processes\n"
    )
    print_table(
        [
            Row("waiting Deno, console.log(1+1), p50", median(waiting) / median(bares), "x", 0.25, 0.1),
            Row("the same, p95", percentile(waiting, 95) / median(bares), "x", 0.5, 0.2),
            Row("waiting Pyodide, print(1+1), p50", median(pyodide) / median(colds), "x", 1 / 50, 1 / 300),
            Row("Pyodide from snapshot, run on demand", median(snapshot) / median(colds), "x", 0.2, 0.1),
            Row("memory of a waiting Deno process", javascript_mib, "MiB", 30, 18),
            Row("memory of a waiting Pyodide process", pyodide_mib, "MiB", 200, 90),
            Row("sieve, bare Deno is 1", anyio.run(cpu_ratio, _SIEVE, few, deno), "x", 1.05, 1.02),
            Row("matrix product, bare Deno is 1", anyio.run(cpu_ratio, _PRODUCT, few, deno), "x", 1.05, 1.02),
        ]
    )


if __name__ == "__main__":
    main()
