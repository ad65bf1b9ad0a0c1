"""Dividing a task into functions."""

import pytest

from agent._planning import composed, parts_of
from agent._writing import MAX_SOURCE

PLAN = '''
import math

def area(r: float) -> float:
    """Area of a circle.

    >>> area(0)
    0
    """

@cache
def both(a: int, b: int = 2, *rest: int) -> int:
    """Add."""
    return 1

x = 3
'''


def test_functions_of_a_plan_are_read() -> None:
    first, second = parts_of(PLAN)

    assert (first.name, first.tests) == ("area", "assert (area(0)) == (0)")
    assert (second.name, second.tests) == ("both", "")
    assert "def area(r: float) -> float:" in first.stub
    assert "Area of a circle." in first.stub


def test_stub_has_no_body_and_no_decorator() -> None:
    _, second = parts_of(PLAN)

    assert "def both(a: int, b: int=2, *rest: int) -> int:" in second.stub
    assert "return" not in second.stub
    assert "cache" not in second.stub


@pytest.mark.parametrize(
    "plan",
    [
        "",
        "First write a function, then another.",
        'def f():\n    """One."""\n',
        "def f():\n    pass\ndef g():\n    pass\n",
        'class A:\n    def f(self):\n        """One."""\n    def g(self):\n        """Two."""\n',
        "(" * 5000,
    ],
)
def test_what_declares_no_two_functions_is_no_plan(plan: str) -> None:
    assert parts_of(plan) == ()


@pytest.mark.parametrize(("count", "taken"), [(2, 2), (4, 4), (5, 4)])
def test_parts_are_limited(count: int, taken: int) -> None:
    plan = "".join(f'def f{number}():\n    """One."""\n' for number in range(count))

    assert len(parts_of(plan)) == taken


@pytest.mark.parametrize(("size", "parts"), [(MAX_SOURCE, 2), (MAX_SOURCE + 1, 0)])
def test_very_long_plan_is_not_read(size: int, parts: int) -> None:
    plan = 'def f():\n    """One."""\ndef g():\n    """Two."""\n#'

    assert len(parts_of(plan.ljust(size, "#"))) == parts


def test_program_follows_the_functions_that_it_calls() -> None:
    assert composed(["def f(): ...", "def g(): ..."], "f()") == "def f(): ...\n\ndef g(): ...\n\nf()"


def test_plan_nested_more_deeply_than_it_can_be_written_out_has_no_parts() -> None:
    deep = "1 if 1 else " * 1500 + "1"

    assert parts_of(f'def f(a={deep}):\n    """One."""\ndef g():\n    """Two."""\n') == ()
