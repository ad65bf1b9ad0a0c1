"""Checks of covers, depots, assignments and linear programs."""

from __future__ import annotations

from importlib import import_module
from itertools import permutations
from math import perm
from typing import Any

from ._problem import (
    INFINITE,
    MOST,
    Arguments,
    Number,
    Problem,
    Row,
    highs,
    need,
    number_of,
    subsets,
    value_of,
)

#: The solver has used HiGHS itself for more than that many coefficients.
_EXACT = 2_500


def _cover(arguments: Arguments, chosen: Any) -> Number:
    covered = [element for index in chosen for element in arguments["subsets"][index]]
    need(all(element in covered for element in arguments["universe"]), "something is not covered")
    return number_of(sum(arguments["costs"][index] for index in chosen))


def _cover_brute(arguments: Arguments) -> Number | None:
    sets = arguments["subsets"]
    if 1 << len(sets) > MOST // 2:
        return None
    masks = [sum(1 << i for i, element in enumerate(arguments["universe"]) if element in s) for s in sets]
    everything = (1 << len(arguments["universe"])) - 1
    best: Number | None = None
    for chosen in subsets(len(sets)):
        mask = 0
        for index in chosen:
            mask |= masks[index]
        if mask == everything:
            cost = sum(arguments["costs"][index] for index in chosen)
            best = cost if best is None else min(best, cost)
    return best


def _cover_second(arguments: Arguments) -> Number | None:
    rows: list[Row] = [
        ({i: 1 for i, members in enumerate(arguments["subsets"]) if element in members}, 1, INFINITE)
        for element in arguments["universe"]
    ]
    return value_of(highs(arguments["costs"], rows))


def _first_sets(arguments: Arguments) -> Arguments:
    sets = arguments["subsets"][:10]
    universe = [element for element in arguments["universe"] if any(element in members for members in sets)]
    return {"subsets": sets, "universe": universe, "costs": arguments["costs"][:10]}


def _depots(arguments: Arguments, served: Any) -> Number:
    opening, serving = arguments["opening_costs"], arguments["serving_costs"]
    need(len(served) == len(serving), "not one depot for each customer")
    need(all(0 <= depot < len(opening) for depot in served), "a depot that does not exist")
    serve = sum(row[depot] for row, depot in zip(serving, served, strict=True))
    return number_of(serve + sum(opening[depot] for depot in set(served)))


def _depots_brute(arguments: Arguments) -> Number | None:
    opening, serving = arguments["opening_costs"], arguments["serving_costs"]
    if len(serving) << len(opening) > MOST:
        return None
    totals = [
        sum(opening[depot] for depot in chosen) + sum(min(row[depot] for depot in chosen) for row in serving)
        for chosen in subsets(len(opening))
        if chosen
    ]
    return number_of(min(totals))


def _depots_second(arguments: Arguments) -> Number | None:
    opening, serving = arguments["opening_costs"], arguments["serving_costs"]
    count = len(opening)
    rows: list[Row] = []
    for customer in range(len(serving)):
        first = count + customer * count
        rows.append(({first + depot: 1 for depot in range(count)}, 1, 1))
        rows += [({first + depot: 1, depot: -1}, -INFINITE, 0) for depot in range(count)]
    return value_of(highs([*opening, *[cost for row in serving for cost in row]], rows))


def _assigned(arguments: Arguments, columns: Any) -> Number:
    costs = arguments["costs"]
    taken = [(row, column) for row, column in enumerate(columns) if column is not None]
    need(len({column for _, column in taken}) == len(taken), "a column is taken twice")
    need(len(taken) == min(len(costs), len(costs[0])), "not as many pairs as possible")
    return number_of(sum(costs[row][column] for row, column in taken))


def _assigned_brute(arguments: Arguments) -> Number | None:
    costs = arguments["costs"]
    costs = costs if len(costs) <= len(costs[0]) else [list(column) for column in zip(*costs, strict=True)]
    if perm(len(costs[0]), len(costs)) > MOST:
        return None
    totals = [
        sum(costs[row][column] for row, column in enumerate(columns))
        for columns in permutations(range(len(costs[0])), len(costs))
    ]
    return number_of(max(totals) if arguments["maximize"] else min(totals))


def _assigned_second(arguments: Arguments) -> Number | None:
    optimize: Any = import_module("scipy.optimize")
    rows, columns = optimize.linear_sum_assignment(arguments["costs"], maximize=arguments["maximize"])
    total: float = sum(arguments["costs"][row][column] for row, column in zip(rows, columns, strict=True))
    return total


def _values(arguments: Arguments, values: Any) -> Number:
    need(all(value >= -1e-9 for value in values), "a value is negative")
    for value, whole in zip(values, arguments["integer"], strict=True):
        need(not whole or abs(value - round(value)) < 1e-6, "a value is not whole")
    for coefficients, sense, limit in arguments["constraints"]:
        total = sum(c * value for c, value in zip(coefficients, values, strict=True))
        slack = 1e-6 * max(1, abs(limit))
        need(sense == ">=" or total <= limit + slack, f"{total} is above {limit}")
        need(sense == "<=" or total >= limit - slack, f"{total} is below {limit}")
    total = sum(c * value for c, value in zip(arguments["objective"], values, strict=True))
    return number_of(total + arguments.get("constant", 0))


def _values_second(arguments: Arguments) -> Number | None:
    costs, constraints = arguments["objective"], arguments["constraints"]
    if len(costs) * len(constraints) >= _EXACT:
        return None
    rows: list[Row] = [
        (dict(enumerate(terms)), -INFINITE if sense == "<=" else limit, INFINITE if sense == ">=" else limit)
        for terms, sense, limit in constraints
    ]
    solved = highs(
        costs,
        rows,
        maximize=arguments["maximize"],
        upper=INFINITE,
        integer=[bool(w) for w in arguments["integer"]],
    )
    return None if solved is None else solved[0] + arguments.get("constant", 0)


PROBLEMS = {
    "set_cover": Problem(
        _cover,
        _cover_brute,
        _cover_second,
        _first_sets,
        ("subsets", "universe", "costs"),
    ),
    "facility_location": Problem(
        _depots,
        _depots_brute,
        _depots_second,
        lambda a: a | {"serving_costs": a["serving_costs"][:4]},
        ("opening_costs", "serving_costs"),
    ),
    "assignment": Problem(
        _assigned,
        _assigned_brute,
        _assigned_second,
        lambda a: a | {"costs": [row[:6] for row in a["costs"][:6]]},
        ("costs", "maximize"),
    ),
    "linear_program": Problem(_values, lambda a: None, _values_second),
}
