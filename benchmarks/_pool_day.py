"""Draws the simulated day: what was asked for, what waited for it, and how often that was enough."""

import math
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from random import Random
from types import ModuleType
from typing import NamedTuple

from benchmarks._simulated_pool import Fixed, Moment, SimulatedPool, Sizing
from benchmarks._traffic import DAY, HOUR, diurnal
from engine._demand import Demand

#: Of one step of the picture; shorter ones make a large file and are thinner than a dot.
_STEP_SECONDS = 300
#: Over which the hit rate is taken.
_WINDOW_SECONDS = 3600
#: With fewer callers in a window there is no rate to speak of.
_FEW = 10
_STEPS = [index * _STEP_SECONDS / HOUR for index in range(int(DAY / _STEP_SECONDS) + 1)]
_WINDOWS = [index * _WINDOW_SECONDS / HOUR for index in range(int(DAY / _WINDOW_SECONDS) + 1)]
# Of Okabe and Ito: told apart by all eyes, and in grey.
_REQUESTS, _WAITING, _TARGET, _FIXED = "#6b7780", "#8ccbf0", "#0072b2", "#d55e00"
_STYLE = {
    "font.size": 13,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e6e8",
    "legend.frameon": False,
    "svg.hashsalt": "isorun",  # the same file each time
}


class _Day(NamedTuple):
    """One day of one pool, a moment a second."""

    moments: list[Moment]
    mean_waiting: float
    hit_rate: float

    def steps(self) -> Iterator[list[Moment]]:
        """Yield the moments of each step."""
        for begin in range(0, len(self.moments), _STEP_SECONDS):
            yield self.moments[begin : begin + _STEP_SECONDS]

    def requests_per_minute(self) -> list[float]:
        """Return how many callers came, by step."""
        ends = [0] + [moments[-1].arrivals for moments in self.steps()]
        return [(after - before) * 60 / _STEP_SECONDS for before, after in pairwise(ends)]

    def waiting(self) -> list[float]:
        """Return how many sandboxes waited on average, by step."""
        return [sum(moment.waiting for moment in moments) / len(moments) for moments in self.steps()]

    def targets(self) -> list[int]:
        """Return the highest target, by step."""
        return [max(moment.target for moment in moments) for moments in self.steps()]

    def hit_rates(self) -> list[float]:
        """Return the percentage that found a sandbox ready, by window; not a number where few came."""
        rates: list[float] = []
        arrivals = hits = 0
        for begin in range(0, len(self.moments), _WINDOW_SECONDS):
            end = self.moments[begin : begin + _WINDOW_SECONDS][-1]
            came, found = end.arrivals - arrivals, end.hits - hits
            rates.append(min(100.0, 100 * found / came) if came >= _FEW else math.nan)
            arrivals, hits = end.arrivals, end.hits
        return rates


def draw_day(file: Path, start_seconds: float, *, seed: int, most: int) -> None:
    """Write a picture of 900 x 600.

    Raises:
        SystemExit: Matplotlib is missing.
    """
    pyplot = _pyplot()
    adaptive = _simulate(Demand(least=1, most=most), start_seconds, seed)
    # The next fixed size with no less memory than the adaptive one.
    size = math.ceil(adaptive.mean_waiting)
    fixed = _simulate(Fixed(size), start_seconds, seed)
    figure, (asked, kept, found) = pyplot.subplots(
        3, 1, figsize=(12.5, 600 / 72), sharex=True, height_ratios=(2, 2, 1.7), layout="constrained"
    )

    requests = adaptive.requests_per_minute()
    asked.stairs(requests, _STEPS, fill=True, color=_REQUESTS)
    asked.set_title(f"Programs in a minute ({adaptive.moments[-1].arrivals:,} in the day)")

    kept.stairs(adaptive.waiting(), _STEPS, fill=True, color=_WAITING, label="waiting, mean")
    kept.stairs(adaptive.targets(), _STEPS, color=_TARGET, linewidth=1.1, label="target, highest")
    kept.axhline(size, color=_FIXED, linewidth=1.6, linestyle=(0, (5, 2)), label=f"fixed size {size}")
    kept.set_title(
        f"Sandboxes kept ready ({adaptive.mean_waiting:.2f} on average, a start takes {start_seconds:g} s)"
    )
    kept.set_ylim(0, most + 0.4)
    kept.legend(loc="lower right", ncols=3, bbox_to_anchor=(1.0, 0.98), borderaxespad=0, handlelength=1.6)

    for day, label, style in (
        (fixed, f"fixed size {size}", {"color": _FIXED, "linewidth": 1.6, "linestyle": (0, (5, 2))}),
        (adaptive, "adaptive", {"color": _TARGET, "linewidth": 2.2}),
    ):
        found.stairs(day.hit_rates(), _WINDOWS, baseline=None, label=label, **style)
    found.set_title(
        f"Programs that found one ready, % ({100 * adaptive.hit_rate:.1f} of the day's, "
        f"with the fixed size {100 * fixed.hit_rate:.1f})"
    )
    found.set_ylim(0, 105)
    found.legend(loc="lower left", ncols=2, handlelength=1.8)
    found.set_xlim(0, 24)
    found.set_xticks(range(0, 25, 2), [f"{hour:02d}:00" for hour in range(0, 25, 2)])
    figure.savefig(file, facecolor="white", metadata={"Date": None} if file.suffix == ".svg" else None)


def _simulate(sizing: Sizing, start_seconds: float, seed: int) -> _Day:
    moments: list[Moment] = []
    pool = SimulatedPool(sizing, start_seconds, seed=seed, watch=moments.append)
    outcome = pool.run(diurnal(Random(seed)), DAY)
    return _Day(moments, outcome.mean_waiting, outcome.hit_rate)


def _pyplot() -> ModuleType:
    try:
        # No dependency of the project: only this picture needs it.
        matplotlib = import_module("matplotlib")
    except ImportError:
        command = "uv run --with matplotlib python -m benchmarks.pool_traffic --plot FILE.svg"
        raise SystemExit(f"the picture needs matplotlib: `{command}`") from None
    matplotlib.use("agg")  # draws without a screen, and writes SVG too
    matplotlib.rcParams.update(_STYLE)
    return import_module("matplotlib.pyplot")
