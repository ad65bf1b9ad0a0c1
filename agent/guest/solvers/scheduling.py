"""Jobs in order: through a workshop, or late on one machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ._answer import Answer, Number, answered
from ._cp import Search, Steps, TooLargeError
from ._highs import best_choice
from ._read import Label, label, names, number, numbers, plain, same_length, scaled

_STEPS = 60_000
#: Jobs for which a table of all subsets is made.
_TABLE = 16

type Operation = tuple[Label, Number]


def job_shop(jobs: object) -> Answer:
    """Earliest time at which all jobs are finished; a job is a list of (machine, duration) in its own order.

    Exact; about 10 jobs on 10 machines. `.solution` holds the start of each operation.

    >>> job_shop([[(1, 3), (2, 2)], [(2, 4), (1, 1)]])
    6
    """
    jobs = plain(jobs)
    if isinstance(jobs, Mapping):
        jobs = list(jobs.values())
    if not isinstance(jobs, Sequence):
        raise ValueError("jobs must look like [[(1, 3), (2, 2)], [(2, 4), (1, 1)]]")
    read = [_operations(job) for job in jobs]
    durations, factor = scaled(duration for job in read for _, duration in job)
    left = iter(durations)
    exact = [[(machine, next(left)) for machine, _ in job] for job in read]
    try:
        starts = _Shop(exact).starts()
    except TooLargeError:
        starts = _shop_by_search(exact)
    end = max(
        (s + op[1] for job, row in zip(exact, starts, strict=True) for op, s in zip(job, row, strict=True))
    )
    begins = [[start / factor if factor > 1 else start for start in row] for row in starts]
    return answered("job_shop", {"jobs": read}, end / factor, begins)


def _operations(job: object) -> list[Operation]:
    job = plain(job)
    if isinstance(job, str):
        found = [float(text) for text in re.findall(r"\d+(?:\.\d+)?", job)]
        job = list(zip(found[::2], found[1::2], strict=False))
    if isinstance(job, Mapping):
        job = list(job.items())
    if not isinstance(job, Sequence) or not job:
        raise ValueError(f"a job must look like [(1, 3), (2, 2)] with machine and duration, not {job!r}")
    operations: list[Operation] = []
    for step in job:
        parts = list(step.values()) if isinstance(step, Mapping) else step
        if not isinstance(parts, Sequence) or isinstance(parts, str) or len(parts) != 2:
            raise ValueError(f"an operation must look like (1, 3), machine and duration, not {step!r}")
        operations.append((label(parts[0]), number(parts[1], "duration")))
    return operations


class _Shop:
    """Giffler and Thompson: of all operations that compete for the machine that is free first, try each."""

    def __init__(self, jobs: list[list[tuple[Label, int]]]) -> None:
        self._jobs = jobs
        self._next = [0] * len(jobs)
        self._ready = [0] * len(jobs)
        self._free = {machine: 0 for job in jobs for machine, _ in job}
        self._starts: list[list[int]] = [[] for _ in jobs]
        self._best = sum(duration for job in jobs for _, duration in job) + 1
        self._found: list[list[int]] = []
        self._steps = Steps(_STEPS)

    def starts(self) -> list[list[int]]:
        """Return when each operation begins."""
        self._search()
        return self._found

    def _search(self) -> None:
        self._steps.take()
        if self._bound() >= self._best:
            return
        open_jobs = [job for job, done in enumerate(self._next) if done < len(self._jobs[job])]
        if not open_jobs:
            self._best, self._found = max(self._ready), [list(row) for row in self._starts]
            return
        first = min(open_jobs, key=lambda job: self._earliest(job) + self._operation(job)[1])
        machine, deadline = self._operation(first)[0], self._earliest(first) + self._operation(first)[1]
        rivals = [
            job for job in open_jobs if self._operation(job)[0] == machine and self._earliest(job) < deadline
        ]
        for job in sorted(rivals or [first], key=self._earliest):
            self._try(job)

    def _try(self, job: int) -> None:
        machine, duration = self._operation(job)
        before = self._ready[job], self._free[machine]
        start = self._earliest(job)
        self._starts[job].append(start)
        self._next[job] += 1
        self._ready[job] = self._free[machine] = start + duration
        self._search()
        self._ready[job], self._free[machine] = before
        self._next[job] -= 1
        self._starts[job].pop()

    def _operation(self, job: int) -> tuple[Label, int]:
        return self._jobs[job][self._next[job]]

    def _earliest(self, job: int) -> int:
        return max(self._ready[job], self._free[self._operation(job)[0]])

    def _bound(self) -> int:
        """Return a time before which nothing can be finished: the rest of a job, the rest of a machine."""
        latest = max(self._ready, default=0)
        loads = dict.fromkeys(self._free, 0)
        for job, done in enumerate(self._next):
            rest = self._jobs[job][done:]
            if rest:
                latest = max(latest, self._earliest(job) + sum(duration for _, duration in rest))
            for machine, duration in rest:
                loads[machine] += duration
        return max([latest, *[self._free[machine] + load for machine, load in loads.items()]])


def _shop_by_search(jobs: list[list[tuple[Label, int]]]) -> list[list[int]]:
    search = Search()
    horizon = sum(duration for job in jobs for _, duration in job)
    starts = [[search.model.new_int_var(0, horizon, "") for _ in job] for job in jobs]
    end = search.model.new_int_var(0, horizon, "")
    machines: dict[Label, list[object]] = {}
    for job, row in zip(jobs, starts, strict=True):
        for (machine, duration), start in zip(job, row, strict=True):
            interval = search.model.new_fixed_size_interval_var(start, duration, "")
            machines.setdefault(machine, []).append(interval)
        for (start, following), (_, duration) in zip(pairwise(row), job, strict=False):
            search.model.add(following >= start + duration)
        search.model.add(end >= row[-1] + job[-1][1])
    for intervals in machines.values():
        search.model.add_no_overlap(intervals)
    search.model.minimize(end)
    search.solve()
    return [[int(search.solver.value(start)) for start in row] for row in starts]


def weighted_tardiness(durations: object, dues: object, weights: object = None) -> Answer:
    """Smallest total penalty (weight times lateness) of jobs one after another on one machine.

    Exact; about 20 jobs. `.solution` is the order. Without weights each counts 1.

    >>> weighted_tardiness(durations=[3, 2, 4], dues=[4, 2, 8], weights=[2, 1, 3])
    5
    """
    durations = plain(durations)
    times, due = numbers(durations, "durations"), numbers(dues, "dues")
    worth: list[Number] = [1] * len(times) if weights is None else numbers(weights, "weights")
    same_length(durations=times, dues=due, weights=worth)
    order = _late_table(times, due, worth) if len(times) <= _TABLE else _late_by_search(times, due, worth)
    penalty: Number = 0
    now: Number = 0
    for job in order:
        now += times[job]
        penalty += worth[job] * max(0, now - due[job])
    labels = names(durations)
    shown = [labels[job] for job in order] if labels else order
    arguments: dict[str, object] = {"durations": times, "dues": due, "weights": worth}
    return answered("weighted_tardiness", arguments, penalty, order, shown=shown)


def _late_table(times: list[Number], due: list[Number], worth: list[Number]) -> list[int]:
    """The least penalty of each set of jobs that comes first, from the sets with one job less."""
    count = len(times)
    least: list[Number] = [0] * (1 << count)
    last = [-1] * (1 << count)
    ends: list[Number] = [0] * (1 << count)
    for subset in range(1, 1 << count):
        lowest = subset & -subset
        ends[subset] = ends[subset ^ lowest] + times[lowest.bit_length() - 1]
        for job in range(count):
            if subset >> job & 1:
                penalty = least[subset ^ 1 << job] + worth[job] * max(0, ends[subset] - due[job])
                if last[subset] < 0 or penalty < least[subset]:
                    least[subset], last[subset] = penalty, job
    order: list[int] = []
    subset = (1 << count) - 1
    while subset:
        order.append(last[subset])
        subset ^= 1 << last[subset]
    return order[::-1]


def _late_by_search(times: list[Number], due: list[Number], worth: list[Number]) -> list[int]:
    """One variable for each job and time at which it may begin: many of them, with good bounds."""
    exact, _ = scaled([*times, *due])
    lasting, limits = exact[: len(times)], exact[len(times) :]
    horizon = sum(lasting)
    slots = [(job, start) for job, time in enumerate(lasting) for start in range(horizon - time + 1)]
    costs = [worth[job] * max(0, start + lasting[job] - limits[job]) for job, start in slots]
    rows = [[slot for slot, (other, _) in enumerate(slots) if other == job] for job in range(len(times))]
    rows += [
        [slot for slot, (job, start) in enumerate(slots) if start <= now < start + lasting[job]]
        for now in range(horizon)
    ]
    used = best_choice(costs, rows, len(times))
    return [job for _, job in sorted((slots[slot][1], slots[slot][0]) for slot in used)]
