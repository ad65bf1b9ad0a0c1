"""For what outgrows plain Python: OR-tools' CP-SAT, loaded late because that takes half a second."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

#: The search of a program must end before its sandbox does.
_SECONDS = 20.0


class TooLargeError(Exception):
    """Plain Python has used up its steps; something stronger is needed."""


class Steps:
    """Counts steps of a search and gives up after too many."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self) -> None:
        """Count one step.

        Raises:
            TooLargeError: That was the last one.
        """
        self._left -= 1
        if self._left < 0:
            raise TooLargeError


class Search:
    """A CP-SAT model; `model` and `solver` are those of OR-tools."""

    def __init__(self) -> None:
        try:
            module: Any = import_module("ortools.sat.python.cp_model")
        except ImportError as error:
            raise ValueError(
                "too large for plain Python, and OR-tools is not there; use a smaller case"
            ) from error
        self._module = module
        self.model: Any = module.CpModel()
        self.solver: Any = module.CpSolver()
        # One worker: the same answer on every machine, and no more threads than a sandbox may have.
        self.solver.parameters.num_search_workers = 1
        self.solver.parameters.max_time_in_seconds = _SECONDS

    def booleans(self, count: int) -> list[Any]:
        """Return so many new 0-1 variables."""
        return [self.model.new_bool_var("") for _ in range(count)]

    def solve(self) -> int:
        """Search for the optimum and return its value.

        Raises:
            ValueError: There is no solution, or it took too long.
        """
        status = self.solver.solve(self.model)
        if status == self._module.INFEASIBLE:
            raise ValueError("there is no solution: the constraints contradict each other")
        if status != self._module.OPTIMAL:
            raise ValueError(f"too large to be solved exactly in {_SECONDS:.0f} seconds")
        value: float = self.solver.objective_value
        return round(value)

    def chosen(self, variables: Sequence[Any]) -> list[int]:
        """Return the indexes of the variables that are 1."""
        return [index for index, variable in enumerate(variables) if self.solver.value(variable)]
