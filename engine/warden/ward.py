"""One started process: its deadlines, its end, and the verdict of the kernel's counters."""

import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

from engine.warden.cgroup import Group
from engine.warden.child import Parked, children

#: How often the cpu time of a run near its limit is read.
CPU_POLL_SECONDS = 0.02
#: After this long a group that does not empty is reported as quarantined.
EMPTY_SECONDS = 5.0
_CORES = os.cpu_count() or 1


class Ward:
    """A process under guard, from its start until nothing of it is left."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._killed: str | None = None
        self._wall_deadline: float | None = None
        self._cpu_limit: float | None = None
        self._next_poll: float | None = None
        self._exited_at: float | None = None
        self._wait_status = 0
        self.number = 0
        self.pidfd = -1
        group.create()
        try:
            self._process = Parked(group)
        except OSError:
            group.remove()
            raise

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def start(
        self, number: int, argv: Sequence[str], descriptors: Mapping[int, int], limits: Mapping[str, int]
    ) -> None:
        """Set the limits and have the waiting process become the program.

        Raises:
            OSError: It has died, or a limit cannot be set; `discard` is due.
        """
        self.number = number
        self._group.limit(memory_bytes=limits["memory_bytes"], pids=limits["pids"])
        self.pidfd = os.pidfd_open(self.pid)
        self._process.launch(argv, descriptors)

    def discard(self) -> None:
        """End a process that was never started."""
        self._process.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)
        self._kill_all()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        self._group.remove()

    def arm(self, *, wall_seconds: float, cpu_seconds: float, limits: Mapping[str, int]) -> None:
        """Start the clocks and set the limits that come with the program."""
        self._group.limit(memory_bytes=limits["memory_bytes"], pids=limits["pids"])
        now = time.monotonic()
        self._wall_deadline = now + wall_seconds
        # Waiting has cost cpu too; only what comes from now on counts.
        self._cpu_limit = (self._group.cpu_seconds() or 0.0) + cpu_seconds
        self._next_poll = now + max(CPU_POLL_SECONDS, cpu_seconds / _CORES)

    def kill(self, reason: str) -> None:
        """Kill every process at once; the first reason stays."""
        if self._killed is None:
            self._killed = reason
        if self._exited_at is None:
            self._kill_all()

    def exited(self) -> None:
        """Reap the process after its pidfd became readable; `ended` sees to what it left behind."""
        _, self._wait_status = os.waitpid(self.pid, 0)
        os.close(self.pidfd)
        self._exited_at = time.monotonic()

    def due(self) -> float | None:
        """Return the next moment (monotonic seconds) at which `tick` has something to do."""
        if self._exited_at is not None:
            return self._exited_at
        moments = [moment for moment in (self._wall_deadline, self._next_poll) if moment is not None]
        return min(moments, default=None)

    def tick(self, now: float) -> None:
        """Enforce the clocks."""
        if self._exited_at is not None:
            return
        if self._wall_deadline is not None and now >= self._wall_deadline:
            self._wall_deadline = None
            self.kill("wall")
        if self._next_poll is not None and now >= self._next_poll:
            self._check_cpu(now)

    def ended(self, now: float) -> dict[str, Any] | None:
        """Return the final report once the group is empty (or has been given up), else None."""
        if self._exited_at is None:
            return None
        empty = not self._group.processes()
        if not empty:
            self._group.kill()
            if now - self._exited_at < EMPTY_SECONDS:
                return None
        counters = self._group.counters()
        removed = self._group.remove()
        if not removed and now - self._exited_at < EMPTY_SECONDS:
            return None
        failure = self._process.failure()
        self._process.close()
        return {
            "kind": "ended",
            "number": self.number,
            "wait_status": self._wait_status,
            "killed": self._killed,
            "failure": failure,
            "cpu_seconds": counters.cpu_seconds,
            "peak_bytes": counters.peak_bytes,
            "oom_kills": counters.oom_kills,
            "pids_refused": counters.pids_refused,
            "quarantined": not removed,
        }

    def _check_cpu(self, now: float) -> None:
        used = self._group.cpu_seconds()
        if used is None or self._cpu_limit is None:
            self._next_poll = None
            return
        left = self._cpu_limit - used
        if left <= 0:
            self._next_poll = None
            self.kill("cpu")
        else:
            # With all cores busy the limit cannot be reached sooner than this.
            self._next_poll = now + max(CPU_POLL_SECONDS, left / _CORES)

    def _kill_all(self) -> None:
        self._group.kill()
        # Without a cgroup: the first process in the jail takes its whole pid namespace with it.
        for pid in (*children(self.pid), self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
