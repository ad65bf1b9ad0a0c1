"""Largest groups in a graph: without any edge inside, or with all of them."""

from __future__ import annotations

from ._answer import Answer, answered
from ._cp import Search, Steps, TooLargeError
from ._read_graph import graph

_STEPS = 60_000


def max_independent_set(edges: object, vertices: object = None) -> Answer:
    """Largest group without any pair of `edges` (conflicts, enemies) in it; vertices: how many there are.

    Exact; about 80 vertices. `.solution` is the group.

    >>> max_independent_set(edges=[("P0", "P1"), ("P1", "P2")], vertices=4)
    3
    """
    labels, links = graph(edges, vertices)
    members = _largest(_around(len(labels), links))
    return _group("max_independent_set", labels, links, members)


def max_clique(edges: object, vertices: object = None) -> Answer:
    """Largest group in which each pair is in `edges` (friends, compatible, linked).

    Exact; about 80 vertices. `.solution` is the group.

    >>> max_clique([("A", "B"), ("B", "C"), ("A", "C"), ("C", "D")])
    3
    """
    labels, links = graph(edges, vertices)
    everything = (1 << len(labels)) - 1
    others = [everything & ~around & ~(1 << i) for i, around in enumerate(_around(len(labels), links))]
    return _group("max_clique", labels, links, _largest(others))


def min_vertex_cover(edges: object, vertices: object = None) -> Answer:
    """Fewest vertices (guards, cameras) such that each edge has one of them at an end.

    Exact; about 80 vertices. `.solution` is those vertices.

    >>> min_vertex_cover([("A", "B"), ("B", "C"), ("C", "D")])
    2
    """
    labels, links = graph(edges, vertices)
    left_out = _largest(_around(len(labels), links))
    members = [index for index in range(len(labels)) if index not in left_out]
    return _group("min_vertex_cover", labels, links, members)


def _group(
    function: str, labels: list[int | str], links: list[tuple[int, int]], members: list[int]
) -> Answer:
    arguments: dict[str, object] = {"vertices": len(labels), "edges": links}
    return answered(function, arguments, len(members), members, shown=[labels[index] for index in members])


def _around(count: int, links: list[tuple[int, int]]) -> list[int]:
    around = [0] * count
    for first, second in links:
        around[first] |= 1 << second
        around[second] |= 1 << first
    return around


def _largest(around: list[int]) -> list[int]:
    """Return the members of a largest set without an edge inside."""
    try:
        mask = _Independent(around).largest((1 << len(around)) - 1)
    except TooLargeError:
        return _largest_by_search(around)
    return [index for index in range(len(around)) if mask >> index & 1]


class _Independent:
    """Takes a vertex with at most one neighbour left; otherwise tries the one with most both ways."""

    def __init__(self, around: list[int]) -> None:
        self._around = around
        self._known: dict[int, int] = {}
        self._steps = Steps(_STEPS)

    def largest(self, left: int) -> int:
        """Return a largest set among the vertices that are left."""
        taken = 0
        while left:
            degrees = [
                (self._around[i] & left).bit_count() if left >> i & 1 else -1
                for i in range(left.bit_length())
            ]
            easy = next((index for index, degree in enumerate(degrees) if 0 <= degree <= 1), None)
            if easy is None:
                return taken | self._branch(left, max(range(len(degrees)), key=degrees.__getitem__))
            taken |= 1 << easy
            left &= ~(self._around[easy] | 1 << easy)
        return taken

    def _branch(self, left: int, vertex: int) -> int:
        if left not in self._known:
            self._steps.take()
            bit = 1 << vertex
            having = bit | self.largest(left & ~(self._around[vertex] | bit))
            lacking = self.largest(left & ~bit)
            self._known[left] = max(having, lacking, key=int.bit_count)
        return self._known[left]


def _largest_by_search(around: list[int]) -> list[int]:
    search = Search()
    inside = search.booleans(len(around))
    for first, mask in enumerate(around):
        for second in range(first):
            if mask >> second & 1:
                search.model.add_bool_or([inside[first].negated(), inside[second].negated()])
    search.model.maximize(sum(inside))
    search.solve()
    return search.chosen(inside)
