"""Numbers and names as people read them."""

from datetime import UTC, datetime

from ._record import Machine
from ._statistics import Ratio

_LARGER = {"ms": (1000, "s"), "MiB": (1024, "GiB")}


def number(value: float) -> str:
    """Return a value in at most eight characters, three of its digits at least."""
    size = abs(value)
    if size != 0 and not 0.001 <= size < 1e7:
        return f"{value:.1e}"
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"


def amount(value: float, unit: str) -> str:
    """Return a value with its unit, in the larger unit if it is large."""
    step, larger = _LARGER.get(unit, (0, unit))
    if step and value >= step:
        return f"{number(value / step)} {larger}"
    return f"{number(value)} {unit}"


def tick(value: float, unit: str) -> str:
    """Return a round value with its unit, as short as can be."""
    step, larger = _LARGER.get(unit, (0, unit))
    if unit == "ms" and value >= step:
        return f"{value / step:g} {larger}"
    return f"{value:g} {unit}".rstrip() if value else "0"


def times(found: Ratio | None) -> str:
    """Return a ratio with its interval; `-` for none."""
    if found is None:
        return "-"
    interval = "" if found.low is None or found.high is None else f" ({_ends(found.low, found.high)})"
    return number(found.value) + interval


def clip(text: str, most: int) -> str:
    """Return text in one line of at most so many characters, none of which steers a terminal."""
    plain = "".join(character if character.isprintable() else "\ufffd" for character in text[: most + 1])
    return plain if len(plain) <= most else plain[: most - 1] + "\u2026"


def facts(machine: Machine) -> list[str]:
    """Return where and with what was measured, one fact each."""
    found = [
        f"{machine.cores} cores of {clip(machine.cpu, 60) or 'an unknown processor'}",
        f"{machine.memory_mib} MiB of memory",
        f"Linux {clip(machine.kernel, 40)}",
        f"Python {clip(machine.python, 20)}",
        *(f"{clip(name, 20)} {clip(version, 30)}" for name, version in list(machine.versions.items())[:30]),
    ]
    if machine.commit:
        found.append(f"commit {clip(machine.commit[:12], 12)}")
    return [*found, *_when(machine.measured_at)]


def _ends(low: float, high: float) -> str:
    return f"{number(low)}-{number(high)}"


def _when(seconds: float) -> list[str]:
    if not 0 < seconds < 1e11:  # to the year 5138
        return []
    return [f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"]
