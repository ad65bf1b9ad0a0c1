"""Examples of docstrings as assertions."""

import ast

import pytest

from agent._examples import examples_in


def test_call_and_result_become_an_assertion() -> None:
    text = 'def f(x):\n    """Double.\n\n    >>> f(2)\n    4\n    >>> f(3)\n    6\n    """\n'

    assert examples_in(text, "f") == "assert (f(2)) == (4)\nassert (f(3)) == (6)"


@pytest.mark.parametrize(
    ("example", "assertion"),
    [
        (">>> f()\n[[1, 2],\n [3, 4]]", "assert (f()) == ([[1, 2], [3, 4]])"),
        (">>> f()\n2\nThat is because of g.", "assert (f()) == (2)"),
        ('>>> f()\n2"""', "assert (f()) == (2)"),
        (">>> f()\n'a'", "assert (f()) == ('a')"),
        (">>> f()\nNone", "assert (f()) == (None)"),
        (">>> f() == 3\nTrue", "assert f() == 3"),
        (">>> f() == 3\nFalse", "assert (f() == 3) == (False)"),
        (">>> f()\n0.5", "assert (f()) == (0.5)"),
        (">>> f()\n0.333", "assert abs((f()) - 0.333) < 0.6e-3"),
        (">>> f()\nDecimal('1.5')", "assert repr(f()) == \"Decimal('1.5')\""),
        (">>> sorted(f())\n[1]", "assert (sorted(f())) == ([1])"),
    ],
)
def test_result_is_compared_by_what_it_is(example: str, assertion: str) -> None:
    assert examples_in(f"{example}\n", "") == assertion


@pytest.mark.parametrize(
    "example",
    [
        ">>> f()",
        ">>> f()\n\n4",
        ">>> f()\nTraceback (most recent call last):\n    ...\nValueError: no",
        ">>> f()\nValueError",
        ">>> f()\n[1, ..., 9]",
        ">>> print(f())\nhello",
        ">>> x\n3",
        ">>> x = f()\n>>> g(x)\n3",
        ">>> f(\n4",
        ">>> f()\nis 4 for short lists",
        "f() is 4",
        ">>>",
        "",
    ],
)
def test_what_cannot_be_compared_is_left_out(example: str) -> None:
    assert examples_in(f"{example}\n", "") == ""


def test_other_functions_are_left_out() -> None:
    text = ">>> f(1)\n1\n>>> g(1)\n1\n>>> ff(1)\n1\n"

    assert examples_in(text, "f") == "assert (f(1)) == (1)"


def test_examples_count_once_and_are_limited() -> None:
    text = "".join(f">>> f({number})\n{number}\n" for number in (1, 1, 2, 3, 4, 5, 6, 7))

    lines = examples_in(text, "f").splitlines()

    assert len(lines) == 6
    assert lines[-1] == "assert (f(6)) == (6)"


@pytest.mark.parametrize(("size", "count"), [(990, 1), (1010, 0)])
def test_very_long_example_is_left_out(size: int, count: int) -> None:
    call = f"f('{'a' * (size - 5)}')"

    assert len(examples_in(f">>> {call}\n1\n", "f").splitlines()) == count


def test_assertions_are_python() -> None:
    text = ">>> f({'a': \"b\"})\n{'a': [1, 2.5, None, True, (1,)]}\n"

    tree = ast.parse(examples_in(text, "f"))

    assert isinstance(tree.body[0], ast.Assert)
