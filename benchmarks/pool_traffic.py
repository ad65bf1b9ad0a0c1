"""How well the adaptive pool size does on simulated traffic, against fixed sizes that use as much memory.

    uv run python -m benchmarks.pool_traffic [--trace NAME] [--start NAME] [--waits] [--plot FILE.svg]

Nothing is started: `benchmarks._traffic` says when callers come, `benchmarks._simulated_pool` how the pool
serves them, `engine._demand` how many sandboxes should wait. Seeded: every machine prints the same.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from benchmarks._simulated_pool import Fixed, Outcome, SimulatedPool, Sizing, at_memory
from benchmarks._traffic import SECONDS, TRACES
from engine._demand import Demand

SEED = 7
MOST = 8
#: Mean seconds of a start, by kind of sandbox.
STARTS = {"fork": 0.010, "container": 0.470, "exec+pandas": 0.600, "pyodide": 1.500}


class Comparison(NamedTuple):
    """All sizes on one trace with one kind of sandbox.

    Attributes:
        trace: Name of the trace.
        start: Name of the kind.
        fixed: Of the sizes 0 to `MOST`.
        adaptive: With `least` 0 and 1.
    """

    trace: str
    start: str
    fixed: list[Outcome]
    adaptive: list[Outcome]

    def gain(self, least: int) -> float:
        """Return how much more callers the adaptive size serves at once than fixed ones of its memory."""
        outcome = self.adaptive[least]
        return outcome.hit_rate - at_memory(self.fixed, outcome.mean_waiting)


def compare(trace: str, start: str, *, seed: int = SEED, seconds: float | None = None) -> Comparison:
    """Simulate every size on one trace."""
    seconds = seconds or SECONDS[trace]
    arrivals = TRACES[trace](Random(seed), seconds)

    def simulate(sizing: Sizing) -> Outcome:
        return SimulatedPool(sizing, STARTS[start], seed=seed).run(arrivals, seconds)

    fixed = [simulate(Fixed(size)) for size in range(MOST + 1)]
    adaptive = [simulate(Demand(least=least, most=MOST)) for least in (0, 1)]
    return Comparison(trace, start, fixed, adaptive)


def table(comparison: Comparison) -> Iterator[str]:
    """Yield the line of a comparison: hit rates of the fixed sizes, then of the two adaptive ones."""
    fixed = " ".join(f"{outcome.hit_rate:4.0%}" for outcome in comparison.fixed)
    line = f"{comparison.trace:<12} {comparison.start:<12} {fixed} "
    for least, outcome in enumerate(comparison.adaptive):
        gain = 100 * comparison.gain(least)
        line += f"  {outcome.mean_waiting:5.2f} {outcome.hit_rate:6.1%} {gain:+6.1f}"
    yield line


def waits(comparison: Comparison) -> Iterator[str]:
    """Yield a line for each size of a comparison, with how long callers waited."""
    names = [f"fixed {size}" for size in range(MOST + 1)] + ["adaptive from 0", "adaptive from 1"]
    for name, outcome in zip(names, [*comparison.fixed, *comparison.adaptive], strict=True):
        quantiles = " ".join(f"{1000 * outcome.wait(part):7.0f}" for part in (0.50, 0.95, 0.99))
        what = f"{comparison.trace:<12} {comparison.start:<12} {name:<16}"
        yield f"{what} {outcome.mean_waiting:7.2f} {outcome.hit_rate:7.1%} {quantiles}"


_HEADINGS = (
    f"{'':<25} hit rate of a fixed size of{'':<19}adaptive from 0        adaptive from 1\n"
    f"{'trace':<12} {'start':<12} {' '.join(f'{size:>4}' for size in range(MOST + 1))} "
    + "  kept    hits   gain"
    * 2
)
_WAIT_HEADINGS = f"{'trace':<12} {'start':<12} {'size':<16} {'kept':>7} {'hits':>7}  p50 ms  p95 ms  p99 ms"


def main() -> None:
    """Print the table, or draw the day."""
    parser = argparse.ArgumentParser(description="simulate how many sandboxes wait")
    parser.add_argument("--trace", choices=TRACES, help="only this one")
    parser.add_argument("--start", choices=STARTS, help="only this kind of sandbox")
    parser.add_argument(
        "--waits", action="store_true", help="each size in a line, with how long callers wait"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the simulated day instead")
    args = parser.parse_args()
    if args.plot is not None:
        # Needs a library that only this needs.
        from benchmarks._pool_day import draw_day

        draw_day(args.plot, STARTS[args.start or "exec+pandas"], seed=SEED, most=MOST)
        return
    print(_WAIT_HEADINGS if args.waits else _HEADINGS)
    for trace in [args.trace] if args.trace else TRACES:
        for start in [args.start] if args.start else STARTS:
            comparison = compare(trace, start)
            for line in waits(comparison) if args.waits else table(comparison):
                print(line, flush=True)


if __name__ == "__main__":
    main()
