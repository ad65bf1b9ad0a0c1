"""Linear objectives under linear constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import inf

from ._answer import Answer, Number, answered
from ._cp import Steps, TooLargeError
from ._expressions import Limit, Terms, read_limit, read_objective
from ._highs import best_values
from ._read import plain
from ._simplex import InfeasibleError, Row, UnboundedError, best_whole

#: Pivots in exact fractions, some seconds; beyond, HiGHS takes over.
_STEPS = 4_000
#: HiGHS is right to nine digits or so; what is that close to a fraction is meant to be one.
_FINEST = 1_000_000


def milp(objective: object, constraints: object, maximize: bool = True, integer: object = True) -> Answer:
    """Best whole numbers, at least 0, under linear constraints; maximize=False for the smallest total.

    `integer` may list the names of those that must be whole. `.solution` holds the values.

    >>> milp("5x + 4y", ["6x + 4y <= 24", "x + 2y <= 6"], maximize=True)
    20
    """
    return _optimum(objective, constraints, maximize, integer)


def linear_program(objective: object, constraints: object, maximize: bool = True) -> Answer:
    """Best numbers, at least 0, under linear constraints; maximize=False for the smallest total.

    `.solution` holds the values. Constraints are texts or (coefficients, "<=", number).

    >>> linear_program("5x + 4y", ["6x + 4y <= 24", "x + 2y <= 6"], maximize=True)
    21
    """
    return _optimum(objective, constraints, maximize, False)


def _optimum(objective: object, constraints: object, maximize: object, integer: object) -> Answer:
    terms, said = read_objective(objective)
    limits = [read_limit(limit) for limit in _each(constraints)]
    upwards = (
        said
        if said is not None
        else str(maximize).lower() not in ("false", "min", "minimize", "minimise", "0")
    )
    constant = terms.pop("1", Fraction(0))
    variables = _variables([terms, *[limit[0] for limit in limits]])
    sign = 1 if upwards else -1
    costs = [sign * terms.get(name, Fraction(0)) for name in variables]
    rows = [_row(limit, variables) for limit in limits]
    whole = _whole(integer, variables)
    values = _solve(costs, rows, whole)
    total = sign * sum((c * v for c, v in zip(costs, values, strict=True)), Fraction(0)) + constant
    arguments: dict[str, object] = {
        "objective": [_plain(sign * cost) for cost in costs],
        "constant": _plain(constant),
        "constraints": [[[_plain(c) for c in row], sense, _plain(limit)] for row, sense, limit in rows],
        "maximize": upwards,
        "integer": whole,
    }
    shown: list[Number] = [_plain(value) for value in values]
    by_name = any(isinstance(name, str) for name in variables)
    return answered(
        "linear_program",
        arguments,
        _plain(total),
        shown,
        shown=dict(zip(map(str, variables), shown, strict=True)) if by_name else shown,
    )


def _each(constraints: object) -> list[object]:
    constraints = plain(constraints)
    if isinstance(constraints, str):
        return [part for part in constraints.replace("\n", ",").replace(";", ",").split(",") if part.strip()]
    if not isinstance(constraints, Sequence):
        raise ValueError('constraints must look like ["x + y <= 4", "x <= 3"]')
    if (
        len(constraints) == 3
        and isinstance(constraints[1], str)
        and constraints[1].strip() in ("<=", ">=", "==", "=")
    ):
        return [constraints]
    return list(constraints)


def _variables(parts: Sequence[Terms]) -> list[str | int]:
    found = list(dict.fromkeys(name for terms in parts for name in terms))
    if all(isinstance(name, int) for name in found):
        return list(range(max((int(name) + 1 for name in found), default=0)))
    if any(isinstance(name, int) for name in found):
        raise ValueError("write the objective and the constraints both as texts, or both as lists of numbers")
    return found


def _row(limit: Limit, variables: list[str | int]) -> Row:
    terms, sense, right = limit
    return [terms.get(name, Fraction(0)) for name in variables], sense, right


def _whole(integer: object, variables: list[str | int]) -> list[bool]:
    integer = plain(integer)
    if isinstance(integer, bool | int) or integer is None:
        return [bool(integer)] * len(variables)
    if isinstance(integer, Mapping):
        integer = [name for name, value in integer.items() if value]
    if not isinstance(integer, Sequence | set):
        raise ValueError('integer must be True, False, or the names of whole variables, such as ["x"]')
    if len(integer) == len(variables) and all(isinstance(value, bool) for value in integer):
        return [bool(value) for value in integer]
    return [name in integer for name in variables]


def _solve(costs: list[Fraction], rows: list[Row], whole: list[bool]) -> list[Fraction]:
    try:
        return best_whole(costs, rows, whole, Steps(_STEPS if len(costs) * len(rows) < 2_500 else 0))
    except TooLargeError:
        return _solve_with_highs(costs, rows, whole)
    except InfeasibleError as error:
        raise ValueError("no solution: the constraints contradict each other") from error
    except UnboundedError as error:
        raise ValueError("unbounded: the objective grows without end; a constraint is missing") from error


def _solve_with_highs(costs: list[Fraction], rows: list[Row], whole: list[bool]) -> list[Fraction]:
    limits = [
        (
            [float(value) for value in row],
            float(right) if sense != "<=" else -inf,
            float(right) if sense != ">=" else inf,
        )
        for row, sense, right in rows
    ]
    values = best_values([-float(cost) for cost in costs], limits, whole)
    return [
        Fraction(round(value)) if is_whole else Fraction(value).limit_denominator(_FINEST)
        for value, is_whole in zip(values, whole, strict=True)
    ]


def _plain(value: Fraction) -> Number:
    return int(value) if value.denominator == 1 else float(value)
