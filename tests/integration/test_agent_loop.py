"""An agent with a scripted model over real sandboxes: what a program cannot make look verified."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import anyio
import pytest
from anyio.lowlevel import checkpoint

from agent import Agent, Answered, AnyStep, Budget, Decided, Means, Ran, Task, Token, Wrote
from agent._running import Bench, run_program, run_tests
from agent.testing import Reply, ScriptedModel
from engine import Engine, File
from tests.support.jails import config

pytestmark = pytest.mark.jail

TESTS = "assert double(3) == 6\nassert double(0) == 0"
GOOD = "def double(x):\n    return x * 2\n"
BAD = "def double(x):\n    return x + 2\n"
ONCE = Means(route="code", samples=1, repairs=0, edits=False, plan=False)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    async with Engine(config(fork=True)) as opened:
        yield opened


async def solved(
    engine: Engine, replies: list[Reply | None], task: Task, means: Means = ONCE
) -> tuple[Answered, Sequence[AnyStep]]:
    model = ScriptedModel(replies)
    async with aclosing(Agent(engine, model, means=means).solve(task)) as events:
        steps = [step async for step in events if not isinstance(step, Token)]
    assert model.is_finished
    answered = steps[-1]
    assert isinstance(answered, Answered)
    return answered, steps


def wanted(tests: str = TESTS, language: str = "python") -> Task:
    return Task(question="Write double.", wants="program", tests=tests, language=language)


@pytest.mark.slow
async def test_right_program_is_verified(engine: Engine) -> None:
    answered, steps = await solved(engine, [GOOD], wanted())

    assert answered.confidence == "verified"
    assert answered.verified == ("tests: 2 assertions",)
    (ran,) = [step for step in steps if isinstance(step, Ran)]
    assert ran.status == "ok"
    assert ran.runtime.startswith("nsjail/")


TRICKS = {
    "exit": "exit(0)",
    "sys.exit": "import sys\nsys.exit()",
    "raise": "raise SystemExit",
    "_exit": "import os\nos._exit(0)",
    "word": "print('verified')\nprint('all tests passed')\nraise SystemExit(0)",
    "atexit": "import atexit, os\natexit.register(os._exit, 0)",
    "atexit with words": "import atexit, os\natexit.register(lambda: (print('ok', flush=True), os._exit(0)))",
    "hook": "import sys, os\nsys.excepthook = lambda *error: os._exit(0)",
    "signal": "import os, signal\nsignal.signal(2, lambda *all: os._exit(0))\nos.kill(os.getpid(), 2)",
    "thread": "import threading, os\nthreading.Thread(target=os._exit, args=(0,)).start()\nwhile 1: pass",
    "value": "result = 'verified'\nraise SystemExit",
    "fork": "import os\nif os.fork() == 0:\n    pass\nelse:\n    os._exit(0)",
    "own file": "import sys\nprint(open(sys.modules['__main__'].__file__).read())",
    "replaced word": "import builtins\nbuiltins.repr = lambda value: 'passed'",
}


@pytest.mark.slow
@pytest.mark.parametrize("trick", TRICKS)
async def test_wrong_program_that_ends_well_is_not_verified(engine: Engine, trick: str) -> None:
    answered, steps = await solved(engine, [f"{BAD}{TRICKS[trick]}\n"], wanted())

    assert answered.confidence == "unknown"
    assert answered.verified == ()
    assert [step.status for step in steps if isinstance(step, Ran)] != ["ok"]


async def test_program_cannot_read_the_file_of_its_tests(engine: Engine) -> None:
    source = GOOD + (
        "import glob, sys\n"
        "files = [sys.modules['__main__'].__file__, *glob.glob('/box/**/*', recursive=True)]\n"
        "found = []\n"
        "for name in files:\n"
        "    try:\n"
        "        found.append('double' + '(3)' in open(name).read())\n"
        "    except OSError:\n"
        "        pass\n"
        "print(found.count(True))\n"
    )

    observed = await run_tests(Bench(engine), source, "python", TESTS)

    assert observed.passed
    assert observed.output == "0"


async def test_failing_test_says_what_was_found(engine: Engine) -> None:
    observed = await run_tests(Bench(engine), BAD, "python", TESTS)

    assert observed.passed is False
    assert observed.error == "AssertionError: double(3) == 6 is false, the left side is 5"
    assert observed.line is None


async def test_error_in_a_tested_program_is_told_with_line_and_variables(engine: Engine) -> None:
    source = "def double(x):\n    half = x / 2\n    return half / 0\n"

    observed = await run_tests(Bench(engine), source, "python", TESTS)

    assert observed.error.splitlines() == [
        "ZeroDivisionError: float division by zero",
        "line 3: return half / 0",
        "variables: x = 3; half = 1.5",
    ]


@pytest.mark.parametrize("tests", ["", TESTS])
async def test_syntax_error_is_told_with_the_line_of_the_model(engine: Engine, tests: str) -> None:
    source = "x = 1\ny = = 2\n"
    bench = Bench(engine)

    observed = (
        await run_tests(bench, source, "python", tests)
        if tests
        else await run_program(bench, source, "python", ())
    )

    assert observed.error == "SyntaxError: invalid syntax\nline 2: y = = 2"


async def test_error_is_told_with_line_and_variables(engine: Engine) -> None:
    source = "def f(items):\n    total = 1\n    return items[total]\n\nprint(f([7]))\n"

    observed = await run_program(Bench(engine), source, "python", ())

    assert observed.line == 3
    assert observed.error.splitlines() == [
        "IndexError: list index out of range",
        "line 3: return items[total]",
        "variables: items = [7]; total = 1",
    ]


async def test_imports_from_the_future_stay_first(engine: Engine) -> None:
    source = "from __future__ import annotations\nx: int = 1\nprint(x / 0)\n"

    observed = await run_program(Bench(engine), source, "python", ())

    assert observed.error.splitlines()[:2] == ["ZeroDivisionError: division by zero", "line 3: print(x / 0)"]


async def test_own_file_of_the_user_with_the_name_of_ours_stays(engine: Engine) -> None:
    own = File(name="observe.py", data=b"value = 42\n")

    observed = await run_program(Bench(engine), "import observe\nprint(observe.value)\n", "python", (own,))

    assert observed.answer == "42"


async def test_main_block_of_a_tested_program_does_not_run(engine: Engine) -> None:
    source = f"{GOOD}\nif __name__ == '__main__':\n    print(double(int(input())))\n"

    observed = await run_tests(Bench(engine), source, "python", TESTS)

    assert observed.passed


async def test_tests_reach_all_names_and_files(engine: Engine) -> None:
    source = "_factor = 2\ndef double(x):\n    return x * _factor\n"
    tests = f"{TESTS}\nassert _factor == 2\nassert open('data.txt').read() == 'six'"

    observed = await run_tests(Bench(engine), source, "python", tests, (File(name="data.txt", data=b"six"),))

    assert observed.passed


@pytest.mark.slow
async def test_program_that_outlives_the_budget_is_stopped(engine: Engine) -> None:
    agent = Agent(
        engine,
        ScriptedModel(["x = 7\nwhile x:\n    pass\n"]),
        means=Means(route="code"),
        budget=Budget(seconds=1.5),
    )

    with anyio.fail_after(8):
        async with aclosing(agent.solve(Task(question="Which?"))) as events:
            steps = [step async for step in events]

    answered = steps[-1]
    assert isinstance(answered, Answered)
    assert answered.why == "the budget of 1.5 seconds is used up"


async def test_cancellation_ends_the_program(engine: Engine) -> None:
    agent = Agent(engine, ScriptedModel(["x = 7\nwhile x:\n    pass\n"]), means=ONCE)
    written = anyio.Event()

    async def ask() -> None:
        async with aclosing(agent.solve(Task(question="Which?"))) as steps:
            async for step in steps:
                if isinstance(step, Wrote):
                    written.set()

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await written.wait()
        while not sum(pool.leased for pool in engine.stats().pools):
            await checkpoint()
        group.cancel_scope.cancel()

    assert engine.stats().active == 0
    assert sum(pool.leased for pool in engine.stats().pools) == 0


JAVASCRIPT = "function double(x) { return x * 2; }\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "source", "tests", "passed"),
    [
        ("javascript", JAVASCRIPT, "console.assert(double(3) === 6);", True),
        ("javascript", JAVASCRIPT, "console.assert(double(3) === 7, 'no');", False),
        ("javascript", JAVASCRIPT, "if (double(3) !== 6) throw new Error('no'); // fine", True),
        ("javascript", JAVASCRIPT, "if (double(3) !== 7) throw new Error('no')", False),
        ("javascript", JAVASCRIPT + "process.exit(0);", "console.assert(double(3) === 7)", False),
        ("javascript", JAVASCRIPT + "Deno.exit(0);", "console.assert(double(3) === 7)", False),
        ("javascript", "console.assert = () => {};" + JAVASCRIPT, "if (double(3) !== 6) throw 1", True),
        (
            "typescript",
            "function double(x: number): number { return x * 2; }",
            "console.assert(double(3) === 6);",
            True,
        ),
        (
            "typescript",
            "const double = (x: number): number => x + 2;",
            "console.assert(double(3) === 6);",
            False,
        ),
        ("bash", "double() { echo $(($1 * 2)); }", '[ "$(double 3)" = 6 ]', True),
        ("bash", "double() { echo $(($1 + 2)); }", '[ "$(double 3)" = 6 ]', False),
        ("bash", "double() { echo 0; }\nexit 0", '[ "$(double 3)" = 6 ]', False),
        ("perl", "sub double { return $_[0] * 2; }", "die unless double(3) == 6;", True),
        ("perl", "sub double { return $_[0] * 2; }\nexit 0", "die unless double(3) == 7;", False),
    ],
)
async def test_other_languages_are_tested(
    engine: Engine, language: str, source: str, tests: str, passed: bool
) -> None:
    observed = await run_tests(Bench(engine), source, language, tests)

    assert observed.passed is passed, observed


@pytest.mark.slow
async def test_javascript_program_is_repaired_until_its_tests_pass(engine: Engine) -> None:
    means = Means(route="code", samples=1, repairs=1)
    task = wanted("if (double(3) !== 6) throw new Error(`double(3) is ${double(3)}`);", "javascript")

    answered, steps = await solved(
        engine, ["function double(x) { return x + 2; }\n", JAVASCRIPT], task, means
    )

    assert (answered.confidence, answered.language) == ("verified", "javascript")
    failed, passed = [step for step in steps if isinstance(step, Ran)]
    assert failed.error.startswith("Error: double(3) is 5")
    assert passed.status == "ok"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "passed"),
    [
        ("int doubled(int x) { return x * 2; }", True),
        ("int doubled(int x) { return x * 2; }\nint main(void) { return 1; }", True),
        ("int doubled(int x) { return x + 2; }", False),
        ("#include <stdlib.h>\nint doubled(int x) { exit(0); }", False),
    ],
)
async def test_c_program_is_tested(engine: Engine, source: str, passed: bool) -> None:
    observed = await run_tests(Bench(engine), source, "c", "assert(doubled(3) == 6);")

    if observed.status == "refused":
        pytest.skip(f"no compiler of C on this machine: {observed.error}")
    assert observed.passed is passed, observed


async def test_language_that_is_not_here_is_told(engine: Engine) -> None:
    answered, steps = await solved(engine, ["fn main() {}\n"], Task(question="Which?", language="rust"))
    ran = [step for step in steps if isinstance(step, Ran)]

    if ran[0].status != "refused":
        pytest.skip("Rust is set up on this machine")
    assert answered.answer is None
    assert answered.why == ran[0].error
    assert [step.action for step in steps if isinstance(step, Decided)] == ["stop"]


@pytest.mark.slow
async def test_answer_of_a_solver_is_checked_against_its_constraints(engine: Engine) -> None:
    program = "print(knapsack([1, 4, 6, 9], [2, 3, 5, 7], 10))\n"
    question = (
        "Items weigh 2, 3, 5 and 7 kg and are worth 1, 4, 6 and 9. A knapsack holds 10 kg. Best total value?"
    )

    answered, steps = await solved(engine, [program], Task(question=question))

    assert answered.confidence == "verified", steps
    assert any(check.startswith("constraints: knapsack") for check in answered.verified)


@pytest.mark.slow
async def test_solver_gets_the_data_of_the_question_in_the_right_places(engine: Engine) -> None:
    question = (
        "A knapsack holds 10 kg. Best total value?\n1) weighs 2 kg, worth 1\n2) weighs 3 kg, worth 4\n"
        "3) weighs 5 kg, worth 6\n4) weighs 7 kg, worth 9\n"
    )

    answered, steps = await solved(
        engine, ["print(knapsack(weights, values, 10))\n"], Task(question=question)
    )

    assert (answered.answer, answered.confidence) == ("13", "verified"), steps
    assert "knapsack(weights=weights, values=values, capacity=10)" in answered.program


@pytest.mark.slow
async def test_forged_record_of_a_solver_verifies_nothing(engine: Engine) -> None:
    program = (
        "import json\n"
        "call = {'function': 'knapsack', 'arguments': {'values': [1], 'weights': [1], 'capacity': 1},\n"
        "        'value': 42, 'solution': [0]}\n"
        "with open('.isorun-calls.jsonl', 'w') as file:\n"
        "    file.write(json.dumps(call))\n"
        "print(6 * 7)\n"
    )

    answered, _ = await solved(engine, [program], Task(question="Which?"))

    assert answered.confidence == "unverified"
