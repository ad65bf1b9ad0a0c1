"""The benchmark over an agent that follows a script: order, records, resuming."""

from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

import anyio
import msgspec
import pytest

from agent import Budget, Means, ModelError, Task
from agent._steps import Answered, AnyStep, Checked, Ran, Routed, Totals, Wrote
from agent.bench._arms import ARMS, ROUTING, Solver, chosen
from agent.bench._items import Item, ItemSet
from agent.bench._machine import Header
from agent.bench._records import MAX_ANSWER_CHARACTERS, Record
from agent.bench._runner import Benchmark, Plan, decide_with
from agent.bench._scoring import is_right
from agent.bench._store import Store, open_store, read_store
from engine import ConfigError, EngineError

HEADER = Header(model="tiny", budget=Budget())


def sums(count: int, name: str = "sums") -> ItemSet:
    items = [
        Item(id=f"{n}", kind="math", answer_type="int", question=f"{n} + {n}", answer=f"{2 * n}")
        for n in range(count)
    ]
    return ItemSet(name=name, items=tuple(items))


def plan(*sets: ItemSet, arms: Iterable[str] = ("text", "code"), seed: int = 0, parallel: int = 1) -> Plan:
    arms_chosen = chosen(list(arms), seed)
    return Plan(sets=sets or (sums(2),), arms=arms_chosen, model="tiny", seed=seed, parallel=parallel)


class Script:
    """Answers each question with the same steps, and remembers what it was asked."""

    def __init__(self, *steps: AnyStep, error: Exception | None = None) -> None:
        self.steps = steps
        self.error = error
        self.asked: list[tuple[str, str]] = []
        self.closed = 0

    async def __call__(self, task: Task, means: Means) -> AsyncGenerator[AnyStep]:
        self.asked.append((task.question, means.route))
        try:
            for step in self.steps:
                yield step
            if self.error is not None:
                raise self.error
        finally:
            self.closed += 1


def answered(answer: str | None, **fields: object) -> Answered:
    plain: dict[str, object] = {"confidence": "agreed", "route": "code"}
    return Answered(answer=answer, **{**plain, **fields})  # type: ignore[arg-type]


def ran(answer: str | None, status: str = "ok", **fields: float) -> Ran:
    return Ran(number=1, status=status, answer=answer, **fields)  # type: ignore[arg-type]


def wrote(text: str, number: int | None = 1) -> Wrote:
    return Wrote(purpose="write", number=number, prompt_hash="", text=text, finish="length")


async def judge(item: Item, answer: str) -> bool:
    return answer == "good" if item.answer_type == "tests" else is_right(item, answer)


async def measured(script: Solver, wanted: Plan, store: Store | None = None) -> list[Record]:
    with open_store(None) as memory:
        store = store or memory
        await Benchmark(script, judge, store, decide=decide_with(script)).measure(wanted)
        return store.records


async def one(*steps: AnyStep, item: Item | None = None) -> Record:
    items = sums(1) if item is None else ItemSet(name="one", items=(item,))
    (record,) = await measured(Script(*steps), plan(items, arms=["code"]))
    return record


async def test_arms_take_turns_on_each_item() -> None:
    script = Script(answered("0"))

    records = await measured(script, plan(sums(2, "a"), sums(1, "b")))

    routes = [(question, route) for question in ("0 + 0", "1 + 1") for route in ("text", "code")]
    assert script.asked == [*routes, *routes[:2]]
    assert [record.set for record in records] == ["a"] * 4 + ["b"] * 2
    assert [record.right for record in records] == [True, True, False, False, True, True]


async def test_record_has_what_the_answer_took() -> None:
    totals = Totals(
        programs=3,
        repairs=1,
        samples=2,
        model_calls=4,
        prompt_tokens=900,
        reused_tokens=700,
        new_tokens=120,
        model_seconds=5.0,
        sandbox_seconds=0.5,
        check_seconds=0.25,
        seconds=6.0,
    )

    record = await one(
        Routed(route="code", language="python", by="rule", why=""),
        wrote("print(1)"),
        Checked(number=1, constant=True),
        ran("1", cpu_ms=10.0, peak_memory_mib=20.0),
        ran("0", cpu_ms=5.0, peak_memory_mib=30.0),
        answered("0", totals=totals, why="two agree"),
    )

    assert (record.right, record.right_first, record.ran) == (True, False, True)
    assert (record.programs, record.repairs, record.samples, record.model_calls) == (3, 1, 2, 4)
    assert (record.evaluated_tokens, record.new_tokens, record.constant) == (200, 120, 1)
    assert (record.model_seconds, record.sandbox_seconds, record.check_seconds) == (5.0, 0.5, 0.25)
    assert (record.seconds, record.cpu_ms, record.peak_memory_mib) == (6.0, 15.0, 30.0)
    assert (record.route, record.confidence, record.finish) == ("code", "agreed", "length")
    assert (record.kind, record.why, record.answer) == ("math", "two agree", "0")


