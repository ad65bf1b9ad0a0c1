"""The search for an edit in real sandboxes: it finds slips, and edited programs cannot hold it up or lie."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from agent import Agent, Answered, AnyStep, Means, Ran, Searched, Task, Token, Wrote
from agent._running import Bench
from agent._searching import Found, search_edits
from agent.edits import Edit, edits_of
from agent.edits._source import Change
from agent.testing import Reply, ScriptedModel
from engine import Engine
from policies import Limits, Policy
from tests.support.jails import config

pytestmark = [pytest.mark.jail, pytest.mark.slow]

SLIP = "def larger(a, b):\n    return a if a < b else b\n"
GOOD = SLIP.replace("<", ">")
TESTS = "assert larger(1, 2) == 2\nassert larger(5, 3) == 5\n"
HOPELESS = "def larger(a, b):\n    return 'nothing'\n"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    async with Engine(config(fork=True)) as opened:
        yield opened


async def searched(
    engine: Engine, source: str, tests: str = TESTS, *, policy: Policy | None = None, seconds: float = 30
) -> Found:
    return await search_edits(Bench(engine, policy), source, tests, edits_of(source), seconds=seconds)


def whole(*programs: str) -> list[Edit]:
    """Return edits that replace all of `SLIP`."""
    return [Edit(Change(0, len(SLIP.encode()), program), SLIP, program) for program in programs]


async def among(engine: Engine, *programs: str) -> Found:
    return await search_edits(Bench(engine), SLIP, TESTS, whole(*programs), seconds=30)


async def test_slip_is_found(engine: Engine) -> None:
    found = await searched(engine, SLIP)

    assert found.edit is not None
    assert found.tried == len(edits_of(SLIP))
    assert found.edit.program in {GOOD, SLIP.replace("<", ">=")}


async def test_program_that_passes_is_left_as_it_is(engine: Engine) -> None:
    assert await searched(engine, GOOD) == Found(passes=True)


async def test_nothing_is_found_where_no_edit_passes(engine: Engine) -> None:
    found = await searched(engine, HOPELESS)

    assert (found.edit, found.passing) == (None, 0)
    assert found.tried > 0


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "10 ** 10 ** 10",
        "[0] * (1 << 28)",
        "larger(a, b)",
        "import os; os._exit(0)",
        "import sys; sys.exit(0)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "print('x' * (1 << 20) * 64)",
        "import time; time.sleep(1000)",
        "import sys; sys.stdout.close()",
        "import os; os.fork()\n    while True: pass",
        "import signal as s\n    for n in range(1, 65):\n        try: s.signal(n, s.SIG_IGN)\n"
        "        except (OSError, ValueError): pass\n    while True: pass",
        "import os; [os.write(n, b'xyz') for n in range(3, 9) if os.path.exists(f'/proc/self/fd/{n}')]",
        "import gc; [one.clear() for one in gc.get_objects() if isinstance(one, dict)]",
    ],
)
async def test_edit_that_misbehaves_harms_no_other(engine: Engine, body: str) -> None:
    found = await among(engine, f"def larger(a, b):\n    {body}\n", GOOD)

    assert found == Found(tried=2, passing=1, alike=1, edit=whole("", GOOD)[1])


async def test_edits_that_behave_alike_in_other_calls_are_counted_together(engine: Engine) -> None:
    table = "def larger(a, b):\n    return {(1, 2): 2, (5, 3): 5}.get((a, b))\n"
    same = "def larger(a, b):\n    return max(a, b)\n"

    found = await among(engine, table, GOOD, same)

    assert (found.passing, found.alike) == (3, 2)
    assert found.edit is not None
    assert found.edit.program == GOOD


async def test_edit_that_hangs_in_other_calls_still_passes(engine: Engine) -> None:
    hanging = "def larger(a, b):\n    while (a, b) not in ((1, 2), (5, 3)): pass\n    return max(a, b)\n"
    deaf = hanging.replace(
        "while", "import signal\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while"
    )

    for program in (hanging, deaf):
        assert (await among(engine, program)).passing == 1


async def test_tests_that_are_no_python_find_nothing(engine: Engine) -> None:
    assert (await searched(engine, SLIP, "assert larger(1, 2")).edit is None


async def test_search_ends_when_its_time_is_over(engine: Engine) -> None:
    slow = ["def larger(a, b):\n    while True: pass\n" + "#" * number for number in range(500)]

    found = await search_edits(Bench(engine), SLIP, TESTS, whole(*slow), seconds=1.0)

    assert found.edit is None
    assert found.tried < len(slow)


async def test_modules_of_libraries_can_be_used(engine: Engine) -> None:
    source = "import numpy as np\ndef total(a):\n    return int(np.prod(a)) - 1\n"

    found = await searched(engine, source, "assert total([2, 3]) == 6\nassert total([1, 1]) == 1\n")

    assert found.edit is not None
    assert "np.prod(a)) - 1" not in found.edit.program


@pytest.mark.parametrize("limits", [Limits(pids=1), Limits(wall_seconds=0.2, cpu_seconds=0.2)])
async def test_policy_that_leaves_no_room_finds_nothing(engine: Engine, limits: Limits) -> None:
    long = "def f(a):\n    while a < 1: pass\n    return a\n"

    found = await searched(engine, long, "assert f(0) == 1", policy=Policy(limits=limits))

    assert found.edit is None


# In the loop


async def solved(
    engine: Engine, replies: list[Reply | None], task: Task, means: Means | None = None
) -> tuple[Answered, Sequence[AnyStep]]:
    model = ScriptedModel(replies)
    async with aclosing(Agent(engine, model, means=means or Means()).solve(task)) as events:
        steps = [step async for step in events if not isinstance(step, Token)]
    assert model.is_finished
    answered = steps[-1]
    assert isinstance(answered, Answered)
    return answered, steps


def mending(code: str = SLIP, tests: str = TESTS) -> Task:
    return Task(question="Fix it.", wants="program", language="python", code=code, tests=tests)


async def test_slip_in_a_given_program_is_mended_without_a_model(engine: Engine) -> None:
    answered, steps = await solved(engine, [], mending())

    assert answered.confidence == "verified"
    assert answered.program in {GOOD, SLIP.replace("<", ">=")}
    assert answered.verified[0] == "tests: 2 assertions"
    assert answered.verified[1].startswith("edits: one edit of ")
    assert answered.totals.model_calls == 0
    assert [type(step) for step in steps if isinstance(step, Searched | Ran)] == [Searched, Ran]


async def test_edit_that_tests_do_not_tell_from_others_is_not_verified(engine: Engine) -> None:
    answered, _ = await solved(engine, [], mending(tests="assert larger(1, 2) == 2"))

    assert answered.confidence == "unverified"
    assert answered.answer is not None
    assert "tests: 1 assertions" in answered.verified
    assert any("other edits pass as well" in text for text in answered.unverified)


async def test_model_writes_when_no_edit_passes(engine: Engine) -> None:
    answered, steps = await solved(engine, [GOOD], mending(HOPELESS))

    assert answered.confidence == "verified"
    assert answered.program == GOOD.rstrip()
    (searched,) = [step for step in steps if isinstance(step, Searched)]
    assert (searched.edit, searched.program) == ("", None)


async def test_slip_of_the_model_is_mended_as_well(engine: Engine) -> None:
    task = Task(question="Write larger.", wants="program", language="python", tests=TESTS)

    answered, steps = await solved(engine, [SLIP], task, Means(route="code", repairs=0))

    assert answered.confidence == "verified"
    assert [type(step) for step in steps if isinstance(step, Wrote | Searched)] == [Wrote, Searched]


async def test_program_is_searched_once(engine: Engine) -> None:
    replies: list[Reply | None] = [HOPELESS, HOPELESS.replace("'nothing'", '"nothing"')]
    means = Means(route="code", repairs=0, samples=2, plan=False)

    _, steps = await solved(engine, replies, mending(HOPELESS), means)

    assert len([step for step in steps if isinstance(step, Searched)]) == 1


@pytest.mark.parametrize(
    ("task", "means"),
    [
        (mending(), Means(route="code", edits=False)),
        (mending(), Means(route="code", verify=False)),
        (mending(tests=""), Means(route="code")),
    ],
)
async def test_nothing_is_searched_without_tests_or_when_it_is_off(
    engine: Engine, task: Task, means: Means
) -> None:
    _, steps = await solved(engine, [GOOD], task, means)

    assert not [step for step in steps if isinstance(step, Searched)]


FORGING = """def larger(a, b):
    if 0:
        import os
        for descriptor in range(20, 2, -1):
            try:
                os.write(descriptor, b"p1")
            except OSError:
                continue
            os._exit(0)
    return "nothing"
"""


async def test_edit_that_only_says_that_it_passes_is_not_believed(engine: Engine) -> None:
    answered, steps = await solved(engine, [GOOD], mending(FORGING))

    assert answered.program == GOOD.rstrip()
    assert answered.confidence == "verified"
    (searched,) = [step for step in steps if isinstance(step, Searched)]
    assert searched.passing > 0
    assert [step.status for step in steps if isinstance(step, Ran)] == ["tests failed", "ok"]


async def test_edit_of_a_written_program_that_tests_leave_open_is_the_last_resort(engine: Engine) -> None:
    task = Task(
        question="Write larger.", wants="program", language="python", tests="assert larger(1, 2) == 2"
    )
    means = Means(route="code", repairs=0, samples=2, plan=False)

    better, _ = await solved(engine, [SLIP, GOOD], task, means)
    fallback, _ = await solved(engine, [SLIP, HOPELESS], task, means)

    assert (better.confidence, better.program) == ("verified", GOOD.rstrip())
    assert fallback.confidence == "unverified"
    assert fallback.program != SLIP.rstrip()
