"""Choosing things by weight and value, and totals."""

from __future__ import annotations

from ._answer import Answer, Number, answered
from ._cp import Search
from ._read import integer, names, number, numbers, plain, same_length, scaled

#: Bits of one row of reachable totals; a hundred rows of these are 12 MB.
_MAX_TARGET = 1_000_000
#: Combinations of weight and value that are kept before CP-SAT takes over.
_MAX_STATES = 60_000

type Chain = tuple[int, Chain] | None


def knapsack(values: object, weights: object, capacity: object, copies: object = 1) -> Answer:
    """Largest total value of items within the capacity; copies="unlimited" if each may be taken many times.

    Exact; hundreds of items. `copies` may be a number for all or a list.

    >>> knapsack(values=[60, 100, 120], weights=[10, 20, 30], capacity=50)
    220
    """
    values, weights = plain(values), plain(weights)
    worth, heavy = numbers(values, "values"), numbers(weights, "weights")
    same_length(values=worth, weights=heavy)
    room = number(capacity, "capacity", "50")
    if min([room, *worth, *heavy]) < 0:
        raise ValueError("values, weights and capacity must not be negative")
    bounds = _bounds(copies, heavy, room)
    counts = _choose(worth, heavy, room, bounds)
    total = sum(count * value for count, value in zip(counts, worth, strict=True))
    labels = names(values) or names(weights) or list(range(len(worth)))
    shown = [labels[index] for index, count in enumerate(counts) for _ in range(min(count, 10_000))]
    arguments = {"values": worth, "weights": heavy, "capacity": room, "copies": bounds}
    return answered("knapsack", arguments, total, counts, shown=shown)


