"""Checks of schedules."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations
from math import factorial, prod
from typing import Any

from ._problem import (
    MOST,
    Arguments,
    Number,
    Problem,
    Row,
    each_once,
    highs,
    need,
    number_of,
    subsets,
    value_of,
)

#: The solver itself does the same for more jobs.
_SAME = 16


def _shop(arguments: Arguments, starts: Any) -> Number:
    used: dict[str, list[tuple[Number, Number]]] = {}
    end: Number = 0
    for job, row in zip(arguments["jobs"], starts, strict=True):
        for (machine, duration), start in zip(job, row, strict=True):
            need(start >= 0, "an operation begins before time 0")
            used.setdefault(str(machine), []).append((start, start + duration))
            end = max(end, start + duration)
        for (first, following), (_, duration) in zip(pairwise(row), job, strict=False):
            need(following >= first + duration - 1e-9, "an operation begins before the one before it ends")
    for spans in used.values():
        need(
            all(b[0] >= a[1] - 1e-9 for a, b in pairwise(sorted(spans))), "a machine does two things at once"
        )
    return end


def _shop_brute(arguments: Arguments) -> Number | None:
    """Every order in which the operations can be dispatched; each schedule without slack is among them."""
    jobs = arguments["jobs"]
    if factorial(sum(map(len, jobs))) // prod(factorial(len(job)) for job in jobs) > 4 * MOST:
        return None

    def dispatch(
        done: tuple[int, ...], ready: tuple[Number, ...], free: dict[str, Number], best: Number
    ) -> Number:
        if max(ready, default=0) >= best:
            return best
        if all(count == len(job) for count, job in zip(done, jobs, strict=True)):
            return max(ready, default=0)
        for index, job in enumerate(jobs):
            if done[index] < len(job):
                machine, duration = str(job[done[index]][0]), job[done[index]][1]
                end = max(ready[index], free.get(machine, 0)) + duration
                further = (*done[:index], done[index] + 1, *done[index + 1 :])
                best = dispatch(
                    further, (*ready[:index], end, *ready[index + 1 :]), free | {machine: end}, best
                )
        return best

    return dispatch((0,) * len(jobs), (0,) * len(jobs), {}, float("inf"))


def _penalty(arguments: Arguments, order: Any) -> Number:
    each_once(order, len(arguments["durations"]), "not each job once")
    now: Number = 0
    total: Number = 0
    for job in order:
        now += arguments["durations"][job]
        total += arguments["weights"][job] * max(0, now - arguments["dues"][job])
    return total


def _penalty_brute(arguments: Arguments) -> Number | None:
    count = len(arguments["durations"])
    if factorial(count) > MOST:
        return None
    return min(_penalty(arguments, order) for order in permutations(range(count)))


def _penalty_second(arguments: Arguments) -> Number | None:
    """One variable for each job and time at which it may begin."""
    durations, horizon = arguments["durations"], sum(arguments["durations"])
    if len(durations) > _SAME:
        return None
    if not all(isinstance(duration, int) for duration in durations) or len(durations) * horizon > 4_000:
        return None
    slots = [(job, start) for job, time in enumerate(durations) for start in range(horizon - time + 1)]
    costs = [
        arguments["weights"][job] * max(0, start + durations[job] - arguments["dues"][job])
        for job, start in slots
    ]
    rows: list[Row] = [
        ({i: 1 for i, (job, _) in enumerate(slots) if job == wanted}, 1, 1)
        for wanted in range(len(durations))
    ]
    for now in range(horizon):
        busy = {i: 1 for i, (job, start) in enumerate(slots) if start <= now < start + durations[job]}
        rows.append((busy, 0, 1))
    return value_of(highs(costs, rows))


def _overlap(first: Any, second: Any) -> bool:
    return bool(first[0] < second[1] and second[0] < first[1])


def _chosen(arguments: Arguments, chosen: Any) -> Number:
    spans = [arguments["intervals"][index] for index in chosen]
    need(len(set(chosen)) == len(chosen), "an interval is taken twice")
    need(not any(_overlap(a, b) for a, b in combinations(spans, 2)), "two intervals overlap")
    return number_of(sum(arguments["weights"][index] for index in chosen))


def _chosen_brute(arguments: Arguments) -> Number | None:
    spans = arguments["intervals"]
    if 1 << len(spans) > MOST // 4:
        return None
    totals = [
        sum(arguments["weights"][index] for index in chosen)
        for chosen in subsets(len(spans))
        if not any(_overlap(spans[a], spans[b]) for a, b in combinations(chosen, 2))
    ]
    return number_of(max(totals))


def _chosen_second(arguments: Arguments) -> Number | None:
    spans = arguments["intervals"]
    clashes = [
        pair for pair in combinations(range(len(spans)), 2) if _overlap(spans[pair[0]], spans[pair[1]])
    ]
    if len(clashes) > MOST // 10:
        return None
    rows: list[Row] = [({first: 1, second: 1}, 0, 1) for first, second in clashes]
    return value_of(highs(arguments["weights"], rows, maximize=True))


def _rooms(arguments: Arguments, rooms: Any) -> Number:
    spans = list(zip(arguments["intervals"], rooms, strict=True))
    need(
        not any(a[1] == b[1] and _overlap(a[0], b[0]) for a, b in combinations(spans, 2)),
        "two intervals overlap in one room",
    )
    return len(set(rooms))


def _rooms_brute(arguments: Arguments) -> Number:
    """So many are under way at some beginning; no fewer rooms can do."""
    spans = arguments["intervals"]
    return max(
        (sum(s <= start < e or s == start for s, e in spans if e > s) for start, _ in spans), default=0
    )


def _length(arguments: Arguments, path: Any) -> Number:
    before = {tuple(pair) for pair in arguments["before"]}
    need(all(step in before for step in pairwise(path)), "two tasks of the path do not follow each other")
    return number_of(sum(arguments["durations"][task] for task in path))


def _length_second(arguments: Arguments) -> Number | None:
    """Move every beginning back behind what must come first, until nothing moves."""
    durations = arguments["durations"]
    begins: list[Number] = [0] * len(durations)
    for _ in range(len(durations) + 1):
        moved = False
        for first, second in arguments["before"]:
            if begins[second] < begins[first] + durations[first]:
                begins[second], moved = begins[first] + durations[first], True
        if not moved:
            return max((begin + d for begin, d in zip(begins, durations, strict=True)), default=0)
    return None


def _first_jobs(arguments: Arguments) -> Arguments:
    return {name: values[:6] for name, values in arguments.items()}


PROBLEMS = {
    "job_shop": Problem(
        _shop,
        _shop_brute,
        smaller=lambda a: {"jobs": [job[:3] for job in a["jobs"][:3]]},
        parameters=("jobs",),
    ),
    "weighted_tardiness": Problem(
        _penalty,
        _penalty_brute,
        _penalty_second,
        _first_jobs,
        ("durations", "dues", "weights"),
    ),
    "interval_scheduling": Problem(
        _chosen,
        _chosen_brute,
        _chosen_second,
        lambda a: {name: values[:9] for name, values in a.items()},
        ("intervals", "weights"),
    ),
    "min_rooms": Problem(_rooms, _rooms_brute, parameters=("intervals",)),
    "critical_path": Problem(_length, lambda a: None, _length_second, parameters=("durations", "before")),
}
