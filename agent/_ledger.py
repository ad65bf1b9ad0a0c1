"""What a question has cost so far, and whether it may go on."""

import time

from ._model import Completion
from ._steps import Totals
from ._task import Budget


class Ledger:
    """Counts the programs, tokens and seconds of one question."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._began = time.monotonic()
        self.programs = 0
        self._written = 0
        self.repairs = 0
        self.samples = 0
        self.model_calls = 0
        self._prompt_tokens = 0
        self._reused_tokens = 0
        self.new_tokens = 0
        self._model_seconds = 0.0
        self._sandbox_seconds = 0.0
        self._check_seconds = 0.0

    @property
    def seconds(self) -> float:
        """Since the question."""
        return time.monotonic() - self._began

    def wrote(self, completion: Completion, seconds: float) -> None:
        """Count an answer of the model."""
        self.model_calls += 1
        self._prompt_tokens += completion.prompt_tokens
        self._reused_tokens += completion.reused_tokens
        self.new_tokens += completion.new_tokens
        self._model_seconds += seconds

    def next_number(self) -> int:
        """Return the number of the next program, counted from 1."""
        self._written += 1
        return self._written

    def ran(self, seconds: float) -> None:
        """Count a program that ran."""
        self.programs += 1
        self._sandbox_seconds += seconds

    def searched(self, seconds: float) -> None:
        """Count time that was spent in a sandbox, with no program of the model."""
        self._sandbox_seconds += seconds

    def checked(self, seconds: float) -> None:
        """Count time that was spent looking at a program or an answer."""
        self._check_seconds += seconds

    @property
    def tokens_left(self) -> int:
        """New tokens that may still be written."""
        return max(0, self.budget.tokens - self.new_tokens)

    @property
    def seconds_left(self) -> float:
        """Seconds that may still be spent."""
        return max(0.0, self.budget.seconds - self.seconds)

    def used_up(self) -> str:
        """Say which part of the budget is used up; empty when none is."""
        if self.programs >= self.budget.programs:
            return f"the budget of {self.budget.programs} programs is used up"
        if self.tokens_left < 16:
            return f"the budget of {self.budget.tokens} tokens is used up"
        if self.seconds_left <= 0:
            return f"the budget of {self.budget.seconds:g} seconds is used up"
        return ""

    def totals(self) -> Totals:
        """Return all of it."""
        return Totals(
            programs=self.programs,
            repairs=self.repairs,
            samples=self.samples,
            model_calls=self.model_calls,
            prompt_tokens=self._prompt_tokens,
            reused_tokens=self._reused_tokens,
            new_tokens=self.new_tokens,
            model_seconds=self._model_seconds,
            sandbox_seconds=self._sandbox_seconds,
            check_seconds=self._check_seconds,
            seconds=self.seconds,
        )