async def test_answer_without_a_program_has_no_first_one() -> None:
    record = await one(wrote("0", None), answered("0", route="text"))

    assert (record.right, record.right_first, record.ran) == (True, None, None)


async def test_first_program_that_gave_nothing_is_wrong() -> None:
    record = await one(ran(None, "error"), ran("0"), answered("0"))

    assert (record.right, record.right_first, record.ran) == (True, False, True)


async def test_programs_that_all_failed_did_not_run() -> None:
    record = await one(ran(None, "error"), ran(None, "timeout"), answered(None, confidence="unknown"))

    assert (record.right, record.ran, record.answer) == (False, False, None)


async def test_wanted_program_is_judged_as_it_was_written_first() -> None:
    item = Item(id="f", kind="code", answer_type="tests", language="python", question="Write f.")

    record = await one(
        wrote("a thought", None), wrote("bad"), ran("4"), wrote("good"), answered("good"), item=item
    )

    assert (record.right, record.right_first) == (True, False)


@pytest.mark.parametrize(("length", "kept"), [(500, 500), (501, 500)])
async def test_long_answer_is_cut_in_the_record_only(length: int, kept: int) -> None:
    record = await one(answered("0".rjust(length)))

    assert record.right
    assert record.answer is not None
    assert len(record.answer) == kept == MAX_ANSWER_CHARACTERS


async def test_answer_that_no_encoding_holds_can_be_kept(tmp_path: Path) -> None:
    with open_store(tmp_path / "out.jsonl") as store:
        await measured(Script(answered("\ud800 0")), plan(sums(1), arms=["code"]), store)

    assert read_store(tmp_path / "out.jsonl").records[0].answer == "? 0"


async def test_failing_model_is_an_error_and_counts_as_wrong() -> None:
    script = Script(wrote("x"), error=ModelError("the prompt is too long"))

    records = await measured(script, plan(sums(2), arms=["code"]))

    assert [(record.right, record.error) for record in records] == [(False, "the prompt is too long")] * 2
    assert script.closed == 2


async def test_failing_host_stops_and_keeps_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with open_store(path) as store:
        await measured(Script(answered("0")), plan(sums(1), arms=["code"]), store)
        with pytest.raises(EngineError, match="lost"):
            await measured(Script(error=EngineError("sandbox lost")), plan(sums(3), arms=["code"]), store)

    assert len(read_store(path).records) == 1


async def test_measuring_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    first, second = Script(answered("0")), Script(answered("0"))

    for script, count in ((first, 1), (second, 3)):
        with open_store(path) as store:
            await store.begin(HEADER)
            await measured(script, plan(sums(count)), store)

    stored = read_store(path)
    assert len(second.asked) == 4
    assert len(stored.records) == len({record.key for record in stored.records}) == 6
    assert len(stored.headers) == 1


async def test_item_that_is_there_twice_is_measured_once() -> None:
    script = Script(answered("0"))

    records = await measured(script, plan(sums(1), sums(1), arms=["code"], parallel=2))

    assert len(records) == len(script.asked) == 1


