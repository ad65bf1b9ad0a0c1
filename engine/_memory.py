"""The machine's memory as far as we may use it: how much there is, and how much is left."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

MIB = 1024 * 1024
# The kernel needs some tens of microseconds to answer, and nothing that we decide is finer than this.
READ_SECONDS = 1.0
# Below this share of the memory the kernel begins to give up file pages that running programs need.
PRESSURE_SHARE = 16
# A sixteenth of a small machine is less than one program takes.
PRESSURE_MIB = 256.0
# Of a machine that is smaller still, more than this would be pressure for ever.
MOST_PRESSURE_SHARE = 4
# Taken where the kernel does not say: a machine that can run sandboxes has as much.
UNKNOWN_MIB = 1024.0
# v1 writes the largest number of pages where there is no limit.
NO_LIMIT = 1 << 60

_LIMIT_FILES = {"v1": "memory.limit_in_bytes", "v2": "memory.max"}
_CURRENT_FILES = {"v1": "memory.usage_in_bytes", "v2": "memory.current"}
# File pages that nobody used lately are given up by the kernel before anything is killed.
_GIVEN_UP = {"v1": "total_inactive_file", "v2": "inactive_file"}


class Memory(NamedTuple):
    """Memory at one moment."""

    total_mib: float
    available_mib: float


class MemoryMeter:
    """Tells the memory, asking the kernel at most once a second.

    Args:
        read: Asks the kernel.
        clock: Monotonic seconds.
    """

    def __init__(
        self, read: Callable[[], Memory] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read or read_memory
        self._clock = clock
        self._memory = self._read()
        self._read_at = clock()

    @property
    def memory(self) -> Memory:
        """What was read last, not longer ago than a second."""
        now = self._clock()
        if now - self._read_at >= READ_SECONDS:
            self._memory, self._read_at = self._read(), now
        return self._memory

    @property
    def is_under_pressure(self) -> bool:
        """Whether so little is left that nothing should wait which is not needed."""
        total, available = self.memory
        enough = min(max(total / PRESSURE_SHARE, PRESSURE_MIB), total / MOST_PRESSURE_SHARE)
        return available < enough


def read_memory(root: Path = Path("/")) -> Memory:
    """Ask the kernel: the machine's memory, or less where a control group of ours has a limit.

    Never raises. What cannot be read does not count; swap does not count either.

    Args:
        root: Below which `proc` and `sys` are.
    """
    known = [*_machine(root), *_groups(root)]
    if not known:
        return Memory(UNKNOWN_MIB, UNKNOWN_MIB)
    return Memory(min(memory.total_mib for memory in known), min(memory.available_mib for memory in known))


def _machine(root: Path) -> Iterator[Memory]:
    text = _text(root / "proc/meminfo")
    total, available = _number(text, "MemTotal:"), _number(text, "MemAvailable:")
    if total and available is not None:
        yield Memory(total / 1024, available / 1024)


def _groups(root: Path) -> Iterator[Memory]:
    """Find the limits of our control group and of all above it."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0":
            yield from _limits(root / "sys/fs/cgroup", path, "v2")
        elif "memory" in controllers.split(","):
            yield from _limits(root / "sys/fs/cgroup/memory", path, "v1")


def _limits(mount: Path, path: str, version: str) -> Iterator[Memory]:
    # In a container the path may be one of the host's, of which only the end, or nothing, is in sight.
    group = mount / path.lstrip("/")
    for folder in (group, *group.parents):
        if not folder.is_relative_to(mount):
            return
        limit = _first_number(folder / _LIMIT_FILES[version])
        current = _first_number(folder / _CURRENT_FILES[version])
        if limit and limit < NO_LIMIT and current is not None:
            given_up = _number(_text(folder / "memory.stat"), f"{_GIVEN_UP[version]} ") or 0
            yield Memory(limit / MIB, max(limit - current + min(given_up, current), 0) / MIB)


def _first_number(path: Path) -> int | None:
    """Read a number from a file; None where there is none, as in `max`."""
    return _number(_text(path), "")


def _number(text: str, label: str) -> int | None:
    found = re.search(rf"^{re.escape(label)}\s*(\d{{1,20}})\b", text, re.MULTILINE | re.ASCII)
    return None if found is None else int(found[1])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
