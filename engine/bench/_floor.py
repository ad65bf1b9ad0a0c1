"""The floor: what starting the interpreter that runs us takes, bare, without a sandbox."""

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from anyio import to_thread

from engine._exceptions import EngineError
from engine._process import run_tool

_TOOL_SECONDS = 120.0
#: Prints what it occupies itself, page tables included.
_OWN_MEMORY = """
lines = [*open("/proc/self/smaps_rollup"), *open("/proc/self/status")]
print(sum(int(line.split()[1]) for line in lines if line.startswith(("Pss:", "VmPTE:"))) / 1024)
"""


class MeasureError(EngineError):
    """Something could not be measured; the message becomes a note of the file."""


def base_python() -> str:
    """Return the interpreter that runs us; that of a virtual environment would look for settings first."""
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    return str(base if base.exists() else sys.executable)


def floor_command() -> list[str]:
    """Return the command whose time is the floor."""
    return [base_python(), "-I", "-S", "-c", "print(1+1)"]


def tool_ms(
    argv: Sequence[str], *, expected: str | None = None, env: Mapping[str, str] = MappingProxyType({})
) -> float:
    """Run a command to its end and return its wall milliseconds. Blocks.

    Raises:
        MeasureError: It wrote something else.
        ToolError: It failed.
    """
    begin = time.perf_counter()
    said = run_tool(argv, timeout_seconds=_TOOL_SECONDS, env=env)
    milliseconds = (time.perf_counter() - begin) * 1000.0
    if expected is not None and said != expected:
        raise MeasureError(f"`{argv[0]}` wrote {said[:80]!r} instead of {expected!r}")
    return milliseconds


class Floor:
    """Measures the floor, in a thread, so that the engine can go on."""

    async def start_ms(self) -> float:
        """Start the interpreter once."""
        return await to_thread.run_sync(lambda: tool_ms(floor_command(), expected="2\n"))

    async def starts_per_second(self, clients: int, starts: int) -> float | None:
        """Start it again and again, as many at once; None where there is no `xargs` to do it."""
        xargs = shutil.which("xargs")
        if xargs is None:
            return None
        argv = [xargs, "-P", str(clients), "-d", "\n", "-I{}", *floor_command()]
        return await to_thread.run_sync(lambda: _rate(argv, starts))

    async def memory_mib(self) -> float:
        """Return what the interpreter occupies with nothing to do."""
        argv = [base_python(), "-I", "-S", "-c", _OWN_MEMORY]
        said = await to_thread.run_sync(lambda: run_tool(argv, timeout_seconds=_TOOL_SECONDS))
        return float(said)


def _rate(argv: Sequence[str], starts: int) -> float:
    begin = time.perf_counter()
    run_tool(argv, timeout_seconds=_TOOL_SECONDS, stdin=b"\n" * starts)
    return starts / (time.perf_counter() - begin)
