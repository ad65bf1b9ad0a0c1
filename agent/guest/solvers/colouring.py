"""Graph colouring."""

from __future__ import annotations

from itertools import pairwise

from ._answer import Answer, answered
from ._cp import Search, Steps, TooLargeError
from ._read_graph import graph

_STEPS = 60_000


def graph_colouring(edges: object, vertices: object = None) -> Answer:
    """Fewest colours (time slots, frequencies, groups) so that the two ends of no edge share one.

    Exact; about 60 vertices. `vertices` counts or names those that may have no edge.

    >>> graph_colouring([("A", "B"), ("B", "C"), ("A", "C"), ("C", "D")])
    3
    """
    labels, links = graph(edges, vertices)
    around = [0] * len(labels)
    for first, second in links:
        around[first] |= 1 << second
        around[second] |= 1 << first
    colours: list[int] = []
    try:
        colours = _Colouring(around).colours()
    except TooLargeError:
        colours = _colour_by_search(len(labels), links)
    arguments: dict[str, object] = {"vertices": len(labels), "edges": links}
    shown = dict(zip(labels, colours, strict=True))
    return answered("graph_colouring", arguments, len(set(colours)), colours, shown=shown)


min_colours = min_colors = graph_coloring = graph_colouring


class _Colouring:
    """Colours the vertex with the most colours around it first (Brélaz), and tries every colour for it."""

    def __init__(self, around: list[int]) -> None:
        self._around = around
        self._of = [-1] * len(around)
        self._best = len(around) + 1
        self._found: list[int] = []
        self._steps = Steps(_STEPS)
        self._bound = _clique(around)

    def colours(self) -> list[int]:
        """Return the colour of each vertex."""
        self._search(0, 0)
        return self._found

    def _search(self, done: int, used: int) -> None:
        self._steps.take()
        if used >= self._best or self._best == self._bound:
            return
        if done == len(self._of):
            self._best, self._found = used, list(self._of)
            return
        vertex, taken = self._hardest()
        for colour in range(min(used + 1, self._best - 1)):
            if colour not in taken:
                self._of[vertex] = colour
                self._search(done + 1, max(used, colour + 1))
                self._of[vertex] = -1

    def _hardest(self) -> tuple[int, set[int]]:
        best, choice, colours = (-1, -1), -1, set[int]()
        for vertex, around in enumerate(self._around):
            if self._of[vertex] < 0:
                taken = {
                    colour for other, colour in enumerate(self._of) if colour >= 0 and around >> other & 1
                }
                if (len(taken), around.bit_count()) > best:
                    best, choice, colours = (len(taken), around.bit_count()), vertex, taken
        return choice, colours


def _clique(around: list[int]) -> int:
    """Return the size of a clique that grew greedily from each vertex: so many colours at least."""
    largest = 0
    for vertex, first in enumerate(around):
        size, left = 1, first
        while left:
            following = max(_members(left), key=lambda other: (around[other] & left).bit_count())
            size, left = size + 1, left & around[following]
        largest = max(largest, size if vertex >= 0 else 0)
    return largest


def _members(mask: int) -> list[int]:
    return [index for index in range(mask.bit_length()) if mask >> index & 1]


def _colour_by_search(count: int, links: list[tuple[int, int]]) -> list[int]:
    degrees = [sum(vertex in link for link in links) for vertex in range(count)]
    most = max(degrees, default=0) + 1
    search = Search()
    rows = [search.booleans(most) for _ in range(count)]
    used = search.booleans(most)
    for row in rows:
        search.model.add_exactly_one(row)
        for has, exists in zip(row, used, strict=True):
            search.model.add_implication(has, exists)
    for first, second in links:
        for one, other in zip(rows[first], rows[second], strict=True):
            search.model.add_bool_or([one.negated(), other.negated()])
    for earlier, later in pairwise(used):
        search.model.add_implication(later, earlier)
    search.model.minimize(sum(used))
    search.solve()
    return [search.chosen(row)[0] for row in rows]
