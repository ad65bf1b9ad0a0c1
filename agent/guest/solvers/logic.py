"""Formulas of or-clauses: can they hold, in how many ways, and how many of them at once."""

from __future__ import annotations

from collections.abc import Iterable

from ._answer import Answer, Number, answered
from ._clauses import read_clauses
from ._cp import Search, Steps, TooLargeError
from ._read import numbers, same_length, scaled

_STEPS = 150_000


def count_sat(clauses: object, variables: object = None) -> Answer:
    """Number of truth assignments that satisfy all clauses; variables: how many there are.

    Exact; about 30 variables. Clauses are text or lists of signed numbers.

    >>> count_sat("(x1 or not x2) and (x2 or x3)", variables=3)
    4
    """
    labels, read = read_clauses(clauses, variables)
    count = _Count().of(frozenset(frozenset(clause) for clause in read), len(labels))
    return answered("count_sat", {"variables": len(labels), "clauses": read}, count, None)


def solve_sat(clauses: object, variables: object = None) -> Answer:
    """Whether all clauses can hold at once, True or False; `.solution` is such an assignment.

    Exact; hundreds of variables in most cases.

    >>> solve_sat("(x1 or x2) and (not x1) and (not x2)")
    False
    """
    labels, read = read_clauses(clauses, variables)
    try:
        found = _satisfy([frozenset(clause) for clause in read], Steps(_STEPS))
    except TooLargeError:
        found = _satisfy_by_search(len(labels), read)
    values = None if found is None else [index + 1 in found for index in range(len(labels))]
    shown = None if values is None else dict(zip(labels, values, strict=True))
    arguments: dict[str, object] = {"variables": len(labels), "clauses": read}
    return answered("solve_sat", arguments, values is not None, values, shown=shown)


def max_sat(clauses: object, weights: object = None) -> Answer:
    """Largest number of clauses that one assignment satisfies at the same time; weights: largest weight.

    Exact; about 40 variables.

    >>> max_sat("(x1 or x2) and (not x1) and (not x2)")
    2
    """
    labels, read = read_clauses(clauses)
    worth: list[Number] = [1] * len(read) if weights is None else numbers(weights, "weights")
    same_length(clauses=read, weights=worth)
    if min(worth, default=0) < 0:
        raise ValueError("weights must not be negative")
    try:
        values = _Best(len(labels), read, worth).values()
    except TooLargeError:
        values = _best_by_search(len(labels), read, worth)
    held = [any(values[abs(literal) - 1] == (literal > 0) for literal in clause) for clause in read]
    total = sum(weight for weight, holds in zip(worth, held, strict=True) if holds)
    arguments: dict[str, object] = {"variables": len(labels), "clauses": read, "weights": worth}
    return answered("max_sat", arguments, total, values, shown=dict(zip(labels, values, strict=True)))


type Clauses = frozenset[frozenset[int]]


class _Count:
    """Counts by splitting on a variable; what has been counted once is remembered."""

    def __init__(self) -> None:
        self._known: dict[Clauses, tuple[int, int]] = {}

    def of(self, clauses: Clauses, variables: int) -> int:
        """Return the number of assignments of so many variables."""
        clauses = frozenset(clause for clause in clauses if not any(-literal in clause for literal in clause))
        count, among = self._count(clauses)
        return count << variables - among

    def _count(self, clauses: Clauses) -> tuple[int, int]:
        """Return a number of assignments, and of how many variables those are."""
        if not clauses:
            return 1, 0
        if frozenset() in clauses:
            return 0, 0
        if clauses not in self._known:
            literal = abs(min(_shortest(clauses)))
            sides = [self._count(_given(clauses, sign * literal)) for sign in (1, -1)]
            among = max(side[1] for side in sides)
            self._known[clauses] = sum(count << among - own for count, own in sides), among + 1
        return self._known[clauses]


def _shortest(clauses: Iterable[frozenset[int]]) -> frozenset[int]:
    lengths = [(len(clause), clause) for clause in clauses]
    return min(lengths, key=lambda pair: pair[0])[1]


