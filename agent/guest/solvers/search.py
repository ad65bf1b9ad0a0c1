"""Values for variables under conditions: logic puzzles, arrangements, seatings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ._read import plain

#: A puzzle with more solutions lacks a condition.
_MAX_FOUND = 100_000

type Values = dict[object, object]


class _Condition:
    """Something that must hold for some variables; a function says by its parameters for which."""

    def __init__(self, condition: object, variables: Sequence[object]) -> None:
        scope: object = None
        if isinstance(condition, tuple | list) and len(condition) == 2:
            scope, condition = condition if callable(condition[1]) else (condition[1], condition[0])
        if not callable(condition):
            raise ValueError(
                'a constraint must look like (lambda a, b: a < b) with names of variables, or "all different"'
            )
        self._holds: Callable[..., object] = condition
        self.names = list(variables)
        self._whole = False
        if isinstance(scope, Sequence) and not isinstance(scope, str):
            self.names = list(scope)
        else:
            self._take_parameters(variables)

    def _take_parameters(self, variables: Sequence[object]) -> None:
        code = getattr(self._holds, "__code__", None)
        parameters = list(code.co_varnames[: code.co_argcount]) if code is not None else []
        defaults = getattr(self._holds, "__defaults__", None) or ()
        parameters = parameters[: len(parameters) - len(defaults)]
        if set(parameters) <= set(variables):
            self.names = list(parameters)
        elif len(parameters) == 1:
            self._whole = True
        elif len(parameters) != len(variables):
            raise ValueError(
                f"the parameters {parameters} are no variables; the variables are {list(variables)}"
            )

    def holds(self, values: Values) -> bool:
        """Whether it holds; all its variables have values."""
        if self._whole:
            return bool(self._holds(dict(values)))
        return bool(self._holds(*[values[name] for name in self.names]))


def find_assignment(variables: object, domains: object, constraints: object = ()) -> Values | None:
    """One value for each variable such that all constraints (functions of variables) hold, or None.

    `domains` is one list for all or a dict of lists. "all different" is a constraint, too.

    >>> find_assignment(["a", "b"], [1, 2, 3], [lambda a, b: a + b == 5, lambda a, b: a < b])
    {'a': 2, 'b': 3}
    """
    return next(_search(variables, domains, constraints), None)


def all_assignments(variables: object, domains: object, constraints: object = ()) -> list[Values]:
    """Every choice of values for the variables such that all constraints hold; as find_assignment.

    >>> all_assignments(["a", "b"], [1, 2, 3], [lambda a, b: a + b == 4, "all different"])
    [{'a': 1, 'b': 3}, {'a': 3, 'b': 1}]
    """
    found: list[Values] = []
    for values in _search(variables, domains, constraints):
        found.append(values)
        if len(found) > _MAX_FOUND:
            raise ValueError(f"more than {_MAX_FOUND} solutions; a constraint is missing")
    return found


def _search(variables: object, domains: object, constraints: object) -> Iterator[Values]:
    variables, domains, constraints = plain(variables), plain(domains), plain(constraints)
    if isinstance(variables, Mapping):
        variables, domains, constraints = (
            list(variables),
            variables,
            domains if not constraints else constraints,
        )
    if isinstance(variables, str):
        variables = variables.replace(",", " ").split()
    if not isinstance(variables, Sequence):
        raise ValueError('variables must look like ["a", "b"]')
    given = (
        list(constraints)
        if isinstance(constraints, Sequence) and not isinstance(constraints, str)
        else [constraints]
    )
    different = any(isinstance(condition, str) and "diff" in condition.lower() for condition in given)
    conditions = [_Condition(condition, variables) for condition in given if not isinstance(condition, str)]
    order = list(variables)
    ready = [
        [c for c in conditions if order[i] in c.names and set(c.names) <= set(order[: i + 1])]
        for i in range(len(order))
    ]
    values: Values = {}

    def choose(depth: int) -> Iterator[Values]:
        if depth == len(order):
            yield dict(values)
            return
        for value in _domain(domains, order[depth], depth):
            if different and value in values.values():
                continue
            values[order[depth]] = value
            if all(condition.holds(values) for condition in ready[depth]):
                yield from choose(depth + 1)
            del values[order[depth]]

    return choose(0)


def _domain(domains: object, variable: object, index: int) -> list[object]:
    if isinstance(domains, Mapping):
        domains = domains[variable]
    elif (
        isinstance(domains, Sequence)
        and domains
        and all(isinstance(part, list | tuple | range | set) for part in domains)
    ):
        domains = domains[index]
    domains = plain(domains)
    if isinstance(domains, set | frozenset):
        return sorted(domains, key=str)
    if not isinstance(domains, Sequence):
        raise ValueError("domains must look like [1, 2, 3] or {'a': [1, 2], 'b': [2, 3]}")
    return list(domains)
