"""What came of the attacks, column by column."""

import msgspec

from ._column import Column
from ._verdict import Judgement

#: The last row: what outlives the engine.
ENGINE_CLOSED = "engine-closed"


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One attack in one column.

    Attributes:
        attack: Its name.
        judgement: What came of it.
        status: Of the result; empty without one.
        seconds: That it took.
    """

    attack: str
    judgement: Judgement
    status: str = ""
    seconds: float = 0.0


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the table.

    Attributes:
        column: Where.
        cells: In the order of the attacks; empty if it is refused.
        refused: Why nothing runs there; empty if it does.
        fix: What to do about that.
    """

    column: Column
    cells: tuple[Cell, ...] = ()
    refused: str = ""
    fix: str = ""

    @property
    def is_contained(self) -> bool:
        """Whether nothing got out; true of a column in which nothing runs."""
        return all(cell.judgement.verdict == "contained" for cell in self.cells)
