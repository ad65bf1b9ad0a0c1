from collections.abc import Sequence

import msgspec
import pytest

from agent.bench._items import Item
from agent.bench._judge import MAX_PROGRAM_CHARACTERS, Judge, passed, program_of
from agent.bench._judge import test_policy as policy_of_tests
from engine import Engine, EngineConfig, IsolationInfo, PoolConfig, Reason, Result, Status
from engine.testing import Behaviour, FakeRuntime, FakeSandbox, hangs, prints

ITEM = Item(
    id="double",
    kind="code",
    answer_type="tests",
    language="python",
    entry_point="double",
    tests="assert double(2) == 4",
)
IO = Item(
    id="io",
    kind="repair",
    answer_type="io",
    language="python",
    entry_point="double",
    io_tests=(([2], 4), ([0.5], 1.0)),
)
NONCE = "a1b2"


def ended(value: object = NONCE, *, stderr: bytes = b"", **fields: object) -> Result:
    plain: dict[str, object] = {"status": Status.OK, "reason": Reason.EXIT_ZERO, "exit_code": 0}
    return Result(
        **{**plain, **fields},  # type: ignore[arg-type]
        value=value,
        stderr_bytes=stderr,
        isolation=IsolationInfo(runtime="fake"),
    )


def io_passed(found: object, item: Item = IO) -> bool:
    return passed(item, ended([NONCE, found]), NONCE)


def test_run_that_came_to_its_end_passes() -> None:
    assert passed(ITEM, ended(), NONCE)


@pytest.mark.parametrize("value", [None, "", "a1b3", ["a1b2"], True, 0])
def test_exit_zero_before_the_end_of_the_tests_does_not_pass(value: object) -> None:
    assert not passed(ITEM, ended(value), NONCE)


def test_failed_run_does_not_pass_whatever_its_value() -> None:
    failed = ended(status=Status.ERROR, reason=Reason.EXIT_NONZERO, exit_code=1)
    late = ended(status=Status.TIMEOUT, reason=Reason.WALL_LIMIT, exit_code=None)

    assert not passed(ITEM, failed, NONCE)
    assert not passed(ITEM, late, NONCE)


def test_failed_assertion_of_a_console_does_not_pass() -> None:
    item = msgspec.structs.replace(ITEM, language="js")

    assert not passed(item, ended(stderr=b"Assertion failed\n"), NONCE)
    assert passed(item, ended(stderr=b"note\n"), NONCE)
    assert passed(ITEM, ended(stderr=b"Assertion failed\n"), NONCE)


@pytest.mark.parametrize("found", [[4, 1.0], [4.0, 1.0], [4, 1], [4, 1.0000001]])
def test_results_that_are_expected_pass(found: object) -> None:
    assert io_passed(found)


@pytest.mark.parametrize(
    "found",
    [
        [4],
        [4, 1.0, 2],
        [5, 1.0],
        [4, 1.1],
        [4, None],
        ["4", 1.0],
        [True, 1.0],
        4,
        None,
        [4, float("nan")],
        [4, 10**400],
    ],
)
def test_other_results_do_not_pass(found: object) -> None:
    assert not io_passed(found)


def test_results_without_the_hidden_value_do_not_pass() -> None:
    assert not passed(IO, ended(["other", [4, 1.0]]), NONCE)
    assert not passed(IO, ended([[4, 1.0]]), NONCE)


def test_truth_is_not_one() -> None:
    item = msgspec.structs.replace(IO, io_tests=(([1], True),))

    assert io_passed([True], item)
    assert not io_passed([1], item)


def test_lists_are_compared_to_their_depth() -> None:
    item = msgspec.structs.replace(IO, io_tests=(([3], [[1], [1, 1.5]]),))

    assert io_passed([[[1], [1, 1.5]]], item)
    assert not io_passed([[[1], [1, 2.5]]], item)
    assert not io_passed([[[1], [[1], 1.5]]], item)


@pytest.mark.parametrize(("found", "right"), [(1.49, True), (1.41, True), (1.39, False)])
def test_square_root_may_be_off_by_its_second_argument(found: float, right: bool) -> None:
    item = msgspec.structs.replace(IO, entry_point="sqrt", io_tests=(([2, 0.1], 1.5),))

    assert io_passed([found], item) is right


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        ("x = 1\n", "x = 1\n"),
        ("Here:\n```python\nx = 1\n```\nDone.", "x = 1\n"),
        ("```\nx = 1\n```\nbetter:\n```python\nx = 2\n```", "x = 2\n"),
        ('def f():\n    """```"""\n', 'def f():\n    """```"""\n'),
    ],
)
def test_last_fenced_block_is_the_program(answer: str, program: str) -> None:
    assert program_of(answer) == program


