"""Measure things side by side: contenders take turns, and each is a ratio to a floor of the same run.

Wall times of a small shared machine drift by half; ratios of interleaved runs hold.
"""

import os
import platform
import statistics
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from engine.bench._floor import floor_command
from engine.bench._memory import processes_below, proportional_mib

__all__ = [
    "Row",
    "cpu_seconds",
    "floor_command",
    "floor_seconds",
    "machine",
    "median",
    "percentile",
    "print_table",
    "processes_below",
    "proportional_mib",
]


class Row(NamedTuple):
    """One line of a benchmark's table.

    Attributes:
        name: What was measured.
        value: The figure, in `unit`.
        unit: `x floor` or `ms`.
        at_most: What is promised.
        aim: What is hoped for.
    """

    name: str
    value: float
    unit: str
    at_most: float
    aim: float

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        return self.value <= self.at_most


def floor_seconds(command: list[str]) -> float:
    """Start the floor once and return its wall seconds."""
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def cpu_seconds(pid: int) -> float:
    """Return the cpu time of one process, without its children, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def percentile(values: list[float], percent: float) -> float:
    """Return a percentile by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def median(values: list[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def machine() -> str:
    """Describe machine, versions and commit in one line."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, "
        f"commit {commit or 'unknown'}"
    )


def print_table(rows: list[Row]) -> None:
    """Print the rows with what is promised and whether it holds."""
    print(f"{'what':58} {'measured':>12} {'at most':>10} {'aim':>8}  holds")
    for row in rows:
        print(
            f"{row.name:58} {row.value:>6.3f} {row.unit:5} {row.at_most:>10.3g} {row.aim:>8.3g}  "
            f"{'yes' if row.holds else 'NO'}"
        )
