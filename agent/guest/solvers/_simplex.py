"""Linear programs in exact fractions, small ones: two-phase simplex, and branching for whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from ._cp import Steps

type Row = tuple[Sequence[Fraction], str, Fraction]


class InfeasibleError(Exception):
    """No values satisfy the constraints."""


class UnboundedError(Exception):
    """The objective gets better without end."""


def best_whole(
    objective: list[Fraction], rows: list[Row], integer: list[bool], steps: Steps
) -> list[Fraction]:
    """Return values of at least 0 that maximise the objective, whole ones where wanted.

    Raises:
        InfeasibleError: There are none.
        UnboundedError: There are always better ones.
        TooLargeError: It took too many steps.
    """
    best: list[list[Fraction]] = []
    waiting = [rows]
    while waiting:
        here = waiting.pop()
        try:
            values = best_values(objective, here, steps)
        except InfeasibleError:
            continue
        if best and _total(objective, values) <= _total(objective, best[-1]):
            continue
        broken = next((i for i, value in enumerate(values) if integer[i] and value.denominator > 1), None)
        if broken is None:
            best.append(values)
            continue
        unit = [Fraction(index == broken) for index in range(len(objective))]
        below = floor(values[broken])
        waiting.append([*here, (unit, ">=", Fraction(below + 1))])
        waiting.append([*here, (unit, "<=", Fraction(below))])
    if not best:
        raise InfeasibleError
    return best[-1]


def _total(objective: list[Fraction], values: list[Fraction]) -> Fraction:
    return sum((c * value for c, value in zip(objective, values, strict=True)), Fraction(0))


def best_values(objective: list[Fraction], rows: list[Row], steps: Steps) -> list[Fraction]:
    """Return values of at least 0 that maximise the objective."""
    table = _Table(len(objective), rows, steps)
    table.improve(table.artificial_objective())
    if table.total(table.artificial_objective()) != 0:
        raise InfeasibleError
    table.close_artificial()
    table.improve([*objective, *[Fraction(0)] * (table.width - len(objective))])
    return table.values()[: len(objective)]


class _Table:
    """Equations with one basic variable each; slacks and artificial variables follow the given ones."""

    def __init__(self, count: int, rows: list[Row], steps: Steps) -> None:
        self._steps = steps
        slacks = sum(sense != "==" for _, sense, _ in rows)
        self._first_artificial = count + slacks
        self.width = count + slacks + len(rows)
        self._rows: list[list[Fraction]] = []
        self._basis: list[int] = []
        slack = count
        for index, (coefficients, sense, limit) in enumerate(rows):
            row = [*coefficients, *[Fraction(0)] * (slacks + len(rows)), limit]
            if sense != "==":
                row[slack] = Fraction(1 if sense == "<=" else -1)
                slack += 1
            if limit < 0:
                row = [-value for value in row]
            row[self._first_artificial + index] = Fraction(1)
            self._rows.append(row)
            self._basis.append(self._first_artificial + index)
        self._closed = self.width

    def artificial_objective(self) -> list[Fraction]:
        """Return what is 0 at best, and is 0 if the given constraints can hold."""
        return [Fraction(-1 if index >= self._first_artificial else 0) for index in range(self.width)]

    def close_artificial(self) -> None:
        """Have no artificial variable enter again; those left in the basis are 0 and leave where they can."""
        self._closed = self._first_artificial
        for index, basic in enumerate(self._basis):
            if basic >= self._first_artificial:
                row = self._rows[index]
                column = next((c for c in range(self._first_artificial) if row[c]), None)
                if column is not None:
                    self._pivot(index, column)

    def improve(self, objective: list[Fraction]) -> None:
        """Exchange variables until nothing gets better; the lowest index first, so that it ends (Bland)."""
        while True:
            self._steps.take()
            prices = [objective[basic] for basic in self._basis]
            column = next((c for c in range(self._closed) if self._gain(objective, prices, c) > 0), None)
            if column is None:
                return
            ratios = [
                (row[-1] / row[column], self._basis[index], index)
                for index, row in enumerate(self._rows)
                if row[column] > 0
            ]
            if not ratios:
                raise UnboundedError
            self._pivot(min(ratios)[2], column)

    def total(self, objective: list[Fraction]) -> Fraction:
        """Return the objective at the present values."""
        return sum(
            (objective[b] * row[-1] for b, row in zip(self._basis, self._rows, strict=True)), Fraction(0)
        )

    def values(self) -> list[Fraction]:
        """Return the present values."""
        found = [Fraction(0)] * self.width
        for basic, row in zip(self._basis, self._rows, strict=True):
            found[basic] = row[-1]
        return found

    def _gain(self, objective: list[Fraction], prices: list[Fraction], column: int) -> Fraction:
        if column in self._basis:
            return Fraction(0)
        cost = sum((p * row[column] for p, row in zip(prices, self._rows, strict=True) if p), Fraction(0))
        return objective[column] - cost

    def _pivot(self, index: int, column: int) -> None:
        pivot = self._rows[index]
        factor = pivot[column]
        self._rows[index] = pivot = [value / factor for value in pivot]
        for other, row in enumerate(self._rows):
            if other != index and row[column]:
                scale = row[column]
                self._rows[other] = [
                    value - scale * p if p else value for value, p in zip(row, pivot, strict=True)
                ]
        self._basis[index] = column
