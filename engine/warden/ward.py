"""One started process: its deadlines, its end, and the verdict of the kernel's counters."""

import math
import os
import time
from collections.abc import Mapping
from typing import Any, Protocol

from engine.warden.cgroup import Counters, Group

#: How often the cpu time of a run near its limit is read.
CPU_POLL_SECONDS = 0.02
#: After this long a group that does not empty is reported as quarantined.
EMPTY_SECONDS = 5.0
#: A killed process that has not ended by then waits for a zygote that hangs: only that could reap it.
STUCK_SECONDS = 3.0
#: Killed because the group was not there any more.
LOST = "lost"
_CORES = os.cpu_count() or 1
_NEVER = math.inf


class Process(Protocol):
    """What the ward of a process needs from it."""

    @property
    def pid(self) -> int:
        """Of our child; 0 if it is not ours."""
        ...

    @property
    def over(self) -> int:
        """Descriptor that can be read when it has ended; -1 while it is not there."""
        ...

    @property
    def leaves_orphans(self) -> bool:
        """Whether the kernel may hand us processes to reap when it has ended."""
        ...

    def kill(self) -> None:
        """Send SIGKILL to all of it that can be reached without a cgroup."""

    def expect(self) -> None:
        """Look whether it is at its end, if there is a way to see that sooner."""

    def reap(self) -> int:
        """Collect it after its end; return its wait status."""
        ...

    def failure(self) -> str:
        """Say what failed before its program was executed."""
        ...

    def close(self) -> None:
        """Let go of what we hold of it."""

    def discard(self) -> None:
        """Remove what would be left of it when it has ended, as nobody looks at that any more."""


class Ward:
    """A process under guard, from its start until nothing of it is left.

    Args:
        number: The engine's name for it.
        group: Made; its own from here on.
        process: To guard.
        zygote: Whose child the process is, if it has one.

    Attributes:
        due: The next moment (monotonic seconds) at which `tick` and `ended` have something to do.
    """

    def __init__(self, number: int, group: Group, process: Process, zygote: "Ward | None" = None) -> None:
        self.number = number
        self._group = group
        self._process = process
        self._zygote = zygote
        self._stuck_at: float | None = None
        self._killed: str | None = None
        self._wall_deadline: float | None = None
        self._cpu_limit: float | None = None
        self._next_poll: float | None = None
        self._exited_at: float | None = None
        self._wait_status = 0
        self._refusal: str | None = None
        self.due = _NEVER

    @property
    def over(self) -> int:
        """Descriptor that can be read when the process has ended; -1 while it is not there."""
        return self._process.over

    @property
    def pid(self) -> int:
        """Of our child; 0 if the process is not our child."""
        return self._process.pid

    @property
    def leaves_orphans(self) -> bool:
        """Whether the kernel may hand us processes to reap when it has ended."""
        return self._process.leaves_orphans

    @property
    def is_killed(self) -> bool:
        """Whether `kill` was called."""
        return self._killed is not None

    def arm(self, *, wall_seconds: float, cpu_seconds: float, limits: Mapping[str, int] | None) -> None:
        """Start the clocks, and set the limits that come with the program if those before it differ.

        Raises:
            OSError: The group is not there any more, and with it every limit.
        """
        if limits is not None:
            self._group.limit(memory_bytes=limits["memory_bytes"], pids=limits["pids"])
        now = time.monotonic()
        self._wall_deadline = now + wall_seconds
        # Waiting has cost cpu too; only what comes from now on counts.
        self._cpu_limit = (self._group.cpu_seconds() or 0.0) + cpu_seconds
        self._next_poll = now + max(CPU_POLL_SECONDS, cpu_seconds / _CORES)
        self._reschedule()

    def expect(self) -> None:
        """Take note that the program says it ends; whether it does is seen elsewhere."""
        if self._exited_at is None:
            self._process.expect()

    def kill(self, reason: str) -> None:
        """Kill every process at once; the first reason stays."""
        if self._killed is None:
            self._killed = reason
        if self._exited_at is None:
            self._kill_all()
            self._reschedule()

    def abandon(self) -> None:
        """Kill it, and see to it that nothing is left: the engine is gone."""
        self.kill("engine")
        self._process.discard()

    def exited(self) -> None:
        """Reap the process after its end was seen; `ended` sees to what it left behind."""
        self._wait_status = self._process.reap()
        self._exited_at = time.monotonic()
        self._reschedule()

    def refuse(self, reason: str) -> None:
        """Take note that the process will never be there."""
        self._refusal = reason
        self._exited_at = time.monotonic()
        self._reschedule()

    def _reschedule(self) -> None:
        """Find the next moment at which there is something to do; called after each change of a clock."""
        if self._exited_at is not None:
            self.due = self._exited_at
            return
        moments = (self._wall_deadline, self._next_poll, self._stuck_at)
        self.due = min((moment for moment in moments if moment is not None), default=_NEVER)

    def tick(self, now: float) -> None:
        """Enforce the clocks.

        Raises:
            OSError: The group is not there any more.
        """
        if self._exited_at is not None:
            return
        if self._wall_deadline is not None and now >= self._wall_deadline:
            self._wall_deadline = None
            self._end_in_time()
        if self._next_poll is not None and now >= self._next_poll:
            self._check_cpu(now)
        if self._stuck_at is not None and now >= self._stuck_at and self._zygote is not None:
            self._stuck_at = None
            self._zygote.kill("stuck")
        self._reschedule()

    def ended(self, now: float) -> dict[str, Any] | None:
        """Return the final report once the group is empty (or has been given up), else None."""
        if self._exited_at is None:
            return None
        empty = not self._group.processes()
        if not empty:
            self._group.kill()
            if now - self._exited_at < EMPTY_SECONDS:
                return None
        counters = self._counters()
        failure = self._process.failure()
        self._process.close()
        if self._refusal is not None:
            return {"kind": "refused", "number": self.number, "error": self._refusal}
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
            "quarantined": not empty,
        }

    def removed(self, now: float) -> bool:
        """Remove the group, once the engine was told of the end; False if that has to be tried again."""
        assert self._exited_at is not None, "nothing is removed while it runs"  # noqa: S101
        return self._group.remove() or now - self._exited_at >= EMPTY_SECONDS

    def _counters(self) -> Counters:
        try:
            return self._group.counters()
        except OSError:  # somebody has removed it: nothing limited or counted what was left of the run
            self._killed = self._killed or LOST
            return Counters(None, None, 0, 0)

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

    def _end_in_time(self) -> None:
        if self._zygote is not None and not self._group.processes():
            self._kill_all()  # the program is over, but its zygote does not say how: not a matter of time
        else:
            self.kill("wall")

    def _kill_all(self) -> None:
        self._group.kill()
        self._process.kill()
        if self._zygote is not None and self._stuck_at is None:
            self._stuck_at = time.monotonic() + STUCK_SECONDS
