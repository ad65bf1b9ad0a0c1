"""Hard combinatorial problems as short stories, made from a seed: fresh ones, that no model can have seen."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from . import _nphard_exact as exact
from ._nphard_stories import STORIES, Data

DATASET = "nphard-generated"
_LEVELS = 3
_NAMES = "Arbor Birke Cedar Dorn Elm Fir Ginkgo Hazel Ilex Juniper Kiri Larch".split()


class Dice:
    """Random choices that are the same in every version of Python: all come from `Random.random` alone."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311 (no secret)

    def between(self, low: int, high: int) -> int:
        """Return a whole number, both ends included."""
        return low + int(self._random.random() * (high - low + 1))

    def numbers(self, count: int, low: int, high: int) -> list[int]:
        """Return so many numbers."""
        return [self.between(low, high) for _ in range(count)]

    def rows(self, height: int, width: int, low: int, high: int) -> list[list[int]]:
        """Return a matrix."""
        return [self.numbers(width, low, high) for _ in range(height)]

    def sample[T](self, things: Sequence[T], count: int) -> list[T]:
        """Return so many different things, in random order."""
        left = list(things)
        return [left.pop(self.between(0, len(left) - 1)) for _ in range(count)]


def _shortest_tour(dice: Dice, level: int) -> Data:
    spots = [(x, y) for x in range(0, 60) for y in range(0, 60)]
    return {"cities": dice.sample(spots, 3 + 2 * level), "metric": "manhattan"}


