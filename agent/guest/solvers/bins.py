"""Things into equal bins, and jobs onto equal machines."""

from __future__ import annotations

from ._answer import Answer, Number, answered
from ._cp import Search, Steps, TooLargeError
from ._read import integer, names, number, numbers, plain, scaled

_STEPS = 150_000


def bin_packing(sizes: object, capacity: object) -> Answer:
    """Smallest number of bins (trucks, boxes, rolls) of that capacity for all sizes; nothing is split.

    Exact; about 40 sizes.

    >>> bin_packing(sizes=[4, 8, 1, 4, 2, 1], capacity=10)
    2
    """
    sizes = plain(sizes)
    given, room = numbers(sizes, "sizes", "[4, 8, 1]"), number(capacity, "capacity", "10")
    if max(given, default=0) > room:
        raise ValueError(f"size {max(given)} does not fit into the capacity of {room}")
    if min(given, default=0) < 0:
        raise ValueError("sizes must not be negative")
    bins = _pack(given, room)
    labels = names(sizes) or given
    shown = [[labels[index] for index in group] for group in bins]
    return answered("bin_packing", {"sizes": given, "capacity": room}, len(bins), bins, shown=shown)


def _pack(given: list[Number], room: Number) -> list[list[int]]:
    (*sizes, capacity), _ = scaled([*given, room])
    order = sorted(range(len(sizes)), key=lambda index: -sizes[index])
    fewest = -(-sum(sizes) // capacity) if capacity else len(sizes)
    for count in range(fewest, len(sizes) + 1):
        try:
            places = _Fill([sizes[index] for index in order], capacity, count).search()
        except TooLargeError:
            return _pack_by_search(sizes, capacity, count)
        if places is not None:
            return [[order[i] for i, place in enumerate(places) if place == bin_] for bin_ in range(count)]
    return [[index] for index in order]


class _Fill:
    """Tries to put sizes, the largest first, into so many bins."""

    def __init__(self, sizes: list[int], capacity: int, count: int) -> None:
        self._sizes = sizes
        self._left = [capacity] * count
        self._places: list[int] = []
        self._steps = Steps(_STEPS)

    def search(self) -> list[int] | None:
        """Return the bin of each size, or None if that many bins do not do."""
        if len(self._places) == len(self._sizes):
            return self._places
        self._steps.take()
        size = self._sizes[len(self._places)]
        tried: set[int] = set()
        for place, left in sorted(enumerate(self._left), key=lambda pair: pair[1]):
            # Bins with the same room are the same.
            if left < size or left in tried:
                continue
            tried.add(left)
            self._left[place] -= size
            self._places.append(place)
            if self.search() is not None:
                return self._places
            self._left[place] += size
            self._places.pop()
            if left == size:
                # What fits exactly can stay there in some best packing.
                return None
        return None


def _pack_by_search(sizes: list[int], capacity: int, fewest: int) -> list[list[int]]:
    most = len(_first_fit(sizes, capacity))
    search = Search()
    used = search.booleans(most)
    inside = [search.booleans(most) for _ in sizes]
    for row in inside:
        search.model.add_exactly_one(row)
    for place in range(most):
        load = sum(size * row[place] for size, row in zip(sizes, inside, strict=True))
        search.model.add(load <= capacity * used[place])
        if place:
            search.model.add_implication(used[place], used[place - 1])
    search.model.add(sum(used) >= fewest)
    search.model.minimize(sum(used))
    search.solve()
    places = [search.chosen(row)[0] for row in inside]
    return [[i for i, place in enumerate(places) if place == bin_] for bin_ in sorted(set(places))]


def _first_fit(sizes: list[int], capacity: int) -> list[int]:
    left: list[int] = []
    for size in sorted(sizes, reverse=True):
        place = next((place for place, room in enumerate(left) if room >= size), None)
        if place is None:
            left.append(capacity - size)
        else:
            left[place] -= size
    return left


def makespan(durations: object, machines: object) -> Answer:
    """Earliest time at which all jobs are done on identical parallel machines (workers); nothing is split.

    Exact; about 40 jobs.

    >>> makespan(durations=[7, 4, 3, 6], machines=2)
    10
    """
    durations = plain(durations)
    given, count = numbers(durations, "durations", "[7, 4, 3]"), integer(machines, "machines", "2")
    if count < 1 or min(given, default=0) < 0:
        raise ValueError("there must be a machine, and durations must not be negative")
    times, _ = scaled(given)
    try:
        groups = _Spread(times, count).groups()
    except TooLargeError:
        groups = _spread_by_search(times, count)
    longest = max((sum(given[index] for index in group) for group in groups), default=0)
    labels = names(durations) or given
    shown = [[labels[index] for index in group] for group in groups]
    return answered("makespan", {"durations": given, "machines": count}, longest, groups, shown=shown)


class _Spread:
    """Tries every machine for each job, the longest first, and keeps what ends soonest."""

    def __init__(self, times: list[int], count: int) -> None:
        self._order = sorted(range(len(times)), key=lambda index: -times[index])
        self._times = times
        self._loads = [0] * count
        self._places: list[int] = []
        self._best = sum(times) + 1
        self._found: list[int] = []
        self._bound = max(max(times, default=0), -(-sum(times) // count))
        self._steps = Steps(_STEPS)

    def groups(self) -> list[list[int]]:
        """Return the jobs of each machine."""
        self._search()
        spread = [[] for _ in self._loads]  # type: list[list[int]]
        for index, place in zip(self._order, self._found, strict=True):
            spread[place].append(index)
        return [sorted(group) for group in spread]

    def _search(self) -> None:
        if len(self._places) == len(self._order):
            self._best, self._found = max(self._loads), list(self._places)
            return
        self._steps.take()
        time = self._times[self._order[len(self._places)]]
        tried: set[int] = set()
        for place, load in sorted(enumerate(self._loads), key=lambda pair: pair[1]):
            # Machines with the same load are the same.
            if load in tried or load + time >= self._best or self._best == self._bound:
                continue
            tried.add(load)
            self._loads[place] += time
            self._places.append(place)
            self._search()
            self._places.pop()
            self._loads[place] -= time


def _spread_by_search(times: list[int], count: int) -> list[list[int]]:
    search = Search()
    inside = [search.booleans(count) for _ in times]
    longest = search.model.new_int_var(0, sum(times), "")
    for row in inside:
        search.model.add_exactly_one(row)
    for place in range(count):
        search.model.add(sum(t * row[place] for t, row in zip(times, inside, strict=True)) <= longest)
    search.model.minimize(longest)
    search.solve()
    places = [search.chosen(row)[0] for row in inside]
    return [[index for index, place in enumerate(places) if place == machine] for machine in range(count)]
