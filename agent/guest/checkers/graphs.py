"""Checks of groups, colours, trees and flows in graphs."""

from __future__ import annotations

from itertools import combinations
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
    places,
    subsets,
    value_of,
)


def _edges(arguments: Arguments) -> set[tuple[int, int]]:
    return {(min(a, b), max(a, b)) for a, b in arguments["edges"]}


def _gaps(arguments: Arguments) -> list[tuple[int, int]]:
    """Return the pairs that are no edges."""
    edges = _edges(arguments)
    return [pair for pair in combinations(range(arguments["vertices"]), 2) if pair not in edges]


def _colours(arguments: Arguments, colours: Any) -> Number:
    need(len(colours) == arguments["vertices"], "not one colour for each vertex")
    need(all(colours[a] != colours[b] for a, b in arguments["edges"]), "an edge has one colour at both ends")
    return len(set(colours))


def _colours_brute(arguments: Arguments) -> Number | None:
    count = arguments["vertices"]
    if count > 9:
        return None
    return (
        min(
            (
                max(place) + 1
                for place in places(count, count)
                if all(place[a] != place[b] for a, b in arguments["edges"])
            ),
            default=0,
        )
        if count
        else 0
    )


def _colours_second(arguments: Arguments) -> Number | None:
    count, edges = arguments["vertices"], arguments["edges"]
    degrees = [sum(vertex in edge for edge in edges) for vertex in range(count)]
    most = max(degrees, default=0) + 1
    rows: list[Row] = [({most + v * most + c: 1 for c in range(most)}, 1, 1) for v in range(count)]
    for a, b in edges:
        rows += [({most + a * most + c: 1, most + b * most + c: 1, c: -1}, -INFINITE, 0) for c in range(most)]
    rows += [({c - 1: 1, c: -1}, 0, INFINITE) for c in range(1, most)]
    rows += [({most + v * most + c: 1, c: -1}, -INFINITE, 0) for v in range(count) for c in range(most)]
    return value_of(highs([1] * most + [0] * (count * most), rows))


def _independent(arguments: Arguments, members: Any) -> Number:
    need(len(set(members)) == len(members), "a vertex is named twice")
    need(
        not any(a in members and b in members for a, b in arguments["edges"]),
        "both ends of an edge are in it",
    )
    return len(members)


def _independent_brute(arguments: Arguments) -> Number | None:
    if 1 << arguments["vertices"] > MOST // 2:
        return None
    edges = [1 << a | 1 << b for a, b in arguments["edges"]]
    masks = range(1 << arguments["vertices"])
    return max(mask.bit_count() for mask in masks if not any(mask & edge == edge for edge in edges))


def _independent_second(arguments: Arguments) -> Number | None:
    rows: list[Row] = [({a: 1, b: 1}, 0, 1) for a, b in arguments["edges"]]
    return value_of(highs([1] * arguments["vertices"], rows, maximize=True))


def _turned(arguments: Arguments) -> Arguments:
    """A clique is an independent set among what are no edges."""
    return arguments | {"edges": _gaps(arguments)}


def _cover(arguments: Arguments, members: Any) -> Number:
    need(all(a in members or b in members for a, b in arguments["edges"]), "an edge has nothing at its ends")
    return len(set(members))


def _cover_brute(arguments: Arguments) -> Number | None:
    if 1 << arguments["vertices"] > MOST // 2:
        return None
    edges = [1 << a | 1 << b for a, b in arguments["edges"]]
    masks = range(1 << arguments["vertices"])
    return min(mask.bit_count() for mask in masks if all(mask & edge for edge in edges))


def _cover_second(arguments: Arguments) -> Number | None:
    rows: list[Row] = [({a: 1, b: 1}, 1, INFINITE) for a, b in arguments["edges"]]
    return value_of(highs([1] * arguments["vertices"], rows))


def _flow(arguments: Arguments, flows: Any) -> Number:
    edges = arguments["edges"]
    left: list[Number] = [0] * arguments["nodes"]
    for (first, second, capacity), flow in zip(edges, flows, strict=True):
        need(-1e-9 <= flow <= capacity + 1e-9, "a flow is above its capacity")
        left[first] -= flow
        left[second] += flow
    ends = (arguments["source"], arguments["sink"])
    need(all(abs(v) < 1e-6 for node, v in enumerate(left) if node not in ends), "flow gets lost on its way")
    return left[arguments["sink"]]


def _flow_brute(arguments: Arguments) -> Number | None:
    """The smallest cut: no flow is larger."""
    inner = [
        node for node in range(arguments["nodes"]) if node not in (arguments["source"], arguments["sink"])
    ]
    if 1 << len(inner) > MOST // 10:
        return None
    sides = [{arguments["source"], *[inner[index] for index in chosen]} for chosen in subsets(len(inner))]
    cuts = [sum(c for a, b, c in arguments["edges"] if a in side and b not in side) for side in sides]
    return number_of(min(cuts))


def _flow_second(arguments: Arguments) -> Number | None:
    edges = arguments["edges"]
    rows: list[Row] = []
    for node in range(arguments["nodes"]):
        if node not in (arguments["source"], arguments["sink"]):
            terms = dict.fromkeys(range(len(edges)), 0.0)
            for index, (a, b, _) in enumerate(edges):
                terms[index] += (b == node) - (a == node)
            rows.append((terms, 0, 0))
    costs = [float((b == arguments["sink"]) - (a == arguments["sink"])) for a, b, _ in edges]
    upper = [float(capacity) for _, _, capacity in edges]
    return value_of(highs(costs, rows, maximize=True, upper=upper, integer=False))


def _tree(arguments: Arguments, used: Any) -> Number:
    reached = {0}
    edges = [arguments["edges"][index] for index in used]
    for _ in edges:
        reached |= {end for a, b, _ in edges if a in reached or b in reached for end in (a, b)}
    need(len(reached) == arguments["nodes"] or not arguments["nodes"], "not everything is connected")
    return number_of(sum(cost for _, _, cost in edges))


def _tree_second(arguments: Arguments) -> Number | None:
    """Prim: grow one tree by the cheapest edge that leads out of it."""
    inside, total = {0}, 0
    while len(inside) < arguments["nodes"]:
        leaving = [(cost, a, b) for a, b, cost in arguments["edges"] if (a in inside) != (b in inside)]
        if not leaving:
            return None
        cost, a, b = min(leaving)
        inside |= {a, b}
        total += cost
    return total


def _first_vertices(arguments: Arguments) -> Arguments:
    edges = [[a, b] for a, b in arguments["edges"] if a < 8 and b < 8]
    return {"vertices": min(arguments["vertices"], 8), "edges": edges}


PROBLEMS = {
    "graph_colouring": Problem(
        _colours,
        _colours_brute,
        _colours_second,
        _first_vertices,
        ("edges", "vertices"),
    ),
    "max_independent_set": Problem(
        _independent,
        _independent_brute,
        _independent_second,
        _first_vertices,
        ("edges", "vertices"),
    ),
    "max_clique": Problem(
        lambda a, members: _independent(_turned(a), members),
        lambda a: _independent_brute(_turned(a)),
        lambda a: _independent_second(_turned(a)),
        _first_vertices,
        ("edges", "vertices"),
    ),
    "min_vertex_cover": Problem(
        _cover,
        _cover_brute,
        _cover_second,
        _first_vertices,
        ("edges", "vertices"),
    ),
    "max_flow": Problem(_flow, _flow_brute, _flow_second, parameters=("edges", "source", "sink")),
    "min_spanning_tree": Problem(_tree, lambda a: None, _tree_second, parameters=("edges",)),
}
