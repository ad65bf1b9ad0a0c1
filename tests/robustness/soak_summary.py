"""What a soak did and found, and what must not be."""

from collections import Counter

import msgspec

from engine import EngineStats

from .holdings import Holdings, sums_hold

#: Of resident memory, from the end of the warm-up on: the interpreter's heap settles within it.
GROWTH_MIB = 24.0
#: The warden keeps nothing of a run but a few numbers.
GROWTH_OF_WARDEN_MIB = 2.0
_MAX_PROBLEMS = 20


class Summary(msgspec.Struct, kw_only=True):
    """What a soak did, and what it found.

    Attributes:
        right: Runs with the right answer, by kind.
        disturbed: Runs whose process or sandbox was killed, by what they got.
        cancelled: Runs that their caller cancelled.
        killed_runs: Runs ended by `Engine.kill`.
        killed_processes: Processes of jails killed from outside, by command.
        memory_mib: Resident memory of this process from the end of the warm-up on.
        warden_mib: That of the warden, at the same times.
        left_out: Kinds whose runtime is not set up here.
        before: What was held before the engine was opened.
        after: What is held when it has been closed.
        problems: What must not be; empty if all is well.
    """

    machine: str = ""
    seed: int = 0
    runs: int = 0
    seconds: float = 0.0
    right: Counter[str] = msgspec.field(default_factory=Counter)
    disturbed: Counter[str] = msgspec.field(default_factory=Counter)
    cancelled: int = 0
    killed_runs: int = 0
    killed_processes: Counter[str] = msgspec.field(default_factory=Counter)
    memory_mib: list[float] = []
    warden_mib: list[float] = []
    left_out: list[str] = []
    before: Holdings | None = None
    after: Holdings | None = None
    problems: list[str] = []

    def complain(self, problem: str) -> None:
        """Take note of what must not be."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)


def check_engine(stats: EngineStats, summary: Summary) -> None:
    """Compare what the engine counts with what was asked of it."""
    for pool in stats.pools:
        if not sums_hold(pool):
            summary.complain(f"the sums of a pool do not hold: {pool}")
    admission = stats.admission
    if stats.active or admission.running or admission.waiting or admission.memory_mib:
        summary.complain(f"something is still under way: {stats.active} runs, {admission}")
    counted = sum(stats.finished.values()) + stats.failed
    if counted != summary.runs:
        summary.complain(f"{summary.runs} runs, the engine has counted {counted}")


def check(summary: Summary) -> None:
    """Compare what is held with what was held, and what was killed with what was asked for."""
    if summary.before != summary.after:
        summary.complain(f"held before: {summary.before}; after: {summary.after}")
    if summary.memory_mib[-1] - summary.memory_mib[0] > GROWTH_MIB:
        summary.complain(f"this process has grown: {summary.memory_mib} MiB")
    if summary.warden_mib[-1] - summary.warden_mib[0] > GROWTH_OF_WARDEN_MIB:
        summary.complain(f"the warden has grown: {summary.warden_mib} MiB")
    killed = summary.disturbed["killed by the engine"]
    if killed > summary.killed_runs:
        summary.complain(f"{killed} runs were killed by the engine, asked for were {summary.killed_runs}")