class Meeting:
    """Answers each question when as many are under way as there are to be, and remembers how many were."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._here = 0
        self._met = anyio.Event()
        self.most = 0

    async def __call__(self, task: Task, means: Means) -> AsyncGenerator[AnyStep]:
        self._here += 1
        self.most = max(self.most, self._here)
        if self._here == self._count:
            self._met.set()
        with anyio.fail_after(5):
            await self._met.wait()
        yield answered(task.question.partition(" ")[0])
        self._here -= 1


async def test_as_many_items_as_wanted_are_answered_side_by_side() -> None:
    script = Meeting(2)

    records = await measured(script, plan(sums(5), arms=["code"], parallel=2))

    assert (script.most, len(records)) == (2, 5)


async def test_results_are_those_of_one_by_one(tmp_path: Path) -> None:
    one_by_one = await measured(Meeting(1), plan(sums(4)))

    with open_store(tmp_path / "out.jsonl") as store:
        await measured(Meeting(4), plan(sums(4), parallel=4), store)

    def results(records: list[Record]) -> list[Record]:
        same = [msgspec.structs.replace(record, seconds=0.0) for record in records]
        return sorted(same, key=lambda record: record.key)

    assert results(read_store(tmp_path / "out.jsonl").records) == results(one_by_one)


class Failing:
    """Answers the first question, waits with the second for ever, and fails at the third."""

    def __init__(self) -> None:
        self.left = 0

    async def __call__(self, task: Task, means: Means) -> AsyncGenerator[AnyStep]:
        number = int(task.question.partition(" ")[0])
        if number == 2:
            raise EngineError("sandbox lost")
        try:
            if number == 1:
                await anyio.sleep_forever()
            yield answered("0")
        finally:
            self.left += number


async def test_failing_host_stops_what_is_under_way_and_keeps_what_there_is(tmp_path: Path) -> None:
    script = Failing()

    with open_store(tmp_path / "out.jsonl") as store, pytest.raises(EngineError, match="lost"):
        await measured(script, plan(sums(9), arms=["code"], parallel=2), store)

    assert [record.item for record in read_store(tmp_path / "out.jsonl").records] == ["0"]
    assert script.left == 1


async def test_other_seed_is_another_measurement(tmp_path: Path) -> None:
    with open_store(tmp_path / "out.jsonl") as store:
        for seed in (0, 1):
            await measured(Script(answered("0")), plan(sums(1), arms=["full"], seed=seed), store)

    assert [record.seed for record in read_store(tmp_path / "out.jsonl").records] == [0, 1]


@pytest.mark.parametrize("cut", [1, 30])
async def test_line_that_was_cut_off_is_measured_again(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "out.jsonl"
    with open_store(path) as store:
        await measured(Script(answered("0")), plan(sums(2), arms=["code"]), store)
    path.write_bytes(path.read_bytes()[:-cut])
    script = Script(answered("0"))

    with open_store(path) as store:
        await measured(script, plan(sums(2), arms=["code"]), store)

    assert script.asked == [("1 + 1", "code")]
    assert [record.item for record in read_store(path).records] == ["0", "1"]


@pytest.mark.parametrize("line", [b"{}\n", b"x\n", b'{"line":"record"}\n', b"\xff\n"])
def test_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(line)

    with pytest.raises(ConfigError, match=r"out\.jsonl:1: no measurement"):
        read_store(path)


def test_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"), open_store(tmp_path / "none" / "out.jsonl"):
        pass


async def test_other_budget_is_not_mixed_in(tmp_path: Path) -> None:
    with open_store(tmp_path / "out.jsonl") as store:
        await store.begin(HEADER)
        with pytest.raises(ConfigError, match="another budget"):
            await store.begin(Header(model="tiny", budget=Budget(tokens=1)))
        await store.begin(Header(model="large", budget=Budget(tokens=1)))

    assert [header.model for header in read_store(tmp_path / "out.jsonl").headers] == ["tiny", "large"]


def labelled(label: str) -> ItemSet:
    item = Item(id=label, kind="routing", answer_type="label", question="Why?", answer=label)
    return ItemSet(name="routes", items=(item,))


@pytest.mark.parametrize(("label", "right"), [("text", True), ("code", False), ("either", True)])
async def test_labelled_item_is_decided_and_not_solved(label: str, right: bool) -> None:
    script = Script(
        Routed(route="text", language="python", by="rule", why=""), error=AssertionError("went on")
    )

    (record,) = await measured(script, plan(labelled(label)))

    assert (record.arm, record.route, record.right) == (ROUTING, "text", right)
    assert script.closed == 1


async def test_labelled_items_are_left_out_without_a_decision() -> None:
    with open_store(None) as store:
        await Benchmark(Script(answered("0")), judge, store).measure(plan(labelled("text")))

        assert store.records == []


async def test_decision_that_fails_is_an_error() -> None:
    (record,) = await measured(Script(error=ModelError("no memory")), plan(labelled("either")))

    assert (record.right, record.error) == (False, "no memory")


async def test_progress_is_told_of_every_record() -> None:
    told: list[tuple[str, int, int]] = []
    with open_store(None) as store:
        bench = Benchmark(Script(answered("0")), judge, store)
        await bench.measure(plan(), lambda record, number, count: told.append((record.arm, number, count)))

    assert told == [("text", 1, 4), ("code", 2, 4), ("text", 3, 4), ("code", 4, 4)]


def test_each_arm_has_one_means_more() -> None:
    code, lint, repair, vote = (ARMS[name] for name in ("code", "lint", "repair", "vote"))

    assert (code.check, lint.check) == (False, True)
    assert (lint.repairs, repair.repairs, repair.verify) == (0, 2, True)
    assert (repair.samples, vote.samples) == (1, 5)
    assert ARMS["full"] == Means()
    assert ARMS["text"].route == "text"


def test_arms_get_the_seed() -> None:
    assert {means.seed for means in chosen([], 7).values()} == {7}
    assert list(chosen([], 7)) == list(ARMS)


def test_unknown_arm_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="`none`") as raised:
        chosen(["none"], 0)

    assert "repair" in raised.value.hint
