"""Shortest tours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot, inf

from ._answer import Answer, Number, answered
from ._cp import Search
from ._read import Label, flag, label, matrix, names, number, plain, scaled

#: Above that many stops the table of subsets takes longer than CP-SAT with its start.
_TABLE = 13

_EXAMPLE = "[[0, 2, 9], [2, 0, 6], [9, 6, 0]] or [(0, 0), (3, 4), (6, 0)]"


def shortest_tour(cities: object, metric: object = "euclidean", closed: bool = True) -> Answer:
    """Shortest round trip through all cities (coordinates, or a distance matrix); closed=False: no return.

    Exact; up to about 60 cities. The tour begins at the first city.

    >>> shortest_tour([(0, 0), (0, 5), (4, 5), (4, 0)], metric="manhattan")
    18
    """
    cities = plain(cities)
    labels = names(cities)
    distances, found = _distances(cities, str(metric).lower())
    if not flag(closed, "closed"):
        distances = [[0 if column == 0 else value for column, value in enumerate(row)] for row in distances]
    length, order = _table(distances) if len(distances) <= _TABLE else _search(distances)
    labels = labels or found
    shown = [labels[stop] for stop in order] if labels else order
    return answered("shortest_tour", {"distances": distances, "closed": closed}, length, order, shown=shown)


def _distances(cities: object, metric: str) -> tuple[list[list[Number]], list[Label] | None]:
    labels = None
    if isinstance(cities, Mapping):
        cities = list(cities.values())
    if isinstance(cities, Sequence) and all(
        isinstance(row, tuple | list) and len(row) == 3 for row in cities
    ):
        if all(isinstance(row[0], str) for row in cities):
            labels = [label(row[0]) for row in cities]
            cities = [row[1:] for row in cities]
    rows = matrix(cities, "cities", _EXAMPLE)
    if len(rows[0]) == len(rows) and (len(rows) != 2 or rows[0][0] == rows[1][1] == 0):
        return rows, labels
    if len(rows[0]) != 2:
        raise ValueError(f"cities must be a square matrix or pairs of coordinates, like {_EXAMPLE}")
    return [[_apart(first, second, metric) for second in rows] for first in rows], labels


def _apart(first: Sequence[Number], second: Sequence[Number], metric: str) -> Number:
    across, up = abs(first[0] - second[0]), abs(first[1] - second[1])
    if metric in ("manhattan", "taxicab", "grid", "city block", "cityblock", "l1"):
        return across + up
    if metric in ("euclidean", "straight", "l2"):
        return number(hypot(across, up), "distance")
    if metric in ("chebyshev", "maximum", "king"):
        return max(across, up)
    raise ValueError(f'metric must be "manhattan" or "euclidean", not {metric!r}')


def _table(distances: list[list[Number]]) -> tuple[Number, list[int]]:
    """Held and Karp: the best way through each subset of stops that ends at each of them."""
    others = len(distances) - 1
    if not others:
        return 0, [0]
    best: list[list[Number]] = [[inf] * others for _ in range(1 << others)]
    before = [[-1] * others for _ in range(1 << others)]
    for stop in range(others):
        best[1 << stop][stop] = distances[0][stop + 1]
    for subset in range(1, 1 << others):
        for last in range(others):
            length = best[subset][last]
            if length == inf:
                continue
            row = distances[last + 1]
            for stop in range(others):
                if not subset >> stop & 1 and length + row[stop + 1] < best[subset | 1 << stop][stop]:
                    best[subset | 1 << stop][stop] = length + row[stop + 1]
                    before[subset | 1 << stop][stop] = last
    everything = (1 << others) - 1
    last = min(range(others), key=lambda stop: best[everything][stop] + distances[stop + 1][0])
    total = best[everything][last] + distances[last + 1][0]
    order: list[int] = []
    subset = everything
    while last >= 0:
        order.append(last + 1)
        subset, last = subset ^ 1 << last, before[subset][last]
    return total, [0, *reversed(order)]


def _search(distances: list[list[Number]]) -> tuple[Number, list[int]]:
    exact, _ = scaled(round(value, 6) for row in distances for value in row)
    count = len(distances)
    search = Search()
    arcs = [(i, j, search.model.new_bool_var("")) for i in range(count) for j in range(count) if i != j]
    search.model.add_circuit(arcs)
    search.model.minimize(sum(exact[i * count + j] * used for i, j, used in arcs))
    search.solve()
    following = {i: j for i, j, used in arcs if search.solver.value(used)}
    order = [0]
    while following[order[-1]] != 0:
        order.append(following[order[-1]])
    return sum(distances[i][following[i]] for i in order), order
