"""Paths through graphs and through plans."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappop, heappush

from ._answer import Answer, Number, answered
from ._read import Label, flag, label, names, number, numbers, plain
from ._read_graph import Row, pairs, weighted


def shortest_path(edges: object, start: object, end: object, two_way: bool = False) -> Answer:
    """Shortest way from start to end over edges (a, b, length); two_way=True if roads go both ways.

    Exact; lengths must not be negative.

    >>> shortest_path([("A", "B", 4), ("B", "C", 3), ("A", "C", 9)], start="A", end="C")
    7
    """
    found = _both_ways(weighted(edges, 1, '[("A", "B", 4)]'), two_way)
    cheap: list[Row] = [(first, second, (values[0], 0)) for first, second, values in found]
    length, used = _best_path(cheap, label(start), label(end), 0)
    arguments = {"edges": [[a, b, w[0]] for a, b, w in found], "start": label(start), "end": label(end)}
    return answered("shortest_path", arguments, length, used, shown=_stops(cheap, used, label(start)))


def constrained_shortest_path(
    edges: object, start: object, end: object, limit: object, two_way: bool = False
) -> Answer:
    """Cheapest way from start to end over edges (a, b, cost, time) within the time limit.

    Exact; hundreds of edges. Neither number may be negative.

    >>> constrained_shortest_path([(0, 1, 1, 9), (1, 2, 1, 9), (0, 2, 5, 4)], start=0, end=2, limit=10)
    5
    """
    found = _both_ways(weighted(edges, 2, "[(0, 1, 7, 3)] with cost and time"), two_way)
    allowed = number(limit, "limit", "30")
    cost, used = _best_path(found, label(start), label(end), allowed)
    arguments = {
        "edges": [[a, b, *values] for a, b, values in found],
        "start": label(start),
        "end": label(end),
        "limit": allowed,
    }
    return answered(
        "constrained_shortest_path", arguments, cost, used, shown=_stops(found, used, label(start))
    )


def critical_path(durations: object, before: object) -> Answer:
    """Shortest time for a whole project; before: pairs (a, b), a must end before b begins.

    Exact. `before` may also be a dict of task to the tasks that must come first.

    >>> critical_path({"A": 3, "B": 2, "C": 4}, before=[("A", "B"), ("A", "C")])
    7
    """
    durations = plain(durations)
    times = numbers(durations, "durations", '{"A": 3, "B": 2}')
    tasks = names(durations) or list(range(len(times)))
    place = {task: index for index, task in enumerate(tasks)}
    order = [_placed(pair, place) for pair in _order_of(before)]
    ends: list[Number] = [0] * len(tasks)
    last: list[int] = [-1] * len(tasks)
    for task in _sorted(list(range(len(tasks))), order):
        earlier = [first for first, second in order if second == task]
        last[task] = max(earlier, key=lambda first: ends[first], default=-1)
        ends[task] = times[task] + (ends[last[task]] if earlier else 0)
    path = _back(max(range(len(tasks)), key=lambda task: ends[task], default=-1), last)
    arguments: dict[str, object] = {"durations": times, "before": order}
    return answered(
        "critical_path", arguments, max(ends, default=0), path, shown=[tasks[task] for task in path]
    )


def topological_order(before: object) -> list[Label]:
    """An order of things in which a comes before b for each pair (a, b).

    >>> topological_order([("shirt", "tie"), ("tie", "jacket")])
    ['shirt', 'tie', 'jacket']
    """
    order = _order_of(before)
    return _sorted(list(dict.fromkeys(end for pair in order for end in pair)), order)


def _order_of(before: object) -> list[tuple[Label, Label]]:
    before = plain(before)
    if isinstance(before, Mapping):
        return [(first, task) for task, first in pairs(before, "before")]
    return pairs(before, "before")


def _placed(pair: tuple[Label, Label], place: Mapping[Label, int]) -> tuple[int, int]:
    for end in pair:
        if end not in place:
            raise ValueError(f"before names {end!r}, which has no duration; there are {list(place)[:20]}")
    return place[pair[0]], place[pair[1]]


def _sorted[T](things: list[T], order: list[tuple[T, T]]) -> list[T]:
    done: list[T] = []
    left = list(things)
    while left:
        waiting = {second for first, second in order if first in left}
        ready = [thing for thing in left if thing not in waiting]
        if not ready:
            raise ValueError(f"these wait for each other in a circle: {left[:20]}")
        done.append(ready[0])
        left.remove(ready[0])
    return done


def _back(last: int, before: list[int]) -> list[int]:
    path: list[int] = []
    while last >= 0:
        path.append(last)
        last = before[last]
    return path[::-1]


def _both_ways(found: list[Row], two_way: bool) -> list[Row]:
    both = flag(two_way, "two_way")
    if any(value < 0 for _, _, values in found for value in values):
        raise ValueError("the numbers of edges must not be negative")
    return [*found, *[(second, first, values) for first, second, values in found]] if both else found


def _best_path(edges: list[Row], start: Label, end: Label, limit: Number) -> tuple[Number, list[int]]:
    """Dijkstra over costs; a stop is visited again only in less time than before."""
    leaving: dict[Label, list[int]] = {}
    for index, (first, _, _) in enumerate(edges):
        leaving.setdefault(first, []).append(index)
    queue: list[tuple[Number, Number, int, Label, tuple[int, ...]]] = [(0, 0, 0, start, ())]
    fastest: dict[Label, Number] = {}
    pushed = 0
    while queue:
        cost, time, _, stop, used = heappop(queue)
        if stop == end:
            return cost, list(used)
        if stop in fastest and fastest[stop] <= time:
            continue
        fastest[stop] = time
        for index in leaving.get(stop, ()):
            _, following, (more_cost, more_time) = edges[index]
            if time + more_time <= limit:
                pushed += 1
                heappush(queue, (cost + more_cost, time + more_time, pushed, following, (*used, index)))
    stops = list(dict.fromkeys(stop for edge in edges for stop in edge[:2]))[:20]
    raise ValueError(f"no way from {start!r} to {end!r} within the limit; the stops are {stops}")


def _stops(edges: list[Row], used: list[int], start: Label) -> list[Label]:
    return [start, *[edges[index][1] for index in used]]
