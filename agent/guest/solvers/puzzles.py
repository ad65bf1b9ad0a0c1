"""Queens and sudoku."""

from __future__ import annotations

from collections.abc import Sequence

from ._read import integer, plain

type Grid = list[list[int]]


def n_queens(n: object) -> int:
    """Number of ways to place n queens on an n by n board so that none attacks another.

    Exact; n up to 12.

    >>> n_queens(6)
    4
    """
    size = integer(n, "n", "8")
    everything = (1 << size) - 1

    def place(columns: int, left: int, right: int) -> int:
        if columns == everything:
            return 1
        count, free = 0, everything & ~(columns | left | right)
        while free:
            bit = free & -free
            free ^= bit
            count += place(columns | bit, (left | bit) << 1, (right | bit) >> 1)
        return count

    return place(0, 0, 0)


def sudoku(grid: object) -> Grid:
    """The solved rows of a sudoku; grid is 9 rows, or 81 characters, with 0 or . for what is empty.

    Also 4 by 4. Raises ValueError if there is no solution.

    >>> sudoku(["1...", "..3.", ".1..", "...2"])
    [[1, 3, 2, 4], [4, 2, 3, 1], [2, 1, 4, 3], [3, 4, 1, 2]]
    """
    rows = _rows(plain(grid))
    if any(
        _clashes(rows, row, column) for row, line in enumerate(rows) for column, v in enumerate(line) if v
    ):
        raise ValueError("the sudoku has the same number twice in a row, a column or a box")
    if not _fill(rows):
        raise ValueError("the sudoku has no solution")
    return rows


def _rows(grid: object) -> Grid:
    if isinstance(grid, str):
        text = "".join(sign for sign in grid if sign.isdigit() or sign in "._*")
        size = round(len(text) ** 0.5)
        grid = [text[start : start + size] for start in range(0, len(text), size or 1)]
    if not isinstance(grid, Sequence):
        raise ValueError("a sudoku must be 9 rows such as [5, 3, 0, 0, 7, 0, 0, 0, 0]")
    rows = [[int(cell) if str(cell).isdigit() else 0 for cell in row] for row in grid]
    if len(rows) not in (4, 9, 16) or any(len(row) != len(rows) for row in rows):
        raise ValueError(f"a sudoku has 4, 9 or 16 rows of that length, not {[len(row) for row in rows]}")
    return rows


def _box(rows: Grid, row: int, column: int) -> list[tuple[int, int]]:
    side = round(len(rows) ** 0.5)
    top, left = row - row % side, column - column % side
    return [(top + down, left + right) for down in range(side) for right in range(side)]


def _around(rows: Grid, row: int, column: int) -> set[int]:
    line = {rows[row][other] for other in range(len(rows)) if other != column}
    down = {rows[other][column] for other in range(len(rows)) if other != row}
    box = {rows[r][c] for r, c in _box(rows, row, column) if (r, c) != (row, column)}
    return line | down | box


def _clashes(rows: Grid, row: int, column: int) -> bool:
    return rows[row][column] in _around(rows, row, column)


def _fill(rows: Grid) -> bool:
    """Fill the cell with the fewest candidates first."""
    empty = [(r, c) for r, line in enumerate(rows) for c, value in enumerate(line) if not value]
    if not empty:
        return True
    everything = set(range(1, len(rows) + 1))
    candidates = {cell: everything - _around(rows, *cell) for cell in empty}
    row, column = min(empty, key=lambda cell: len(candidates[cell]))
    for value in sorted(candidates[row, column]):
        rows[row][column] = value
        if _fill(rows):
            return True
    rows[row][column] = 0
    return False
