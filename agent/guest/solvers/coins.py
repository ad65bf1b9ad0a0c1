"""Amounts and coins."""

from __future__ import annotations

from math import inf

from ._answer import Answer, answered
from ._read import number, numbers, plain, scaled

#: Amounts up to which a table has an entry for each.
_MAX_AMOUNT = 5_000_000


def coin_ways(amount: object, coins: object) -> Answer:
    """Number of ways to pay the amount with unlimited coins; order does not matter.

    Exact; amounts up to about five million.

    >>> coin_ways(amount=10, coins=[1, 2, 5])
    10
    """
    total, values, _ = _read(amount, coins)
    ways = [1] + [0] * total
    for value in values:
        for part in range(value, total + 1):
            ways[part] += ways[part - value]
    return answered("coin_ways", {"amount": total, "coins": values}, ways[total], None)


def min_coins(amount: object, coins: object) -> Answer:
    """Fewest coins that pay the amount exactly, each as often as wanted.

    Exact; amounts up to about five million.

    >>> min_coins(amount=11, coins=[1, 5, 7])
    3
    """
    total, values, factor = _read(amount, coins)
    fewest: list[float] = [0.0] + [inf] * total
    last = [0] * (total + 1)
    for value in values:
        for part in range(value, total + 1):
            if fewest[part - value] + 1 < fewest[part]:
                fewest[part], last[part] = fewest[part - value] + 1, value
    if fewest[total] == inf:
        raise ValueError(f"{amount} cannot be paid with the coins {coins}")
    used: list[int] = []
    left = total
    while left:
        used.append(last[left])
        left -= last[left]
    shown = [value / factor if factor > 1 else value for value in used]
    return answered("min_coins", {"amount": total, "coins": values}, len(used), used, shown=shown)


def _read(amount: object, coins: object) -> tuple[int, list[int], int]:
    amount, coins = plain(amount), plain(coins)
    if isinstance(amount, list | tuple | set) and isinstance(coins, int | float):
        amount, coins = coins, amount
    given = numbers(coins, "coins", "[1, 2, 5]")
    (total, *values), factor = scaled([number(amount, "amount", "10"), *given])
    if total < 0 or min(values, default=0) <= 0:
        raise ValueError("the amount must not be negative, and coins must be above 0")
    if total > _MAX_AMOUNT:
        raise ValueError(
            f"the amount of {amount} is too large; at most {_MAX_AMOUNT} units of the smallest digit"
        )
    return total, sorted(set(values)), factor
