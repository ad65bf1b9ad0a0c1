"""The memory of processes, with pages that several share counted in parts."""

import ctypes
import os
import platform
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

_KCMP = {"x86_64": 312, "aarch64": 272}
_KCMP_VM = 1


class Occupied(NamedTuple):
    """What a set of processes occupies.

    Attributes:
        mib: All of them together.
        processes: How many they are.
        unreadable: How many of them do not let us look.
    """

    mib: float
    processes: int
    unreadable: int


class Totals(NamedTuple):
    """What the processes below us occupy, and those of new containers, wherever they are."""

    below: Occupied
    new: Occupied


type Watch = Callable[[], Totals]


def watch() -> Watch:
    """Return what takes the totals; what is there now is not new."""
    known = all_processes()
    return lambda: Totals(occupied(processes_below()), occupied(contained(known)))


def processes_below(pid: int | None = None) -> list[int]:
    """Return all descendants of a process, by default of this one."""
    pid = pid or os.getpid()
    found: list[int] = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text("ascii").split()]
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return found
    for child in children:
        found += [int(child), *processes_below(int(child))]
    return found


def contained(known: AbstractSet[int]) -> list[int]:
    """Return the processes of containers, and what looks after each, without those that are known."""
    found: set[int] = set()
    for pid in all_processes() - known:
        try:
            is_contained, parent = _place(pid)
        except (OSError, ValueError):  # it has ended meanwhile
            continue
        if is_contained:
            found |= {pid, parent} - known
    return sorted(found - {0, os.getpid()})


def all_processes() -> set[int]:
    """Return all processes of the machine that we see."""
    return {int(name) for name in os.listdir("/proc") if name.isdecimal()}


def occupied(pids: list[int]) -> Occupied:
    """Add up what processes occupy; those that have ended meanwhile do not count."""
    total, processes, unreadable = 0.0, 0, 0
    for pid in pids:
        try:
            total += proportional_mib(pid)
            processes += 1
        except PermissionError:
            unreadable += 1
        except (FileNotFoundError, ProcessLookupError):
            continue
    return Occupied(total, processes, unreadable)


def proportional_mib(pid: int) -> float:
    """Return the memory of a process, pages shared by n processes counted as 1/n, and its page tables.

    A process that shares all of its memory with its parent, as a thread does, has none of its own.

    Raises:
        OSError: It has ended, or may not be looked at.
    """
    if _has_same_memory_as_parent(pid):
        return 0.0
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    # The name of a process stands in it too, and may be anything.
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    lines = [line.split() for line in (rollup + status).splitlines()]
    return sum(int(line[1]) for line in lines if line and line[0] in ("Pss:", "VmPTE:")) / 1024


def _place(pid: int) -> tuple[bool, int]:
    """Return whether a process has a process namespace below ours, and its parent."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in status.splitlines())}
    return len(fields.get("NSpid", ())) > 1, int(fields.get("PPid", ["0"])[0])


def _has_same_memory_as_parent(pid: int) -> bool:
    """Ask kcmp(2)."""
    number = _KCMP.get(platform.machine())
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    parent = int(stat.rpartition(")")[2].split()[1])
    if number is None or parent == 0:
        return False
    return int(ctypes.CDLL(None).syscall(number, pid, parent, _KCMP_VM, 0, 0)) == 0