def test_limits_of_a_test_run_are_bounded() -> None:
    limits = policy_of_tests().limits

    assert (limits.wall_seconds, limits.cpu_seconds, limits.output_kib) == (10.0, 10.0, 256)
    assert policy_of_tests().network.mode == "none"


async def judged(item: Item, answers: Sequence[str], behaviour: Behaviour) -> tuple[list[bool], list[str]]:
    runtime = FakeRuntime(behaviour=behaviour)
    config = EngineConfig(pool=PoolConfig(warm=0, max_warm=0))
    async with Engine(config, runtimes=[runtime]) as engine:
        judge = Judge(engine)
        verdicts = [await judge(item, answer) for answer in answers]
    return verdicts, [str(program.code) for box in _started(runtime) for program in box.programs]


def _started(runtime: FakeRuntime) -> list[FakeSandbox]:
    return runtime.sandboxes


async def test_program_stands_before_its_tests_and_the_hidden_value() -> None:
    _, (code,) = await judged(ITEM, ["def double(n):\n    return 2 * n"], prints())

    program, tests, value = (code.index(part) for part in ("def double", "assert double", "result = "))
    assert program < tests < value


async def test_hidden_value_is_another_one_each_time() -> None:
    _, codes = await judged(ITEM, ["x = 1", "x = 1"], prints())

    assert len(set(codes)) == 2


async def test_program_that_prints_what_it_likes_is_wrong() -> None:
    verdicts, _ = await judged(ITEM, ["print('all tests passed')"], prints(b"all tests passed\n"))

    assert verdicts == [False]


async def test_expected_results_do_not_go_into_the_sandbox() -> None:
    item = msgspec.structs.replace(IO, io_tests=(([21], 424242), (7, "other")))

    _, (code,) = await judged(item, ["def double(n):\n    return 2 * n"], prints())

    assert "[[21],[7]]" in code
    assert "424242" not in code


async def test_only_programs_of_acceptable_length_are_run() -> None:
    longest = "#" * MAX_PROGRAM_CHARACTERS

    verdicts, codes = await judged(ITEM, [longest, longest + "#", "", " \n"], prints())

    assert verdicts == [False] * 4
    assert len(codes) == 1


async def test_text_is_judged_without_a_sandbox() -> None:
    item = Item(id="x", kind="math", answer_type="int", answer="4")

    verdicts, codes = await judged(item, ["It is 4", "5"], hangs)

    assert verdicts == [True, False]
    assert codes == []


_HEAD = 'from math import pi\n\ndef double(n):\n    """Twice n."""\n'


@pytest.mark.parametrize(
    ("program", "beginning"),
    [
        ("    return 2 * n\n", _HEAD + "    return 2 * n\n"),
        ("def double(n):\n    return 2 * n\n", _HEAD + "\n\ndef double(n):\n    return 2 * n\n"),
        (_HEAD + "    return n\n", _HEAD + "    return n\n"),
        ("from __future__ import annotations\nx = 1\n", "from __future__ import annotations\nx = 1\n"),
        ("def double(n:\n", "def double(n:\n"),
    ],
)
async def test_head_of_the_function_stands_before_a_program_that_needs_it(
    program: str, beginning: str
) -> None:
    item = msgspec.structs.replace(ITEM, prompt=_HEAD)

    _, (code,) = await judged(item, [program], prints())

    assert code.startswith(beginning)
    assert code.count("def double") == beginning.count("def double")


@pytest.mark.parametrize(
    ("program", "heads"),
    [
        ("  return 2 * n\n}\n", 1),
        ("const double = (n) => 2 * n\n", 1),
        ("function double(n) { return 2 * n }", 0),
    ],
)
async def test_head_is_not_declared_twice_in_javascript(program: str, heads: int) -> None:
    item = msgspec.structs.replace(
        ITEM, language="js", prompt="const double = (n) => {\n", entry_point="", tests="double(1)"
    )
    runtime = FakeRuntime()
    runtime._capabilities = msgspec.structs.replace(runtime.capabilities, languages=frozenset({"javascript"}))

    async with Engine(EngineConfig(pool=PoolConfig(warm=0, max_warm=0)), runtimes=[runtime]) as engine:
        await Judge(engine)(item, program)

    (code,) = [str(program.code) for box in _started(runtime) for program in box.programs]
    assert code.count("const double") == heads
    assert code.rstrip().endswith('"')