def _given(clauses: Clauses, literal: int) -> Clauses:
    return frozenset(clause - {-literal} for clause in clauses if literal not in clause)


def _satisfy(clauses: list[frozenset[int]], steps: Steps) -> set[int] | None:
    """Return the literals of an assignment (Davis, Putnam, Logemann, Loveland), or None."""
    steps.take()
    held: set[int] = set()
    while True:
        single = next((clause for clause in clauses if len(clause) <= 1), None)
        if single is None:
            break
        if not single:
            return None
        (literal,) = single
        held.add(literal)
        clauses = [clause - {-literal} for clause in clauses if literal not in clause]
    if not clauses:
        return held
    choice = min(_shortest(clauses))
    for literal in (choice, -choice):
        rest = [clause - {-literal} for clause in clauses if literal not in clause]
        found = _satisfy(rest, steps)
        if found is not None:
            return held | {literal} | found
    return None


class _Best:
    """Gives variables values one by one, and turns back when too many clauses are lost already."""

    def __init__(self, count: int, clauses: list[list[int]], worth: list[Number]) -> None:
        self._clauses = [set(clause) for clause in clauses]
        self._worth = worth
        self._values = [False] * count
        self._found = [False] * count
        self._least: Number = sum(worth) + 1
        uses = [sum(index + 1 in map(abs, clause) for clause in clauses) for index in range(count)]
        self._order = sorted(range(count), key=lambda index: -uses[index])
        self._steps = Steps(_STEPS)

    def values(self) -> list[bool]:
        """Return the value of each variable."""
        self._search(0, list(range(len(self._clauses))), 0)
        return self._found

    def _search(self, depth: int, left: list[int], lost: Number) -> None:
        self._steps.take()
        if lost >= self._least:
            return
        if depth == len(self._order) or not left:
            self._least, self._found = lost, list(self._values)
            return
        variable = self._order[depth]
        later = {sign * (index + 1) for index in self._order[depth + 1 :] for sign in (1, -1)}
        for value in self._promising(variable + 1, left):
            self._values[variable] = value
            literal = variable + 1 if value else -variable - 1
            open_ = [index for index in left if literal not in self._clauses[index]]
            dead = [index for index in open_ if not self._clauses[index] & later]
            price = lost + sum(self._worth[index] for index in dead)
            self._search(depth + 1, [index for index in open_ if index not in dead], price)

    def _promising(self, variable: int, left: list[int]) -> tuple[bool, bool]:
        plus = sum(variable in self._clauses[index] for index in left)
        minus = sum(-variable in self._clauses[index] for index in left)
        return (True, False) if plus >= minus else (False, True)


def _satisfy_by_search(count: int, clauses: list[list[int]]) -> set[int] | None:
    search = Search()
    variables = search.booleans(count)
    for clause in clauses:
        search.model.add_bool_or([_literal(variables, literal) for literal in clause])
    try:
        search.solve()
    except ValueError as error:
        if "no solution" not in str(error):
            raise
        return None
    true = set(search.chosen(variables))
    return {index + 1 if index in true else -index - 1 for index in range(count)}


def _best_by_search(count: int, clauses: list[list[int]], worth: list[Number]) -> list[bool]:
    exact, _ = scaled(worth)
    search = Search()
    variables, held = search.booleans(count), search.booleans(len(clauses))
    for clause, holds in zip(clauses, held, strict=True):
        literals = [_literal(variables, literal) for literal in clause]
        search.model.add_bool_or([*literals, holds.negated()])
    search.model.maximize(sum(weight * holds for weight, holds in zip(exact, held, strict=True)))
    search.solve()
    true = set(search.chosen(variables))
    return [index in true for index in range(count)]


def _literal(variables: list[object], literal: int) -> object:
    variable: object = variables[abs(literal) - 1]
    negated: object = getattr(variable, "negated")() if literal < 0 else variable  # noqa: B009 (no type is known)
    return negated
