"""Checks of tours and paths."""

from __future__ import annotations

from itertools import pairwise, permutations
from math import factorial
from typing import Any

from ._problem import MOST, Arguments, Number, Problem, Row, each_once, highs, need, number_of, value_of


def _tour(arguments: Arguments, order: Any) -> Number:
    each_once(order, len(arguments["distances"]), "not each city once")
    return number_of(sum(arguments["distances"][a][b] for a, b in pairwise([*order, order[0]])))


def _tour_brute(arguments: Arguments) -> Number | None:
    count = len(arguments["distances"])
    if factorial(count - 1) > MOST // 2:
        return None
    return min(_tour(arguments, (0, *rest)) for rest in permutations(range(1, count)))


def _tour_second(arguments: Arguments) -> Number | None:
    """One way out of each city and one into it; rings that this leaves are forbidden until there is one."""
    distances = arguments["distances"]
    count = len(distances)
    arcs = [(a, b) for a in range(count) for b in range(count) if a != b]
    costs = [distances[a][b] for a, b in arcs]
    rows: list[Row] = []
    for city in range(count):
        rows += [({i: 1 for i, arc in enumerate(arcs) if arc[end] == city}, 1, 1) for end in (0, 1)]
    for _ in range(40):
        solved = highs(costs, rows)
        if solved is None:
            return None
        following = {a: b for (a, b), used in zip(arcs, solved[1], strict=True) if used > 0.5}
        ring = [0]
        while following[ring[-1]] != 0:
            ring.append(following[ring[-1]])
        if len(ring) == count:
            return solved[0]
        rows += [_broken(cities, arcs) for cities in _rings(following)]
    return None


def _rings(following: dict[int, int]) -> list[set[int]]:
    left, rings = set(following), []
    while left:
        ring, city = set[int](), min(left)
        while city not in ring:
            ring.add(city)
            city = following[city]
        rings.append(ring)
        left -= ring
    return rings


def _broken(cities: set[int], arcs: list[tuple[int, int]]) -> Row:
    inside = {i: 1.0 for i, (a, b) in enumerate(arcs) if a in cities and b in cities}
    return inside, 0, len(cities) - 1


def _path(arguments: Arguments, used: Any) -> Number:
    edges = [arguments["edges"][index] for index in used]
    stops = [arguments["start"], *[edge[1] for edge in edges]]
    need(all(edge[0] == stop for edge, stop in zip(edges, stops, strict=False)), "the edges are no path")
    need(stops[-1] == arguments["end"], "the path does not end where it must")
    if "limit" in arguments:
        need(sum(edge[3] for edge in edges) <= arguments["limit"] + 1e-9, "the path is above the limit")
    return number_of(sum(edge[2] for edge in edges))


def _path_brute(arguments: Arguments) -> Number | None:
    """Every path without a circle."""
    leaving: dict[str, list[Any]] = {}
    for edge in arguments["edges"]:
        leaving.setdefault(repr(edge[0]), []).append(edge)
    best, seen = float("inf"), 0
    waiting: list[tuple[Any, Number, Number, tuple[Any, ...]]] = [(arguments["start"], 0, 0, ())]
    while waiting:
        stop, cost, time, before = waiting.pop()
        seen += 1
        if seen > MOST:
            return None
        if stop == arguments["end"]:
            best = min(best, cost)
            continue
        for _, following, price, *more in leaving.get(repr(stop), ()):
            later = time + (more[0] if more else 0)
            if following != stop and following not in before and later <= arguments.get("limit", 0):
                waiting.append((following, cost + price, later, (*before, stop)))
    return None if best == float("inf") else best


def _path_second(arguments: Arguments) -> Number | None:
    """A flow of one from the start to the end."""
    edges = arguments["edges"]
    rows: list[Row] = []
    for stop in {end for edge in edges for end in edge[:2]}:
        terms = {i: float((edge[0] == stop) - (edge[1] == stop)) for i, edge in enumerate(edges)}
        need_ = (stop == arguments["start"]) - (stop == arguments["end"])
        rows.append((terms, need_, need_))
    if "limit" in arguments:
        rows.append(({i: edge[3] for i, edge in enumerate(edges)}, 0, arguments["limit"]))
    return value_of(highs([edge[2] for edge in edges], rows))


def _first_cities(arguments: Arguments) -> Arguments:
    return arguments | {"distances": [row[:7] for row in arguments["distances"][:7]]}


PROBLEMS = {
    "shortest_tour": Problem(_tour, _tour_brute, _tour_second, _first_cities, ("distances",)),
    "shortest_path": Problem(_path, _path_brute, _path_second, parameters=("edges", "start", "end")),
    "constrained_shortest_path": Problem(
        _path,
        _path_brute,
        _path_second,
        parameters=("edges", "start", "end", "limit"),
    ),
}
