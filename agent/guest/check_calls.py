"""Checks recorded calls of the solvers; runs in a sandbox of its own, on data that may be forged."""

from __future__ import annotations

import json
import math
from typing import Any

from . import solvers
from .checkers import choosing, formulas, graphs, packing, routes, scheduling
from .checkers._problem import BrokenError, Number, Problem

_PROBLEMS: dict[str, Problem] = (
    choosing.PROBLEMS
    | formulas.PROBLEMS
    | graphs.PROBLEMS
    | packing.PROBLEMS
    | routes.PROBLEMS
    | scheduling.PROBLEMS
)

type Verdict = dict[str, Any]


def check_file(path: str) -> list[Verdict]:
    """Return a verdict for each call of the file, a JSON list."""
    with open(path, encoding="utf-8") as file:
        return [check(call) for call in json.load(file)]


def check(call: dict[str, Any]) -> Verdict:
    """Return whether a solution satisfies the constraints, whether its value is the best, and why.

    `feasible` and `optimal` are None where that could not be found out.
    """
    problem = _PROBLEMS.get(call["function"])
    if problem is None:
        return {"detail": "nothing is known to check"}
    try:
        return _checked(call["function"], problem, call["arguments"], call["value"], call["solution"])
    except BrokenError as error:
        return {"feasible": False, "detail": str(error)}
    except Exception as error:  # forged or malformed: any exception of any line
        return {"detail": f"not checked: {type(error).__name__}: {error}"[:200]}


def _checked(
    function: str, problem: Problem, arguments: dict[str, Any], value: Number, solution: Any
) -> Verdict:
    measured = problem.measure(arguments, solution)
    if measured is not None and not _same(measured, value):
        return {"feasible": False, "detail": f"the solution has the value {measured}, not {value}"}
    found, method = problem.brute(arguments), "brute force"
    if found is None:
        found, method = problem.second(arguments), "a second method"
    optimal = None if found is None else _same(found, value)
    detail = f"the solution with {value} satisfies the constraints" if measured is not None else f"{value}"
    if optimal is None:
        detail += "; whether it is the best was not checked"
    else:
        detail += f"; {method} has {_short(found)}"
    smaller = _smaller(function, problem, arguments)
    return {"feasible": True, "optimal": optimal, "smaller": smaller, "detail": detail}


def _smaller(function: str, problem: Problem, arguments: dict[str, Any]) -> bool | None:
    """Whether solver and brute force agree on the first few things of the data."""
    if problem.smaller is None:
        return None
    part = problem.smaller(arguments)
    found = problem.brute(part)
    if found is None:
        found = problem.second(part)
    solver = getattr(solvers, function)
    return None if found is None else _same(found, solver(*[part[name] for name in problem.parameters]))


def _same(first: Number, second: Number) -> bool:
    return math.isclose(first, second, rel_tol=1e-7, abs_tol=1e-6)


def _short(value: Number | None) -> str:
    return "none" if value is None else f"{value:.10g}"
