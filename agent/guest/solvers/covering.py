"""Opening as few, or as cheap, places as serve everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from ._answer import Answer, Number, answered
from ._cp import Search, Steps, TooLargeError
from ._read import Label, label, matrix, names, numbers, plain, same_length, scaled

_STEPS = 60_000
#: Depots of which every combination is tried.
_TABLE = 14


def set_cover(subsets: object, universe: object = None, costs: object = None) -> Answer:
    """Fewest subsets (stations, teams) that together cover everything; with costs, the cheapest.

    Exact; about 60 subsets. Without `universe` it is all that occurs.

    >>> set_cover({"S1": [1, 2], "S2": [2, 3], "S3": [3, 4], "S4": [1, 4]})
    2
    """
    subsets, universe = plain(subsets), plain(universe)
    if isinstance(universe, Mapping) or (
        universe is not None and _is_flat(subsets) and not _is_flat(universe)
    ):
        subsets, universe = universe, subsets
    sets = [_members(members) for members in _values(subsets)]
    everything = _everything(sets, universe)
    price: list[Number] = [1] * len(sets) if costs is None else numbers(costs, "costs")
    same_length(subsets=sets, costs=price)
    missing = [element for element in everything if not any(element in members for members in sets)]
    if missing:
        raise ValueError(f"no subset has {missing[:10]}")
    masks = [sum(1 << i for i, element in enumerate(everything) if element in members) for members in sets]
    try:
        used = _Cover(masks, price, (1 << len(everything)) - 1).chosen()
    except TooLargeError:
        used = _cover_by_search(masks, price, len(everything))
    labels = names(subsets) or [index for index in range(len(sets))]
    arguments: dict[str, object] = {"subsets": sets, "universe": everything, "costs": price}
    shown = [labels[index] for index in used]
    return answered("set_cover", arguments, sum(price[index] for index in used), used, shown=shown)


def _values(subsets: object) -> list[object]:
    if isinstance(subsets, Mapping):
        return list(subsets.values())
    if isinstance(subsets, Sequence) and not isinstance(subsets, str):
        return list(subsets)
    raise ValueError('subsets must look like {"S1": [1, 2], "S2": [2, 3]} or [[1, 2], [2, 3]]')


def _is_flat(value: object) -> bool:
    """Whether it is a number or a list of single things, hence no list of subsets."""
    if isinstance(value, Mapping) or value is None:
        return False
    items = value if isinstance(value, Sequence | set) and not isinstance(value, str) else ()
    return not any(isinstance(item, list | tuple | set | frozenset) for item in items)


def _members(members: object) -> list[Label]:
    members = plain(members)
    if isinstance(members, str):
        members = members.strip("[]{}() ").replace(",", " ").split()
    if not isinstance(members, Sequence | set | frozenset):
        raise ValueError(f"a subset must look like [1, 2], not {members!r}")
    return list(dict.fromkeys(label(member) for member in members))


def _everything(sets: list[list[Label]], universe: object) -> list[Label]:
    seen = list(dict.fromkeys(member for members in sets for member in members))
    if universe is None:
        return seen
    if isinstance(universe, int):
        first = 0 if 0 in seen else 1
        return list(range(first, first + universe))
    return _members(universe)


class _Cover:
    """Covers the element with the fewest choices first, and gives up what is no cheaper than the best."""

    def __init__(self, masks: list[int], price: list[Number], everything: int) -> None:
        self._masks = masks
        self._price = price
        self._everything = everything
        self._best: Number = inf
        self._used: list[int] = []
        self._steps = Steps(_STEPS)
        largest = max((mask.bit_count() for mask in masks), default=1)
        self._least = min(price, default=0) / max(largest, 1)

    def chosen(self) -> list[int]:
        """Return the indexes of the subsets to take."""
        self._search(self._everything, 0, [])
        return sorted(self._used)

    def _search(self, left: int, cost: Number, used: list[int]) -> None:
        self._steps.take()
        if not left:
            if cost < self._best:
                self._best, self._used = cost, list(used)
            return
        if cost + self._least * left.bit_count() >= self._best:
            return
        for index in self._choices(left):
            self._search(left & ~self._masks[index], cost + self._price[index], [*used, index])

    def _choices(self, left: int) -> list[int]:
        fewest = list(range(len(self._masks)))
        rest = left
        while rest:
            bit = rest & -rest
            rest ^= bit
            having = [index for index, mask in enumerate(self._masks) if mask & bit]
            fewest = min(fewest, having, key=len)
        return sorted(fewest, key=lambda index: -(self._masks[index] & left).bit_count())


def _cover_by_search(masks: list[int], price: list[Number], count: int) -> list[int]:
    exact, _ = scaled(price)
    search = Search()
    used = search.booleans(len(masks))
    for element in range(count):
        search.model.add_bool_or([u for u, mask in zip(used, masks, strict=True) if mask >> element & 1])
    search.model.minimize(sum(cost * u for cost, u in zip(exact, used, strict=True)))
    search.solve()
    return search.chosen(used)


def facility_location(opening_costs: object, serving_costs: object) -> Answer:
    """Smallest opening plus serving cost; serving_costs has a row for each customer, a column for each depot.

    Exact; about 40 depots. `.solution` is the depot of each customer, counted from 0.

    >>> facility_location(opening_costs=[10, 4], serving_costs=[[1, 9], [2, 8], [9, 3]])
    20
    """
    opening = numbers(opening_costs, "opening_costs", "[10, 4]")
    serving = matrix(serving_costs, "serving_costs", "[[1, 9], [2, 8]]")
    if len(serving[0]) != len(opening) and len(serving) == len(opening):
        serving = [list(column) for column in zip(*serving, strict=True)]
    if len(serving[0]) != len(opening):
        raise ValueError(f"serving_costs has {len(serving[0])} columns for {len(opening)} depots")
    if len(opening) <= _TABLE and min([*opening, *map(min, serving)]) >= 0:
        chosen = _depots(opening, serving)
    else:
        chosen = _depots_by_search(opening, serving)
    served = [min(chosen, key=lambda depot: row[depot]) for row in serving]
    total = sum(opening[depot] for depot in chosen) + sum(
        row[d] for row, d in zip(serving, served, strict=True)
    )
    arguments: dict[str, object] = {"opening_costs": opening, "serving_costs": serving}
    return answered("facility_location", arguments, total, served)


def _depots(opening: list[Number], serving: list[list[Number]]) -> list[int]:
    """Open further depots one by one, with the cost of each customer at hand."""
    best: list[Number] = [inf]
    found: list[int] = []

    def decide(depot: int, cost: Number, served: list[Number], chosen: list[int]) -> None:
        if cost >= best[0]:
            return
        if depot == len(opening):
            if cost + sum(served) < best[0]:
                best[0], found[:] = cost + sum(served), chosen
            return
        closer = [min(row[depot], least) for row, least in zip(serving, served, strict=True)]
        decide(depot + 1, cost + opening[depot], closer, [*chosen, depot])
        decide(depot + 1, cost, served, chosen)

    decide(0, 0, [inf] * len(serving), [])
    return found


def _depots_by_search(opening: list[Number], serving: list[list[Number]]) -> list[int]:
    exact, _ = scaled([*opening, *[value for row in serving for value in row]])
    search = Search()
    used = search.booleans(len(opening))
    rows = [search.booleans(len(opening)) for _ in serving]
    for row in rows:
        search.model.add_exactly_one(row)
        for serves, is_open in zip(row, used, strict=True):
            search.model.add_implication(serves, is_open)
    terms = [*used, *[serves for row in rows for serves in row]]
    search.model.minimize(sum(cost * term for cost, term in zip(exact, terms, strict=True)))
    search.solve()
    return search.chosen(used)
