"""Control groups of one run, on cgroup v1, v2, or a mix of both.

Limits need the memory and pids controllers, wherever they are mounted. The v2 tree is used as well when it
has no controllers, because `cgroup.kill` and `cpu.stat` work there without any.
"""

import contextlib
import errno
import os
import signal
from functools import cache
from typing import NamedTuple

#: For a thread that moves itself by v1's `tasks`, the kernel waits for nobody; `cgroup.procs` can take it ten
#: milliseconds. v2 has nothing like it.
_JOIN = {1: "tasks", 2: "cgroup.procs"}


class Tree(NamedTuple):
    """A mounted hierarchy that takes our groups.

    Attributes:
        parent: Folder in which groups are made.
        version: 1 or 2.
        controllers: Of memory, pids and cpu, those that work there.
    """

    parent: str
    version: int
    controllers: frozenset[str]


class Counters(NamedTuple):
    """What the kernel counted for a group; None where nothing counts it."""

    cpu_seconds: float | None
    peak_bytes: int | None
    oom_kills: int
    pids_refused: int


class Group:
    """One run's control group: a folder in each tree."""

    def __init__(self, trees: list[Tree], name: str) -> None:
        self._folders = [(tree, f"{tree.parent}/{name}") for tree in trees]
        self._memory_bytes: int | None = None
        self._pids: int | None = None

    def create(self) -> None:
        """Make the folders; on failure none of them is left."""
        try:
            for _, folder in self._folders:
                os.mkdir(folder, 0o755)
        except OSError:
            self.remove()
            raise

    def join(self) -> None:
        """Move the calling process, which has one thread, in. Called after the fork, before anything else."""
        for tree, folder in self._folders:
            _write(f"{folder}/{_JOIN[tree.version]}", "0")

    def open_doors(self) -> tuple[list[int], int | None]:
        """Return descriptors by which another process can join; the caller closes them.

        The v1 ones are files to write "0" to, the v2 one is a folder for `clone3`.
        """
        opened: list[int] = []
        into = None
        try:
            for tree, folder in self._folders:
                if tree.version == 1:
                    opened.append(os.open(f"{folder}/{_JOIN[1]}", os.O_WRONLY | os.O_CLOEXEC))
                else:
                    into = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            for descriptor in [*opened, *([] if into is None else [into])]:
                os.close(descriptor)
            raise
        return opened, into

    def admit(self, uid: int) -> None:
        """Let processes of a user move from group to group: the kernel asks for this at `clone3`."""
        for tree, folder in self._folders:
            if tree.version == 2:
                os.chown(f"{folder}/cgroup.procs", uid, -1)
                _admit_to_parent(tree, uid)

    def limit(self, *, memory_bytes: int, pids: int) -> None:
        """Set the limits of the whole group; may be called again while it runs."""
        memory = self._folder("memory")
        if memory and memory_bytes != self._memory_bytes:
            _limit_memory(*memory, memory_bytes, before=self._memory_bytes)
            self._memory_bytes = memory_bytes
        processes = self._folder("pids")
        if processes and pids != self._pids:
            _write(f"{processes[1]}/pids.max", str(pids))
            self._pids = pids

    def cpu_seconds(self) -> float | None:
        """Return the cpu time that all processes of the group have used, or None if nothing counts it."""
        for tree, folder in self._folders:
            if tree.version == 2:
                return _keyed(f"{folder}/cpu.stat").get("usage_usec", 0) / 1e6
            if "cpuacct" in tree.controllers:
                return int(_read(f"{folder}/cpuacct.usage")) / 1e9
        return None

    def counters(self) -> Counters:
        """Read what the kernel counted; call before `remove`."""
        memory, processes = self._folder("memory"), self._folder("pids")
        peak, kills = _memory_counters(*memory) if memory else (None, 0)
        refused = _keyed(f"{processes[1]}/pids.events").get("max", 0) if processes else 0
        return Counters(self.cpu_seconds(), peak, kills, refused)

    def processes(self) -> list[int]:
        """Return the processes in the group."""
        if not self._folders:
            return []
        with contextlib.suppress(OSError):
            return [int(line) for line in _read(f"{self._folders[0][1]}/cgroup.procs").split()]
        return []

    def kill(self) -> None:
        """Send SIGKILL to every process of the group, such that none can escape by forking."""
        for tree, folder in self._folders:
            if tree.version == 2 and os.path.exists(f"{folder}/cgroup.kill"):
                with contextlib.suppress(FileNotFoundError):
                    _write(f"{folder}/cgroup.kill", "1")
                return
        processes = self._folder("pids")
        if processes:
            with contextlib.suppress(OSError):
                _write(f"{processes[1]}/pids.max", "0")
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def remove(self) -> bool:
        """Remove the folders; False if a process is still inside."""
        gone = True
        for _, folder in self._folders:
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                gone = False
        return gone

    def _folder(self, controller: str) -> tuple[Tree, str] | None:
        for tree, folder in self._folders:
            if controller in tree.controllers:
                return tree, folder
        return None


@cache
def _admit_to_parent(tree: Tree, uid: int) -> None:
    os.chown(f"{tree.parent}/cgroup.procs", uid, -1)


def _limit_memory(tree: Tree, folder: str, limit: int, *, before: int | None) -> None:
    if tree.version == 2:
        _write(f"{folder}/memory.max", str(limit))
        # Absent without swap; one process killed alone would leave a run that looks healthy.
        _write_if_known(tree, folder, "memory.swap.max", "0")
        _write_if_known(tree, folder, "memory.oom.group", "1")
        return
    # The limit may never be above the limit with swap, so raising and lowering need opposite orders.
    names = ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]
    if before is not None and limit > before:
        names.reverse()
    for name in names:
        _write_if_known(tree, folder, name, str(limit))


def _memory_counters(tree: Tree, folder: str) -> tuple[int | None, int]:
    if tree.version == 2:
        peak = f"{folder}/memory.peak"
        kills = _keyed(f"{folder}/memory.events").get("oom_kill", 0)
        return (int(_read(peak)) if os.path.exists(peak) else None), kills
    kills = _keyed(f"{folder}/memory.oom_control").get("oom_kill", 0)
    return int(_read(f"{folder}/memory.max_usage_in_bytes")), kills


def _keyed(path: str) -> dict[str, int]:
    pairs = (line.split() for line in _read(path).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _read(path: str) -> str:
    # Unbuffered and without a text layer: these reads are on the way of every run.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 65_536).decode()
    finally:
        os.close(descriptor)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _write_if_known(tree: Tree, folder: str, name: str, text: str) -> None:
    if _knows(tree.parent, name):
        _write(f"{folder}/{name}", text)


@cache
def _knows(parent: str, name: str) -> bool:
    """Whether the kernel has this file; groups have the files of the group above them."""
    return os.path.exists(f"{parent}/{name}")
