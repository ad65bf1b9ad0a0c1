"""HiGHS, by way of SciPy, for what outgrows plain Python and has good linear bounds; loaded late."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

#: The search of a program must end before its sandbox does.
_SECONDS = 20.0

type Limits = Sequence[tuple[Sequence[float], float, float]]


def best_values(costs: Sequence[float], rows: Limits, whole: Sequence[bool]) -> list[float]:
    """Return values of at least 0 with the smallest cost; each row lies between its two numbers.

    Raises:
        ValueError: There is no solution, or it took too long.
    """
    optimize = _library("scipy.optimize")
    matrix = [row[0] for row in rows]
    limits = optimize.LinearConstraint(matrix, [row[1] for row in rows], [row[2] for row in rows])
    return _solved(optimize, costs, limits if rows else (), whole, float("inf"))


def best_choice(costs: Sequence[float], rows: Sequence[Sequence[int]], exact: int) -> list[int]:
    """Return which 0-1 variables to take: exactly one of each first row, at most one of each other row."""
    optimize, sparse = _library("scipy.optimize"), _library("scipy.sparse")
    places = [(index, column) for index, row in enumerate(rows) for column in row]
    ones = ([1.0] * len(places), ([place[0] for place in places], [place[1] for place in places]))
    matrix = sparse.csr_matrix(ones, shape=(len(rows), len(costs)))
    limits = optimize.LinearConstraint(matrix, [float(index < exact) for index in range(len(rows))], 1.0)
    values = _solved(optimize, costs, limits, [True] * len(costs), 1.0)
    return [index for index, value in enumerate(values) if value > 0.5]


def _solved(
    optimize: Any, costs: Sequence[float], limits: object, whole: Sequence[bool], upper: float
) -> list[float]:
    result = optimize.milp(
        costs,
        constraints=limits,
        bounds=optimize.Bounds(0, upper),
        integrality=[int(value) for value in whole],
        options={"time_limit": _SECONDS, "mip_rel_gap": 0.0},
    )
    if result.status != 0:
        raise ValueError(f"not solved: {result.message}")
    return [float(value) for value in result.x]


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ValueError("too large for plain Python, and SciPy is not there; use a smaller case") from error
