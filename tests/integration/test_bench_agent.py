"""Programs and their hidden tests in real jails: the verdict comes from the tests, not from the program."""

import msgspec
import pytest

from agent.bench._items import Item
from agent.bench._judge import Judge
from engine import Engine
from tests.support.jails import config

pytestmark = pytest.mark.jail

_PYTHON = Item(
    id="middle",
    kind="code",
    answer_type="tests",
    language="python",
    entry_point="middle",
    tests=("assert middle([3, 1, 2]) == 2", "assert middle([5]) == 5"),
)
_JAVASCRIPT = Item(
    id="middle-js",
    kind="repair",
    answer_type="tests",
    language="js",
    prompt="const middle = (list) => {\n",
    tests="const check = () => {\n  console.assert(middle([3, 1, 2]) === 2)\n}\n\ncheck()\n",
)
_IO = Item(
    id="runs",
    kind="repair",
    answer_type="io",
    language="python",
    entry_point="runs",
    io_tests=(([["a", "a", "b"]], [["a", 2], ["b", 1]]), ([[]], [])),
)
_RIGHT = "def middle(values):\n    return sorted(values)[len(values) // 2]\n"
_RUNS = """
from itertools import groupby

def runs(values):
    for key, group in groupby(values):
        yield key, len(list(group))
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def verdict(item: Item, answer: str) -> bool:
    async with Engine(config()) as engine:
        return await Judge(engine)(item, answer)


@pytest.mark.parametrize(
    ("program", "right"),
    [
        (_RIGHT, True),
        (f"Of course:\n```python\n{_RIGHT}```\n", True),
        ("def middle(values):\n    return values[0]\n", False),
        ("def middle(values:\n", False),
        ("import sys\nsys.exit(0)\n", False),
        ("import os\nprint('all passed', flush=True)\nos._exit(0)\n", False),
        ("def middle(values):\n    raise SystemExit(0)\n", False),
        ("result = 'passed'\ndef middle(values):\n    exit()\n", False),
        ("x = 1\n", False),
    ],
)
async def test_python_is_right_only_if_its_tests_come_to_their_end(program: str, right: bool) -> None:
    assert await verdict(_PYTHON, program) is right


@pytest.mark.parametrize(
    ("program", "right"),
    [
        ("const middle = (list) => [...list].sort()[Math.floor(list.length / 2)]\n", True),
        ("  return [...list].sort()[Math.floor(list.length / 2)]\n}\n", True),
        ("const middle = (list) => list[0]\n", False),
        ("const middle = (list) => Deno.exit(0)\n", False),
        ("const middle = (list) => list[0]\nconsole.assert = () => {}\n", False),
        ("const middle = (list) => {\n", False),
    ],
)
async def test_javascript_is_right_only_if_no_assertion_failed(program: str, right: bool) -> None:
    assert await verdict(_JAVASCRIPT, program) is right


@pytest.mark.parametrize(
    ("program", "right"),
    [
        (_RUNS, True),
        (_RUNS.replace("len(list(group))", "1"), False),
        ("def runs(values):\n    return [['a', 2], ['b', 1]]\n", False),
        ("def runs(values):\n    return 1 / 0\n", False),
        ("raise SystemExit(0)\n", False),
    ],
)
async def test_results_of_calls_are_compared_outside_of_the_sandbox(program: str, right: bool) -> None:
    assert await verdict(_IO, program) is right


async def test_program_that_never_ends_is_wrong() -> None:
    endless = "def middle(values):\n    while True:\n        pass\n"
    async with Engine(config()) as engine:
        judge = Judge(engine)
        limits = msgspec.structs.replace(judge._policy.limits, wall_seconds=0.5, cpu_seconds=0.5)
        judge._policy = msgspec.structs.replace(judge._policy, limits=limits)

        assert not await judge(_PYTHON, endless)