def _knapsack(dice: Dice, level: int) -> Data:
    count = 6 * level
    weights = dice.numbers(count, 3, 40)
    return {"values": dice.numbers(count, 5, 90), "weights": weights, "capacity": sum(weights) * 2 // 5}


def _subset_sum(dice: Dice, level: int) -> Data:
    values = dice.sample(range(60, 400), 4 * level + 2)
    return {"values": values, "target": sum(values) * 3 // 5}


def _bin_packing(dice: Dice, level: int) -> Data:
    return {"sizes": dice.numbers(2 * level + 4, 12, 70), "capacity": 100}


def _makespan(dice: Dice, level: int) -> Data:
    return {"durations": dice.numbers(2 * level + 4, 5, 50), "machines": level + 1}


def _job_shop(dice: Dice, level: int) -> Data:
    jobs, machines = ((2, 2), (3, 2), (3, 3))[level - 1]
    names = range(1, machines + 1)
    return {
        "jobs": [[(name, dice.between(2, 12)) for name in dice.sample(names, machines)] for _ in range(jobs)]
    }


def _weighted_tardiness(dice: Dice, level: int) -> Data:
    count = level + 3
    durations = dice.numbers(count, 2, 12)
    dues = dice.numbers(count, 4, sum(durations) * 3 // 4)
    return {"durations": durations, "dues": dues, "weights": dice.numbers(count, 1, 6)}


def _assignment(dice: Dice, level: int) -> Data:
    return {"costs": dice.rows(2 * level + 2, 2 * level + 2, 5, 60)}


def _set_cover(dice: Dice, level: int) -> Data:
    universe = list(range(1, 4 * level + 4))
    letters = "ABCDEFGHIJKLMN"[: 2 * level + 4]
    subsets = {letter: sorted(dice.sample(universe, dice.between(2, 3 + level))) for letter in letters}
    for element in universe:
        if not any(element in members for members in subsets.values()):
            (letter,) = dice.sample(letters, 1)
            subsets[letter] = sorted([*subsets[letter], element])
    return {"subsets": subsets, "universe": universe}


def _graph(dice: Dice, level: int) -> Data:
    vertices = _NAMES[: 2 * level + 3]
    pairs = [(a, b) for i, a in enumerate(vertices) for b in vertices[i + 1 :]]
    return {"edges": sorted(dice.sample(pairs, len(pairs) * 2 // 5 + level)), "vertices": vertices}


def _clauses(dice: Dice, variables: int, count: int) -> list[list[int]]:
    """Return clauses in which every variable is used."""
    used = [dice.sample(range(1, variables + 1), 3) for _ in range(count)]
    used += [
        [v, v % variables + 1] for v in range(1, variables + 1) if not any(v in clause for clause in used)
    ]
    return [[variable * (2 * dice.between(0, 1) - 1) for variable in clause] for clause in used]


def _count_sat(dice: Dice, level: int) -> Data:
    variables = 2 * level + 2
    return {"clauses": _clauses(dice, variables, 2 * variables), "variables": variables}


def _max_sat(dice: Dice, level: int) -> Data:
    variables = 2 * level + 1
    return {"clauses": _clauses(dice, variables, 6 * variables)}


def _facility_location(dice: Dice, level: int) -> Data:
    sites = 2 * level + 1
    return {"opening_costs": dice.numbers(sites, 30, 80), "serving_costs": dice.rows(3 * level, sites, 4, 40)}


def _constrained_shortest_path(dice: Dice, level: int) -> Data:
    last = 3 * level + 1
    pairs = [(a, b) for a in range(last) for b in range(a + 1, last + 1) if b - a <= 3]
    edges = [(a, b, dice.between(1, 20), dice.between(2, 20)) for a, b in pairs]
    limit = sum(time for a, b, _, time in edges if b == a + 1) * 2 // 3
    # A way that is always fast enough, and dear.
    edges.append((0, last, 20 * last, limit))
    return {"edges": sorted(edges), "start": 0, "end": last, "limit": limit}


def _coin_ways(dice: Dice, level: int) -> Data:
    coins = sorted([1, *dice.sample(range(2, 26), level + 1)])
    return {"amount": dice.between(20, 50) * level * level, "coins": coins}


def _interval_scheduling(dice: Dice, level: int) -> Data:
    starts = [5 * start for start in dice.numbers(3 * level + 3, 96, 190)]
    return {"intervals": [(start, start + 5 * dice.between(3, 24)) for start in starts]}


type Kind = tuple[Callable[[Dice, int], Data], Callable[..., int]]

#: How an instance is made, and its optimum. A kind is named after the helper function whose arguments it has.
KINDS: dict[str, Kind] = {
    "shortest_tour": (_shortest_tour, exact.shortest_tour),
    "knapsack": (_knapsack, exact.knapsack),
    "subset_sum": (_subset_sum, exact.subset_sum),
    "bin_packing": (_bin_packing, exact.bin_packing),
    "makespan": (_makespan, exact.makespan),
    "job_shop": (_job_shop, exact.job_shop),
    "weighted_tardiness": (_weighted_tardiness, exact.weighted_tardiness),
    "assignment": (_assignment, exact.assignment),
    "set_cover": (_set_cover, exact.set_cover),
    "graph_colouring": (_graph, exact.graph_colouring),
    "max_independent_set": (_graph, exact.max_independent_set),
    "count_sat": (_count_sat, exact.count_sat),
    "max_sat": (_max_sat, exact.max_sat),
    "facility_location": (_facility_location, exact.facility_location),
    "constrained_shortest_path": (_constrained_shortest_path, exact.constrained_shortest_path),
    "coin_ways": (_coin_ways, exact.coin_ways),
    "interval_scheduling": (_interval_scheduling, exact.interval_scheduling),
}


def generate(seed: int, count: int, kinds: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return problems in the form of the evaluation sets; the same seed gives the same ones everywhere.

    Kinds take turns, and after each round of them the level rises, from 3 back to 1. More of a seed are the
    fewer and further ones.

    Raises:
        ValueError: A kind does not exist.
    """
    chosen = list(kinds) if kinds else list(KINDS)
    for kind in chosen:
        if kind not in KINDS:
            raise ValueError(f"there is no kind `{kind}`; there are {', '.join(KINDS)}")
    return [_item(seed, index, chosen) for index in range(count)]


def _item(seed: int, index: int, kinds: list[str]) -> dict[str, Any]:
    kind, turn = kinds[index % len(kinds)], index // len(kinds)
    level = turn % _LEVELS + 1
    dice = Dice(f"{seed}/{kind}/{turn}")
    data = instance(kind, level, dice)
    stories = STORIES[kind]
    return {
        "id": f"{DATASET}/{seed}/{kind}/{turn}",
        "dataset": DATASET,
        "kind": "algo",
        "question": f"{stories[(turn + seed) % len(stories)](data)}\nAnswer with one integer.",
        "answer": str(KINDS[kind][1](**data)),
        "answer_type": "int",
        "meta": {"type": kind, "level": level},
        "split": "generated",
    }


def instance(kind: str, level: int, dice: Dice) -> Data:
    """Return the data of a problem, named as the arguments of the helper function."""
    return KINDS[kind][0](dice, level)
