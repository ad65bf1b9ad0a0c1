"""A short attack suite for the machine at hand: `isorun doctor --attack`.

Programs in `programs/` try what a hostile program would, harmlessly: what they would change if they got out
are canaries that were planted for them, and what they take is bounded. Whether they were contained is seen
from outside. The whole suite, with hundreds of programs, is `tests/security` of the source.
"""

from ._attack import ATTACKS, Attack
from ._canaries import Canaries, bequeathed, planted
from ._carry_out import Means, attack_tiers, policy_of
from ._column import COLUMNS, Column
from ._findings import ENGINE_CLOSED, Cell, Findings
from ._verdict import Judgement, Run, Verdict, judge

__all__ = [
    "ATTACKS",
    "COLUMNS",
    "ENGINE_CLOSED",
    "Attack",
    "Canaries",
    "Cell",
    "Column",
    "Findings",
    "Judgement",
    "Means",
    "Run",
    "Verdict",
    "attack_tiers",
    "bequeathed",
    "judge",
    "planted",
    "policy_of",
]
