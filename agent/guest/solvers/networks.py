"""Flows and trees in networks."""

from __future__ import annotations

from collections import deque
from math import inf

from ._answer import Answer, Number, answered
from ._read import flag, label
from ._read_graph import indexed, weighted


def max_flow(edges: object, source: object, sink: object, two_way: bool = False) -> Answer:
    """Most flow from source to sink over edges (a, b, capacity); also the size of the smallest cut.

    Exact; thousands of edges. `.solution` is the flow of each edge, in their order.

    >>> max_flow([("s", "a", 3), ("s", "b", 2), ("a", "t", 2), ("b", "t", 3)], source="s", sink="t")
    4
    """
    found = weighted(edges, 1, '[("s", "a", 3)]')
    if flag(two_way, "two_way"):
        found = [*found, *[(second, first, values) for first, second, values in found]]
    vertices, _ = indexed([(first, second) for first, second, _ in found])
    place = {vertex: index for index, vertex in enumerate(vertices)}
    for end in (label(source), label(sink)):
        if end not in place:
            raise ValueError(f"{end!r} is in no edge; the vertices are {vertices[:20]}")
    arcs: list[tuple[int, int, Number]] = [(place[a], place[b], values[0]) for a, b, values in found]
    start, goal = place[label(source)], place[label(sink)]
    flows = _flows(arcs, len(vertices), start, goal)
    value = sum(_signed(arc, start) * flow for arc, flow in zip(arcs, flows, strict=True))
    arguments: dict[str, object] = {"nodes": len(vertices), "edges": arcs, "source": start, "sink": goal}
    return answered("max_flow", arguments, value, flows)


def _signed(arc: tuple[int, int, Number], start: int) -> int:
    return (arc[0] == start) - (arc[1] == start)


def _flows(arcs: list[tuple[int, int, Number]], count: int, start: int, goal: int) -> list[Number]:
    """Edmonds and Karp: fill the shortest way that has room left, until there is none."""
    room: list[Number] = [value for _, _, capacity in arcs for value in (capacity, 0)]
    ends = [end for first, second, _ in arcs for end in (second, first)]
    leaving: list[list[int]] = [[] for _ in range(count)]
    for index, (first, second, _) in enumerate(arcs):
        leaving[first].append(2 * index)
        leaving[second].append(2 * index + 1)
    while start != goal:
        came = _way(room, ends, leaving, start)
        if goal not in came:
            break
        way: list[int] = []
        stop = goal
        while stop != start:
            way.append(came[stop])
            stop = ends[came[stop] ^ 1]
        amount = min((room[step] for step in way), default=inf)
        for step in way:
            room[step] -= amount
            room[step ^ 1] += amount
    return [room[2 * index + 1] for index in range(len(arcs))]


def _way(room: list[Number], ends: list[int], leaving: list[list[int]], start: int) -> dict[int, int]:
    came: dict[int, int] = {start: -1}
    queue = deque([start])
    while queue:
        stop = queue.popleft()
        for step in leaving[stop]:
            if room[step] > 0 and ends[step] not in came:
                came[ends[step]] = step
                queue.append(ends[step])
    return came


def min_spanning_tree(edges: object) -> Answer:
    """Cheapest set of edges (a, b, cost) that connects all vertices.

    Exact; thousands of edges.

    >>> min_spanning_tree([("A", "B", 4), ("B", "C", 2), ("A", "C", 5)])
    6
    """
    found = weighted(edges, 1, '[("A", "B", 4)]')
    vertices, _ = indexed([(first, second) for first, second, _ in found])
    root = {vertex: vertex for vertex in vertices}
    used: list[int] = []
    for index in sorted(range(len(found)), key=lambda index: found[index][2][0]):
        ends = []
        for end in found[index][:2]:
            while root[end] != end:
                end = root[end]
            ends.append(end)
        if ends[0] != ends[1]:
            root[ends[0]] = ends[1]
            used.append(index)
    if len(used) != max(len(vertices) - 1, 0):
        raise ValueError("the edges do not connect all vertices")
    place = {vertex: index for index, vertex in enumerate(vertices)}
    arguments: dict[str, object] = {
        "nodes": len(vertices),
        "edges": [[place[a], place[b], values[0]] for a, b, values in found],
    }
    shown = [(*found[index][:2], found[index][2][0]) for index in sorted(used)]
    total = sum(found[index][2][0] for index in used)
    return answered("min_spanning_tree", arguments, total, sorted(used), shown=shown)
