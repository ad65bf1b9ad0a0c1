"""What a solver gives back: a number that also carries the solution behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import override

from ._record import record

type Number = int | float

#: Programs guess names for the two parts; any of these is understood.
_VALUE_NAMES = frozenset(
    {"value", "length", "cost", "total", "optimum", "objective", "count", "distance", "size"}
)
_SOLUTION_NAMES = frozenset(
    {
        "tour",
        "path",
        "items",
        "order",
        "schedule",
        "selected",
        "chosen",
        "bins",
        "groups",
        "colours",
        "colors",
    }
    | {"variables", "assignment", "route", "members", "edges"}
)


class Parts:
    """Makes a number unpack as `value, solution`, and `len` and `in` look at the solution."""

    solution: object

    def _value(self) -> Number:
        raise NotImplementedError

    def __iter__(self) -> Iterator[object]:
        return iter((self._value(), self.solution))

    def __getitem__(self, key: object) -> object:
        if key in (0, "value", -2):
            return self._value()
        if key in (1, "solution", -1):
            return self.solution
        if isinstance(key, str):
            return self.__getattr__(key)
        raise IndexError(f"an answer has [0], its value, and [1], its solution; not [{key!r}]")

    def __len__(self) -> int:
        return len(self.solution) if isinstance(self.solution, list | tuple | dict | str) else 1

    def __contains__(self, item: object) -> bool:
        return isinstance(self.solution, list | tuple | dict) and item in self.solution

    def __getattr__(self, name: str) -> object:
        if name in _VALUE_NAMES:
            return self._value()
        if name in _SOLUTION_NAMES:
            return self.solution
        raise AttributeError(f"an answer has no {name!r}: print it, or take .value and .solution")


class WholeAnswer(Parts, int):
    """A whole number with its solution."""

    @override
    def _value(self) -> Number:
        return int(self)


class RealAnswer(Parts, float):
    """A real number with its solution."""

    @override
    def _value(self) -> Number:
        return float(self)


class TruthAnswer(WholeAnswer):
    """Yes or no, with the solution if yes; prints as `True` or `False`."""

    @override
    def __repr__(self) -> str:
        return str(bool(self))

    __str__ = __repr__


type Answer = WholeAnswer | RealAnswer


def whole(value: Number) -> Number:
    """Return a number as `int` if it is one in all but its type."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def answered(
    function: str, arguments: Mapping[str, object], value: Number, solution: object, *, shown: object = None
) -> Answer:
    """Record a call and return its answer.

    Args:
        function: What was called.
        arguments: As they were understood, with indexes in place of names.
        value: The number that was asked for.
        solution: What gives that number, in terms of `arguments`.
        shown: The same in the caller's own names, if those are other ones.
    """
    value = whole(value)
    record(function, arguments, value, solution)
    kind = TruthAnswer if isinstance(value, bool) else WholeAnswer if isinstance(value, int) else RealAnswer
    answer: Answer = kind(value)
    answer.solution = solution if shown is None else shown
    return answer
