"""The helper library in real sandboxes: used by a program, beyond plain Python, and checked afterwards."""

from collections.abc import AsyncGenerator

import pytest

from agent import _helpers
from agent._helper_calls import CALLS_FILE, check_program, checks_of, recorded_calls
from engine import Engine, File, Program, Result
from tests.support.jails import config

pytestmark = pytest.mark.jail

_CITIES = [((7 * i * i) % 61, (11 * i + 5 * (i % 3)) % 53) for i in range(17)]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    async with Engine(config()) as opened:
        yield opened


async def _run(engine: Engine, code: str, *files: File) -> Result:
    return await engine.run(Program(code=code, files=(*_helpers.guest_files(), *files), environment="data"))


async def test_program_imports_a_helper_and_its_call_is_verified(engine: Engine) -> None:
    code = "from solvers import knapsack\nprint(knapsack([60, 100, 120], [10, 20, 30], 50))"
    ran = await _run(engine, code)
    calls = recorded_calls(ran.files)

    result = await engine.run(check_program(calls))
    constraints, smaller = checks_of(result, calls, ran.stdout)

    assert ran.stdout == "220\n"
    assert [file.name for file in ran.files] == [CALLS_FILE]
    assert (constraints.passed, constraints.strong) == (True, True)
    assert smaller.passed is True


async def test_value_of_a_program_may_be_an_answer(engine: Engine) -> None:
    result = await _run(engine, "from solvers import *\nresult = shortest_tour([(0, 0), (3, 4)])")

    assert result.value == 10


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (f"shortest_tour({_CITIES}, metric='manhattan')", None),
        (f"weighted_tardiness({[3 + i % 5 for i in range(17)]}, {[4 * i % 60 for i in range(17)]})", None),
        ("milp([3] * 60, [([1 + i % 3 for i in range(60)], '<=', 50), ([1] * 60, '<=', 40)] * 25)", 120),
    ],
)
async def test_what_is_too_large_for_plain_python_goes_to_a_solver(
    engine: Engine, call: str, value: int | None
) -> None:
    ran = await _run(engine, f"from solvers import *\nanswer = {call}\nprint(answer)")
    calls = recorded_calls(ran.files)

    (constraints, *_) = checks_of(await engine.run(check_program(calls)), calls, ran.stdout)

    assert ran.ok, ran.stderr
    assert value is None or ran.stdout.strip() == str(value)
    assert constraints.passed is True, constraints


async def test_second_method_verifies_what_is_too_large_for_brute_force(engine: Engine) -> None:
    sizes = [12 + (17 * i) % 29 for i in range(14)]
    ran = await _run(engine, f"from solvers import *\nprint(bin_packing({sizes}, 60))")
    calls = recorded_calls(ran.files)

    (constraints, *_) = checks_of(await engine.run(check_program(calls)), calls, ran.stdout)

    assert (constraints.passed, constraints.strong) == (True, True)
    assert "a second method" in constraints.detail


async def test_forged_record_is_refused(engine: Engine) -> None:
    forged = (
        '{"function": "bin_packing", "arguments": {"sizes": [6, 6, 6], "capacity": 10},'
        ' "value": 2, "solution": [[0, 1], [2]]}'
    )
    ran = await _run(engine, f"open({CALLS_FILE!r}, 'w').write({forged!r})\nprint(2)")
    calls = recorded_calls(ran.files)

    (constraints,) = checks_of(await engine.run(check_program(calls)), calls, ran.stdout)

    assert (constraints.passed, constraints.strong) == (False, False)


async def test_forged_record_that_asks_for_too_much_decides_nothing(engine: Engine) -> None:
    forged = (
        '{"function": "makespan", "arguments": {"durations": [1, 2], "machines": 900000000000},'
        ' "value": 2, "solution": [[0], [1]]}'
    )
    ran = await _run(engine, f"open({CALLS_FILE!r}, 'w').write({forged!r})\nprint(2)")
    calls = recorded_calls(ran.files)

    (constraints,) = checks_of(await engine.run(check_program(calls)), calls, ran.stdout)

    assert (constraints.passed, constraints.strong) == (None, False)
