"""One task for each worker."""

from __future__ import annotations

from math import inf

from ._answer import Answer, Number, answered
from ._read import flag, matrix, names, plain


def assignment(costs: object, maximize: bool = False) -> Answer:
    """Smallest total cost when each worker (row) gets one task (column); maximize=True for the largest.

    Exact; hundreds of rows. `.solution` is the column of each row, counted from 0; None for a row left over.

    >>> assignment([[9, 2, 7], [6, 4, 3], [5, 8, 1]])
    9
    """
    maximize = flag(maximize, "maximize")
    costs = plain(costs)
    given = matrix(costs, "costs", "[[9, 2], [6, 4]]")
    sign = -1 if maximize else 1
    signed = [[sign * value for value in row] for row in given]
    turned = len(given) > len(given[0])
    columns = _hungarian([list(column) for column in zip(*signed, strict=True)] if turned else signed)
    chosen: list[int | None] = list(columns)
    if turned:
        chosen = [None] * len(given)
        for column, row in enumerate(columns):
            chosen[row] = column
    total = sum(given[row][column] for row, column in enumerate(chosen) if column is not None)
    labels = names(costs)
    shown = dict(zip(labels, chosen, strict=True)) if labels else chosen
    arguments: dict[str, object] = {"costs": given, "maximize": maximize}
    return answered("assignment", arguments, total, chosen, shown=shown)


def _hungarian(costs: list[list[Number]]) -> list[int]:
    """Return the column of each row; there are at least as many columns as rows.

    Rows enter one by one: the cheapest way to a free column is searched in reduced costs, and the rows on it
    change columns.
    """
    width = len(costs[0])
    row_price: list[Number] = [0] * (len(costs) + 1)
    column_price: list[Number] = [0] * (width + 1)
    owner = [-1] * (width + 1)
    for row in range(len(costs)):
        owner[width] = row
        came = _improve(costs, row_price, column_price, owner)
        column = came.pop()
        while came[column] != column and column != width:
            owner[column] = owner[came[column]]
            column = came[column]
    columns = [0] * len(costs)
    for column in range(width):
        if owner[column] >= 0:
            columns[owner[column]] = column
    return columns


def _improve(
    costs: list[list[Number]], row_price: list[Number], column_price: list[Number], owner: list[int]
) -> list[int]:
    """Return from which column each was reached, and the free column at the end."""
    width = len(costs[0])
    column = width
    least: list[Number] = [inf] * width
    came = [width] * (width + 1)
    done: set[int] = set()
    while owner[column] >= 0:
        done.add(column)
        row = owner[column]
        following, step = width, inf
        for other in range(width):
            if other in done:
                continue
            reduced = costs[row][other] - row_price[row] - column_price[other]
            if reduced < least[other]:
                least[other], came[other] = reduced, column
            if least[other] < step:
                following, step = other, least[other]
        for other in done:
            row_price[owner[other]] += step
            column_price[other] -= step
        least = [value if other in done else value - step for other, value in enumerate(least)]
        column = following
    return [*came, column]
