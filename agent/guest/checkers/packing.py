"""Checks of packing, totals, and coins."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from ._problem import (
    INFINITE,
    MOST,
    Arguments,
    Number,
    Problem,
    Row,
    each_once,
    highs,
    need,
    number_of,
    places,
    sums,
    value_of,
)

_TOTALS = 400_000


def _knapsack(arguments: Arguments, counts: Any) -> Number:
    bounds, weights = arguments["copies"], arguments["weights"]
    need(len(counts) == len(weights), "not one count for each item")
    need(all(0 <= count <= bound for count, bound in zip(counts, bounds, strict=True)), "taken too often")
    load = sum(count * weight for count, weight in zip(counts, weights, strict=True))
    need(load <= arguments["capacity"], f"weight {load} is above the capacity")
    return number_of(sum(count * value for count, value in zip(counts, arguments["values"], strict=True)))


def _knapsack_brute(arguments: Arguments) -> Number | None:
    bounds = arguments["copies"]
    if prod(bound + 1 for bound in bounds) > MOST:
        return None
    weights, values = arguments["weights"], arguments["values"]
    best: Number = 0
    for counts in product(*[range(bound + 1) for bound in bounds]):
        if (
            sum(count * weight for count, weight in zip(counts, weights, strict=True))
            <= arguments["capacity"]
        ):
            best = max(best, sum(count * value for count, value in zip(counts, values, strict=True)))
    return best


def _knapsack_second(arguments: Arguments) -> Number | None:
    row: Row = (dict(enumerate(arguments["weights"])), 0, arguments["capacity"])
    return value_of(highs(arguments["values"], [row], maximize=True, upper=arguments["copies"]))


def _total(arguments: Arguments, chosen: Any) -> Number:
    values = arguments["values"]
    need(len(set(chosen)) == len(chosen), "a number is used twice")
    total = sum(values[index] for index in chosen)
    need(total <= arguments["target"] + 1e-9, f"total {total} is above the target")
    return number_of(total)


def _total_brute(arguments: Arguments) -> Number | None:
    values, reached = arguments["values"], {0}
    for value in values:
        reached |= {total + value for total in reached if total + value <= arguments["target"] + 1e-9}
        if len(reached) > _TOTALS:
            return None
    return max(reached)


def _partition(arguments: Arguments, groups: Any) -> Number:
    values = arguments["values"]
    need(len(groups) == arguments["parts"], "another number of groups")
    each_once([index for group in groups for index in group], len(values), "not each number in one group")
    totals = [sum(values[index] for index in group) for group in groups]
    return number_of(max(totals) - min(totals))


def _partition_brute(arguments: Arguments) -> Number | None:
    values, parts = arguments["values"], arguments["parts"]
    if parts == 2:
        reached = _total_brute({"values": values, "target": sum(values) / 2})
        return None if reached is None else sum(values) - 2 * reached
    if parts ** len(values) > 6 * MOST:
        return None
    totals = (sums(values, place, parts) for place in places(len(values), parts))
    return min(max(total) - min(total) for total in totals)


def _coin_ways(arguments: Arguments, solution: Any) -> None:
    """Nothing but the number was asked for."""


def _coin_ways_second(arguments: Arguments) -> Number | None:
    """Coin by coin, with each number of it added up, instead of one coin more than before."""
    amount = arguments["amount"]
    if sum(amount * amount // coin for coin in arguments["coins"]) > 40 * MOST:
        return None
    ways = [1, *[0] * amount]
    for coin in arguments["coins"]:
        ways = [sum(ways[part % coin : part + 1 : coin]) for part in range(amount + 1)]
    return ways[amount]


def _min_coins(arguments: Arguments, used: Any) -> Number:
    need(set(used) <= set(arguments["coins"]), "a coin that does not exist")
    need(sum(used) == arguments["amount"], "another amount")
    return len(used)


def _min_coins_second(arguments: Arguments) -> Number | None:
    """All amounts of one coin, of two coins, and so on, until the amount is among them."""
    reached, count = {arguments["amount"]}, 0
    seen = set(reached)
    while 0 not in reached:
        if len(seen) > _TOTALS or not reached:
            return None
        reached = {left - coin for left in reached for coin in arguments["coins"] if left >= coin} - seen
        seen |= reached
        count += 1
    return count


def _bins(arguments: Arguments, bins: Any) -> Number:
    sizes = arguments["sizes"]
    each_once([index for group in bins for index in group], len(sizes), "not each size in one bin")
    need(all(sum(sizes[i] for i in group) <= arguments["capacity"] for group in bins), "a bin is too full")
    return len(bins)


def _bins_brute(arguments: Arguments) -> Number | None:
    sizes, capacity = arguments["sizes"], arguments["capacity"]
    if len(sizes) > 9:
        return None
    fitting = (
        max(place) + 1
        for place in places(len(sizes), len(sizes))
        if max(sums(sizes, place, len(sizes))) <= capacity
    )
    return min(fitting, default=None) if sizes else 0


def _bins_second(arguments: Arguments) -> Number | None:
    sizes, capacity = arguments["sizes"], arguments["capacity"]
    count, most = len(sizes), min(len(sizes), 2 * int(sum(sizes) // capacity) + 1)
    rows: list[Row] = [({most + i * most + b: 1 for b in range(most)}, 1, 1) for i in range(count)]
    for b in range(most):
        load = {most + i * most + b: sizes[i] for i in range(count)}
        rows.append((load | {b: -capacity}, -INFINITE, 0))
        if b:
            rows.append(({b - 1: 1, b: -1}, 0, INFINITE))
    # All in all the bins must have room: a cut that HiGHS does not find at once.
    rows.append((dict.fromkeys(range(most), 1), -(-sum(sizes) // capacity), INFINITE))
    return value_of(highs([1] * most + [0] * (count * most), rows))


def _spread(arguments: Arguments, groups: Any) -> Number:
    durations = arguments["durations"]
    need(len(groups) <= arguments["machines"], "more machines than there are")
    each_once([job for group in groups for job in group], len(durations), "not each job on one machine")
    return max((sum(durations[job] for job in group) for group in groups), default=0)


def _spread_brute(arguments: Arguments) -> Number | None:
    durations, machines = arguments["durations"], arguments["machines"]
    if machines ** len(durations) > 6 * MOST:
        return None
    return min(max(sums(durations, place, machines)) for place in places(len(durations), machines))


def _spread_second(arguments: Arguments) -> Number | None:
    durations, machines = arguments["durations"], arguments["machines"]
    count = len(durations)
    rows: list[Row] = [({1 + j * machines + m: 1 for m in range(machines)}, 1, 1) for j in range(count)]
    for m in range(machines):
        load = {1 + j * machines + m: durations[j] for j in range(count)}
        rows.append((load | {0: -1}, -INFINITE, 0))
    least = max(max(durations), sum(durations) / machines)
    least = -(-least // 1) if all(isinstance(d, int) for d in durations) else least
    rows.append(({0: 1}, least, INFINITE))
    costs = [1.0] + [0.0] * (count * machines)
    upper = [float(sum(durations))] + [1.0] * (count * machines)
    return value_of(highs(costs, rows, upper=upper, integer=[False] + [True] * (count * machines)))


def _first(*names: str, count: int) -> Any:
    return lambda arguments: arguments | {name: arguments[name][:count] for name in names}


PROBLEMS = {
    "knapsack": Problem(
        _knapsack,
        _knapsack_brute,
        _knapsack_second,
        _first("values", "weights", "copies", count=8),
        ("values", "weights", "capacity", "copies"),
    ),
    "subset_sum": Problem(
        _total,
        _total_brute,
        smaller=_first("values", count=10),
        parameters=("values", "target"),
    ),
    "partition": Problem(
        _partition,
        _partition_brute,
        smaller=_first("values", count=7),
        parameters=("values", "parts"),
    ),
    "coin_ways": Problem(
        _coin_ways,
        lambda arguments: None,
        _coin_ways_second,
        lambda a: a | {"amount": min(a["amount"], 100)},
        ("amount", "coins"),
    ),
    "min_coins": Problem(_min_coins, lambda a: None, _min_coins_second, parameters=("amount", "coins")),
    "bin_packing": Problem(
        _bins,
        _bins_brute,
        _bins_second,
        _first("sizes", count=7),
        ("sizes", "capacity"),
    ),
    "makespan": Problem(
        _spread,
        _spread_brute,
        _spread_second,
        _first("durations", count=7),
        ("durations", "machines"),
    ),
}
