"""What clients of an engine that others break were answered, and what came of it in all."""

from collections import Counter

import msgspec

#: For an answer: the longest program is killed within a second, and an engine of its own starts in one.
DEADLINE_SECONDS = 30.0
_MAX_PROBLEMS = 10


class Answers(msgspec.Struct, kw_only=True):
    """What a client was answered.

    Attributes:
        mode: Of the client.
        right: As it has to be.
        broken: Errors and results that a kill explains, by kind.
        problems: What must not be.
    """

    mode: str
    right: int = 0
    broken: dict[str, int] = {}
    problems: list[str] = []

    def note(self, how: str) -> None:
        """Count what a kill explains."""
        self.broken[how] = self.broken.get(how, 0) + 1

    def complain(self, problem: str) -> None:
        """Take note of what must not be."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)


class Summary(msgspec.Struct, kw_only=True):
    """What was done, and what came of it.

    Attributes:
        killed: How many of each part.
        left_out: Parts that this machine lacks, and why.
        right: Answers that were right, by the mode of the client.
        broken: Answers that a kill explains, by kind.
        clients: Processes that asked, those that were killed among them.
        left: What is left and should not be.
        problems: What else must not be.
    """

    seed: int
    seconds: float = 0.0
    killed: Counter[str] = msgspec.field(default_factory=Counter)
    left_out: dict[str, str] = {}
    right: Counter[str] = msgspec.field(default_factory=Counter)
    broken: Counter[str] = msgspec.field(default_factory=Counter)
    clients: int = 0
    left: list[str] = []
    problems: list[str] = []
