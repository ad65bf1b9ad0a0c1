"""What can be checked about a kind of problem, and the tools for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import product
from typing import Any, NamedTuple

type Number = int | float
type Arguments = dict[str, Any]
#: Terms by the index of a variable, and between which values their sum must be.
type Row = tuple[Mapping[int, float], float, float]

#: Candidates that brute force goes through; about a second.
MOST = 150_000
INFINITE = float("inf")
_SECONDS = 8.0


class BrokenError(Exception):
    """A solution violates a constraint; the text says which."""


class Problem(NamedTuple):
    """How a kind of problem is checked. All take the arguments as the solvers recorded them.

    Attributes:
        measure: Puts a solution back into the constraints and returns its value.
        brute: Goes through everything; None where that is too much.
        second: Finds the value in another way than the solvers do; None where it cannot.
        smaller: Cuts the arguments down to the first few things; None where that makes no sense.
        parameters: Names of the arguments in the order in which the solver takes them.
    """

    measure: Callable[[Arguments, Any], Number | None]
    brute: Callable[[Arguments], Number | None]
    second: Callable[[Arguments], Number | None] = lambda arguments: None
    smaller: Callable[[Arguments], Arguments] | None = None
    parameters: tuple[str, ...] = ()


def need(condition: object, text: str) -> None:
    """Raise what says that a constraint is violated, unless it holds."""
    if not condition:
        raise BrokenError(text)


def number_of(value: Any) -> Number:
    """Return a number as what it is; forged data can have led to anything."""
    need(isinstance(value, int | float), "no number")
    number: Number = value
    return number


def each_once(order: Sequence[int], count: int, text: str) -> None:
    """Raise unless it holds every index below `count` once."""
    need(sorted(order) == list(range(count)), text)


def subsets(count: int) -> Iterator[list[int]]:
    """Return all choices of indexes."""
    for bits in product((False, True), repeat=count):
        yield [index for index, is_in in enumerate(bits) if is_in]


def places(count: int, groups: int) -> Iterator[tuple[int, ...]]:
    """Return all ways to put things into groups that have no names."""

    def extend(head: tuple[int, ...], used: int) -> Iterator[tuple[int, ...]]:
        if len(head) == count:
            yield head
            return
        for group in range(min(used + 1, groups)):
            yield from extend((*head, group), max(used, group + 1))

    yield from extend((), 0)


def sums(values: Sequence[Number], place: Sequence[int], groups: int) -> list[Number]:
    """Return the sum of each group."""
    totals: list[Number] = [0] * groups
    for value, group in zip(values, place, strict=True):
        totals[group] += value
    return totals


def highs(
    costs: Sequence[float],
    rows: Sequence[Row],
    *,
    maximize: bool = False,
    upper: float | Sequence[float] = 1.0,
    integer: bool | Sequence[bool] = True,
) -> tuple[Number, list[float]] | None:
    """Return the best value, and values of at least 0 that have it; None if HiGHS was not sure in time."""
    optimize: Any = import_module("scipy.optimize")
    sparse: Any = import_module("scipy.sparse")
    matrix = sparse.lil_matrix((len(rows), len(costs)))
    for index, (terms, _, _) in enumerate(rows):
        for column, value in terms.items():
            matrix[index, column] += value
    limits = [optimize.LinearConstraint(matrix.tocsr(), [row[1] for row in rows], [row[2] for row in rows])]
    wholes = [integer] * len(costs) if isinstance(integer, bool) else integer
    result = optimize.milp(
        [-cost if maximize else cost for cost in costs],
        constraints=limits if rows else (),
        bounds=optimize.Bounds(0, upper),
        integrality=[int(whole) for whole in wholes],
        options={"time_limit": _SECONDS, "mip_rel_gap": 0.0},
    )
    if result.status != 0:
        return None
    return (-result.fun if maximize else result.fun), list(result.x)


def value_of(solved: tuple[Number, list[float]] | None) -> Number | None:
    """Return the value alone."""
    return None if solved is None else solved[0]