def _bounds(copies: object, weights: list[Number], room: Number) -> list[int]:
    """How many of each may be taken; none that is useless is more than fits."""
    copies = plain(copies)
    fits = [int(room // weight) if weight else None for weight in weights]
    if copies is None or isinstance(copies, str):
        if None in fits:
            raise ValueError("an item without weight could be taken without end")
        return [fit or 0 for fit in fits]
    many = [integer(copies, "copies", "1")] * len(weights) if isinstance(copies, int | float) else None
    wanted = many or [int(value) for value in numbers(copies, "copies", "1 or [1, 2, 1]")]
    same_length(weights=weights, copies=wanted)
    return [count if fit is None else min(fit, count) for fit, count in zip(fits, wanted, strict=True)]


def _choose(worth: list[Number], heavy: list[Number], room: Number, bounds: list[int]) -> list[int]:
    """Keep every pair of weight and value that no other one beats (Nemhauser and Ullmann)."""
    states: list[tuple[Number, Number, Chain]] = [(0, 0, None)]
    for item, (value, weight, bound) in enumerate(zip(worth, heavy, bounds, strict=True)):
        for taken in _powers(bound):
            more = [
                (used + taken * weight, total + taken * value, (item + len(worth) * taken, chain))
                for used, total, chain in states
                if used + taken * weight <= room
            ]
            states = _undominated([*states, *more])
            if len(states) > _MAX_STATES:
                return _choose_by_search(worth, heavy, room, bounds)
    counts = [0] * len(worth)
    chain = max(states, key=lambda state: state[1])[2]
    while chain is not None:
        counts[chain[0] % len(worth)] += chain[0] // len(worth)
        chain = chain[1]
    return counts


def _powers(bound: int) -> list[int]:
    """1, 2, 4 and so on and a rest: sums of these are all counts up to the bound."""
    parts: list[int] = []
    while bound > 0:
        parts.append(min(1 << len(parts), bound))
        bound -= parts[-1]
    return parts


def _undominated(
    states: list[tuple[Number, Number, Chain]],
) -> list[tuple[Number, Number, Chain]]:
    states.sort(key=lambda state: (state[0], -state[1]))
    kept: list[tuple[Number, Number, Chain]] = []
    for state in states:
        if not kept or state[1] > kept[-1][1]:
            kept.append(state)
    return kept


def _choose_by_search(worth: list[Number], heavy: list[Number], room: Number, bounds: list[int]) -> list[int]:
    search = Search()
    (*weights, capacity), _ = scaled([*heavy, room])
    values, _ = scaled(worth)
    counts = [search.model.new_int_var(0, bound, "") for bound in bounds]
    search.model.add(sum(w * count for w, count in zip(weights, counts, strict=True)) <= capacity)
    search.model.maximize(sum(v * count for v, count in zip(values, counts, strict=True)))
    search.solve()
    return [int(search.solver.value(count)) for count in counts]


def subset_sum(values: object, target: object) -> Answer:
    """Largest total of some of the numbers, each used at most once, that is not above the target.

    Exact; hundreds of numbers with a target up to a million, about 40 beyond that.

    >>> subset_sum([8, 6, 7, 5], target=16)
    15
    """
    given, goal = numbers(values, "values"), number(target, "target", "16")
    (*exact, limit), factor = scaled([*given, goal])
    if min([limit, *exact], default=0) < 0:
        raise ValueError("values and target must not be negative")
    if limit <= _MAX_TARGET:
        used = _reached(exact, min(limit, sum(exact)))
    else:
        counts = _choose(list(exact), list(exact), limit, [1] * len(exact))
        used = [index for index, count in enumerate(counts) if count]
    total = sum(exact[index] for index in used)
    shown = [given[index] for index in used]
    return answered("subset_sum", {"values": given, "target": goal}, total / factor, used, shown=shown)


def _reached(values: list[int], limit: int) -> list[int]:
    """Return the indexes of a choice with the largest total; bit k of a row says that k can be reached."""
    inside = (1 << limit + 1) - 1
    rows = [1]
    for value in values:
        rows.append((rows[-1] | rows[-1] << min(value, limit + 1)) & inside)
    left = rows[-1].bit_length() - 1
    used: list[int] = []
    for index in range(len(values) - 1, -1, -1):
        if not rows[index] >> left & 1:
            used.append(index)
            left -= values[index]
    return used[::-1]


def partition(values: object, parts: object = 2) -> Answer:
    """Smallest possible difference between the sums of groups when numbers are split into `parts` groups.

    Exact; hundreds of numbers for two groups, about 15 for more. 0 means that an equal split exists.

    >>> partition([8, 7, 6, 5, 4], parts=2)
    0
    """
    given, groups = numbers(values, "values"), integer(parts, "parts", "2")
    exact, factor = scaled(given)
    if groups < 1 or min(exact, default=0) < 0:
        raise ValueError("parts must be at least 1, and the values must not be negative")
    if groups == 2 and sum(exact) <= 2 * _MAX_TARGET:
        first = _reached(exact, sum(exact) // 2)
        places = [0 if index in set(first) else 1 for index in range(len(exact))]
    else:
        places = _split(exact, groups)
    sums = [
        sum(v for v, place in zip(exact, places, strict=True) if place == group) for group in range(groups)
    ]
    split = [[index for index, place in enumerate(places) if place == group] for group in range(groups)]
    shown = [[given[index] for index in group] for group in split]
    return answered(
        "partition", {"values": given, "parts": groups}, (max(sums) - min(sums)) / factor, split, shown=shown
    )


def _split(values: list[int], groups: int) -> list[int]:
    """Try every place for each number, the largest first; groups with equal sums are the same."""
    order = sorted(range(len(values)), key=lambda index: -values[index])
    sums, places, best = [0] * groups, [0] * len(values), [sum(values) + 1]
    found = list(places)
    rest = [sum(values[index] for index in order[depth:]) for depth in range(len(order) + 1)]

    def place(depth: int) -> None:
        spread = max(sums) - min(sums)
        if depth == len(order):
            if spread < best[0]:
                best[0], found[:] = spread, places
            return
        lowest_top = max(max(sums), -(-(sum(sums) + rest[depth]) // groups))
        if lowest_top - (sum(sums) + rest[depth]) // groups >= best[0] or best[0] == 0:
            return
        for group in sorted(range(groups), key=sums.__getitem__):
            if sums[group] in [sums[other] for other in range(group)]:
                continue
            sums[group] += values[order[depth]]
            places[order[depth]] = group
            place(depth + 1)
            sums[group] -= values[order[depth]]

    place(0)
    return found
