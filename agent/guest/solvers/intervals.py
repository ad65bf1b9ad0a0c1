"""Intervals of time that may overlap."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from ._answer import Answer, Number, answered
from ._read import Label, names, number, numbers, plain, same_length

_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{2})\s*([aApP]\.?[mM]?\.?)?\s*")

type Interval = tuple[Number, Number]


def interval_scheduling(intervals: object, weights: object = None) -> Answer:
    """Most intervals (start, end) that do not overlap; with weights, the largest total weight of such.

    Exact; thousands. One may begin when another one ends. Times such as "09:40" are understood.

    >>> interval_scheduling([(1, 4), (3, 5), (4, 7)])
    2
    """
    intervals = plain(intervals)
    spans = _read(intervals)
    worth: list[Number] = [1] * len(spans) if weights is None else numbers(weights, "weights")
    same_length(intervals=spans, weights=worth)
    order = sorted(range(len(spans)), key=lambda index: spans[index][1])
    ends = [spans[index][1] for index in order]
    best: list[Number] = [0]
    before: list[int] = []
    for place, index in enumerate(order):
        before.append(bisect_right(ends, spans[index][0], 0, place))
        best.append(max(best[-1], best[before[-1]] + worth[index]))
    chosen: list[int] = []
    place = len(order)
    while place:
        if best[place] == best[place - 1]:
            place -= 1
        else:
            chosen.append(order[place - 1])
            place = before[place - 1]
    labels: Sequence[object] = names(intervals) or spans
    arguments: dict[str, object] = {"intervals": spans, "weights": worth}
    shown = [labels[index] for index in chosen[::-1]]
    return answered("interval_scheduling", arguments, best[-1], chosen[::-1], shown=shown)


def min_rooms(intervals: object) -> Answer:
    """Fewest rooms (platforms, machines) for intervals (start, end), so that none overlap in a room.

    Exact; thousands. `.solution` is the room of each.

    >>> min_rooms([(9, 11), (10, 12), (11, 13)])
    2
    """
    spans = _read(plain(intervals))
    free_from: list[Number] = []
    rooms = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda index: spans[index]):
        start, end = spans[index]
        room = next((room for room, free in enumerate(free_from) if free <= start), len(free_from))
        if room == len(free_from):
            free_from.append(end)
        free_from[room], rooms[index] = end, room
    return answered("min_rooms", {"intervals": spans}, len(free_from), rooms)


def _read(intervals: object) -> list[Interval]:
    if isinstance(intervals, Mapping):
        intervals = list(intervals.values())
    if not isinstance(intervals, Sequence) or isinstance(intervals, str):
        raise ValueError("intervals must look like [(1, 4), (3, 5)]")
    spans: list[Interval] = []
    for interval in intervals:
        ends = (
            re.split(r"\s*(?:-|\u2013|to|,)\s*", interval.strip())
            if isinstance(interval, str)
            else plain(interval)
        )
        if not isinstance(ends, Sequence) or len(ends) < 2:
            raise ValueError(f"an interval must look like (1, 4), start and end, not {interval!r}")
        start, end = _time(ends[-2]), _time(ends[-1])
        if end < start:
            raise ValueError(f"the interval {interval!r} ends before it starts")
        spans.append((start, end))
    return spans


def _time(value: Label | object) -> Number:
    """Return a point in time; of a clock time, its minutes since midnight."""
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return number(value, "intervals", "(1, 4)")
    hours = int(match.group(1)) % 12 if match.group(3) else int(match.group(1))
    afternoon = (match.group(3) or "").lower().startswith("p")
    return 60 * (hours + 12 * afternoon) + int(match.group(2))
