"""Looking at a program before it runs."""

import ast

import pytest

from agent._checking import is_constant, lint, look_at, same_program
from agent._writing import MAX_SOURCE


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("", "there is no program"),
        ("  \n", "there is no program"),
        ("const x = 1;", "SyntaxError: invalid syntax (line 1)"),
        ("x = 1\nprint(x", "SyntaxError: '(' was never closed (line 2)"),
        ("x = '\0'", "SyntaxError: source code string cannot contain null bytes"),
        ("print(total)", "Undefined name `total` (line 1)"),
        (
            "x = 1\ndef f():\n    print(x)\n    x = 2\nf()",
            "Local variable `x` referenced before assignment (line 3)",
        ),
    ],
)
def test_what_is_wrong_for_certain_is_found(program: str, problem: str) -> None:
    assert (
        look_at(program, "python", helpers=False).problems[0].startswith(problem.removesuffix(" (line None)"))
    )


@pytest.mark.parametrize(
    "program",
    [
        "x = 1\nprint(x)",
        "import os\nx = 1\nprint(2 + 3)",
        "for i in range(3):\n    pass\nprint(i)",
        "def f(n: int) -> int:\n    return f(n - 1) if n else 0\nprint(f(3))",
        "x: list[int] = []\nprint(x == None)",
    ],
)
def test_what_only_a_person_would_mend_is_no_problem(program: str) -> None:
    looked = look_at(program, "python", helpers=False)

    assert (looked.problems, looked.mended, looked.program) == ((), (), program)


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("print(math.sqrt(2))", "import math"),
        ("print(sqrt(2))", "from math import sqrt"),
        ("print(np.zeros(3))", "import numpy as np"),
        ("print(Counter('ab'))", "from collections import Counter"),
        ("def f(x: List[int]): return x\nprint(f([1]))", "from typing import List"),
        ("print(datetime.now())", "from datetime import datetime"),
        ("print(datetime.date(2020, 1, 1))", "import datetime"),
        ("print(timedelta(1))", "from datetime import timedelta"),
    ],
)
def test_missing_import_is_added(program: str, line: str) -> None:
    looked = look_at(program, "python", helpers=False)

    assert looked.mended == (line,)
    assert looked.program == f"{line}\n{program}"
    assert looked.problems == ()


def test_name_that_no_import_brings_stays_a_problem_beside_one_that_is_mended() -> None:
    looked = look_at("print(math.pi * factor)", "python", helpers=False)

    assert looked.mended == ("import math",)
    assert looked.problems == ("Undefined name `factor` (line 1)",)


def test_imports_follow_those_from_the_future() -> None:
    program = '"""Text."""\nfrom __future__ import annotations\nprint(math.pi)'

    looked = look_at(program, "python", helpers=False)

    assert looked.program.splitlines()[1:3] == ["from __future__ import annotations", "import math"]
    compile(looked.program, "program", "exec")


@pytest.mark.parametrize(("helpers", "count"), [(True, 1), (False, 0)])
def test_helper_that_is_called_is_imported_where_helpers_are_offered(helpers: bool, count: int) -> None:
    looked = look_at("print(knapsack([1], [2], 3))", "python", helpers=helpers)

    assert len(looked.mended) == count
    assert len(looked.problems) == 1 - count


def test_other_languages_have_compilers() -> None:
    looked = look_at("let x = (", "javascript", helpers=True)

    assert (looked.problems, looked.mended, looked.constant) == ((), (), False)


@pytest.mark.parametrize(("size", "problems"), [(MAX_SOURCE, 1), (MAX_SOURCE + 1, 0)])
def test_very_long_program_is_not_looked_at(size: int, problems: int) -> None:
    program = "#" * (size - 2) + "\n)"

    assert len(look_at(program, "python", helpers=False).problems) == problems


@pytest.mark.parametrize("program", ["(" * 5000, "-" * 15000 + "1", "[" * 90 + "]" * 90, "x." * 9000 + "y"])
def test_deeply_nested_program_is_no_failure(program: str) -> None:
    looked = look_at(program, "python", helpers=True)

    assert looked.program == program or looked.mended


def test_linter_takes_any_text() -> None:
    assert [found.code for found in lint("print('\ud800', y)\n# noqa\n")] in (["F821"], [])
    assert lint("x = 1\n") == []


@pytest.mark.parametrize(
    "program",
    [
        "print(42)",
        "x = 42\nprint(f'{x}')",
        "answer = {'a': 1}\nprint(answer['a'])",
        "import math\nprint(-5)",
        "def solve():\n    return 42\nprint(solve())",
        "result = 7\nprint(str(round(result)))",
        "x = True\nif x:\n    print('yes')",
        "",
    ],
)
def test_program_that_prints_what_it_was_written_with_is_constant(program: str) -> None:
    assert is_constant(ast.parse(program))


@pytest.mark.parametrize(
    "program",
    [
        "print(6 * 7)",
        "print(len('strawberry'))",
        "print('a,b'.split(','))",
        "for x in 'ab':\n    print(x)",
        "print([x for x in 'ab'])",
        "def f(x):\n    return x\nprint(f(1))",
        "x = 1\nx += 1\nprint(x)",
        "print(3 > 2)",
        "print(open('data.txt').read())",
        "import solvers\nprint(solvers.knapsack([1], [2], 3))",
        "def solve():\n    return sum([1, 2])\nprint(solve())",
    ],
)
def test_program_that_works_is_not_constant(program: str) -> None:
    assert not is_constant(ast.parse(program))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("x = 1\nprint(x)", "x=1 # one\n\nprint( x )"),
        ("print('a')", 'print("a")'),
        ("let x = 1;\n", "let x=1;"),
        ("", "\n"),
        ("x" * (MAX_SOURCE + 1), "x" * (MAX_SOURCE + 1)),
    ],
)
def test_program_is_the_same_up_to_layout(first: str, second: str) -> None:
    assert same_program(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("x = 1", "y = 1"),
        ("print(1)", "print(1.0)"),
        ("if x:\n    a()\n    b()", "if x:\n    a()\nb()"),
        ("let x = 1;", "x = 1"),
        ("#" * MAX_SOURCE + "\nx", "#" * MAX_SOURCE + "\ny"),
    ],
)
def test_program_that_does_something_else_is_another(first: str, second: str) -> None:
    assert not same_program(first, second)


@pytest.mark.slow
def test_programs_nested_more_deeply_than_they_can_be_written_out_are_compared() -> None:
    deep = "x = " + "1 if 1 else " * 1600 + "1\n"

    assert same_program(deep, deep)
    assert not same_program(deep, deep + "y = 1\n")
