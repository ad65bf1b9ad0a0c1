"""Checks of formulas and of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise, product
from typing import Any

from ._problem import INFINITE, MOST, Arguments, Number, Problem, Row, highs, need, number_of, value_of


def _holds(clause: list[int], values: Sequence[bool]) -> bool:
    return any(values[abs(literal) - 1] is (literal > 0) for literal in clause)


def _small(arguments: Arguments) -> bool:
    return bool((1 << arguments["variables"]) * max(1, len(arguments["clauses"])) <= 10 * MOST)


def _every(arguments: Arguments) -> Any:
    return product((False, True), repeat=arguments["variables"])


def _counted(arguments: Arguments, solution: Any) -> None:
    """Nothing but the number was asked for."""


def _count_brute(arguments: Arguments) -> Number | None:
    if not _small(arguments):
        return None
    return sum(all(_holds(clause, values) for clause in arguments["clauses"]) for values in _every(arguments))


def _satisfied(arguments: Arguments, values: Any) -> Number | None:
    if values is None:
        return None
    need(all(_holds(clause, values) for clause in arguments["clauses"]), "a clause does not hold")
    return 1


def _satisfied_second(arguments: Arguments) -> Number | None:
    if _small(arguments):
        return int(bool(_count_brute(arguments)))
    most = _most_second(arguments | {"weights": [1] * len(arguments["clauses"])})
    return None if most is None else int(most > len(arguments["clauses"]) - 0.5)


def _most(arguments: Arguments, values: Any) -> Number:
    need(len(values) == arguments["variables"], "not one value for each variable")
    pairs = zip(arguments["clauses"], arguments["weights"], strict=True)
    return number_of(sum(weight for clause, weight in pairs if _holds(clause, values)))


def _most_brute(arguments: Arguments) -> Number | None:
    return max(_most(arguments, values) for values in _every(arguments)) if _small(arguments) else None


def _most_second(arguments: Arguments) -> Number | None:
    count, clauses = arguments["variables"], arguments["clauses"]
    rows: list[Row] = []
    for index, clause in enumerate(clauses):
        signs = dict[int, float]()
        for literal in set(clause):
            signs[abs(literal) - 1] = signs.get(abs(literal) - 1, 0) + (1 if literal > 0 else -1)
        negative = sum(literal < 0 for literal in set(clause))
        rows.append((signs | {count + index: -1}, -negative, INFINITE))
    return value_of(highs([0] * count + list(arguments["weights"]), rows, maximize=True))


def _first_variables(arguments: Arguments) -> Arguments:
    kept = [
        index
        for index, clause in enumerate(arguments["clauses"])
        if all(-6 <= literal <= 6 for literal in clause)
    ]
    cut = {"variables": min(arguments["variables"], 6), "clauses": [arguments["clauses"][i] for i in kept]}
    return cut | ({"weights": [arguments["weights"][i] for i in kept]} if "weights" in arguments else {})


def _common(arguments: Arguments, places: Any) -> Number:
    need(all(a < c and b < d for (a, b), (c, d) in pairwise(places)), "the order is another one")
    need(all(arguments["first"][a] == arguments["second"][b] for a, b in places), "entries differ")
    return len(places)


def _common_second(arguments: Arguments) -> Number | None:
    """For each length, the earliest end in the second sequence of a common subsequence of that length."""
    ends = [-1]
    for item in arguments["first"]:
        where = [place for place, other in enumerate(arguments["second"]) if other == item]
        for length in range(len(ends) - 1, -1, -1):
            place = next((place for place in where if place > ends[length]), None)
            if place is not None:
                ends[length + 1 : length + 2] = [min([place, *ends[length + 1 : length + 2]])]
    return len(ends) - 1


def _increasing(arguments: Arguments, places: Any) -> Number:
    values = [arguments["values"][place] for place in places]
    need(all(a < b for a, b in pairwise(places)), "the order is another one")
    need(
        all(a < b or (a == b and not arguments["strict"]) for a, b in pairwise(values)),
        "it does not increase",
    )
    return len(places)


def _increasing_second(arguments: Arguments) -> Number | None:
    values, strict = arguments["values"], arguments["strict"]
    if len(values) > 2_000:
        return None
    best: list[int] = []
    for index, value in enumerate(values):
        before = [best[i] for i in range(index) if values[i] < value or (values[i] == value and not strict)]
        best.append(1 + max(before, default=0))
    return max(best, default=0)


def _distance_second(arguments: Arguments) -> Number | None:
    """The longest of what can stay in place, found pair by pair: a shortest way over a grid of places."""
    first, second = arguments["first"], arguments["second"]
    if len(first) * len(second) > MOST:
        return None
    goal, steps, front, seen = (len(first), len(second)), 0, {(0, 0)}, set[tuple[int, int]]()
    while True:
        front = _slid(front, first, second)
        if goal in front:
            return steps
        seen |= front
        front = {
            (i + a, j + b)
            for i, j in front
            for a, b in ((0, 1), (1, 0), (1, 1))
            if i + a <= goal[0] and j + b <= goal[1]
        } - seen
        steps += 1


def _slid(front: set[tuple[int, int]], first: Any, second: Any) -> set[tuple[int, int]]:
    """Go on free of cost while both have the same entry."""
    reached = set(front)
    for i, j in front:
        while i < len(first) and j < len(second) and first[i] == second[j]:
            i, j = i + 1, j + 1
            reached.add((i, j))
    return reached


def _common_brute(arguments: Arguments) -> Number | None:
    short, long = sorted([arguments["first"], arguments["second"]], key=len)
    if len(short) > 11:
        return None
    lengths = range(len(short), -1, -1)
    return next(n for n in lengths if any(_within(part, long) for part in combinations(short, n)))


def _within(part: Any, whole: Any) -> bool:
    left = iter(whole)
    return all(item in left for item in part)


PROBLEMS = {
    "count_sat": Problem(
        _counted,
        _count_brute,
        smaller=_first_variables,
        parameters=("clauses", "variables"),
    ),
    "solve_sat": Problem(_satisfied, _satisfied_second),
    "max_sat": Problem(
        _most,
        _most_brute,
        _most_second,
        _first_variables,
        ("clauses", "weights"),
    ),
    "longest_common_subsequence": Problem(_common, _common_brute, _common_second),
    "longest_increasing_subsequence": Problem(_increasing, lambda a: None, _increasing_second),
    "edit_distance": Problem(_counted, lambda a: None, _distance_second),
}
