"""What can be seen of the machine from outside: processes, control groups, mounts, descriptors."""

import ctypes
import gc
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio

#: Long for a loaded machine; every wait ends as soon as its condition holds.
PATIENCE_SECONDS = 15.0
_STEP_SECONDS = 0.01


def wait_until(condition: Callable[[], object], *, what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Poll until a condition holds; fails with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(_STEP_SECONDS)


async def until(condition: Callable[[], object], *, what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Poll until a condition holds, letting other tasks run."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        await anyio.sleep(_STEP_SECONDS)


def children(pid: int) -> list[int]:
    """Return the children of a process, zombies included."""
    found: list[int] = []
    for task in _entries(f"/proc/{pid}/task"):
        try:
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text("ascii").split())
        except OSError:
            continue
    return found


def descendants(pid: int) -> list[int]:
    """Return everything below a process."""
    found: list[int] = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def jailed(warden: int) -> list[int]:
    """Return everything that belongs to runs of a warden: all but the process that it keeps parked."""
    own = command_line(warden)
    return [pid for pid in descendants(warden) if command_line(pid) != own and is_running(pid)]


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False


def command_line(pid: int) -> str:
    """Return the arguments of a process, joined by spaces; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def wardens(pid: int | None = None) -> list[int]:
    """Return the wardens that a process (ourselves by default) has started."""
    return [child for child in children(pid or os.getpid()) if "engine.warden.main" in command_line(child)]


def group_folders(warden: int) -> list[Path]:
    """Return the control groups of one warden's runs and of itself, in every hierarchy."""
    return sorted(_group_folders(f"isorun-{warden}-"))


def processes_of_uid(first: int, last: int) -> list[int]:
    """Return the processes whose uid lies in a range."""
    found = []
    for entry in _entries("/proc"):
        if entry.isdigit():
            try:
                uid = Path(f"/proc/{entry}").stat().st_uid
            except OSError:
                continue
            if first <= uid <= last:
                found.append(int(entry))
    return found


def descriptors(pid: int | None = None) -> set[str]:
    """Return the numbers of the open descriptors of a process, ours by default."""
    return set(os.listdir(f"/proc/{pid or os.getpid()}/fd"))


def mounts() -> list[str]:
    """Return the mount points that we see."""
    return [line.split()[4] for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines()]


def resident_mib(pid: int | None = None) -> float:
    """Return the resident memory of a process; ours by default, without what is free in its heap."""
    if pid is None:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # glibc keeps more of it the larger what it was once asked for
    pages = int(Path(f"/proc/{pid or os.getpid()}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)


def _group_folders(prefix: str) -> Iterator[Path]:
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        for name in names:
            if name.startswith(prefix):
                yield Path(folder, name)


def _entries(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []
