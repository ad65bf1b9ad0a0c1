"""`isorun bench agent` over an agent that follows a script, and an engine without processes."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import override

import anyio
import pytest

from agent import Budget, Means, Task
from agent._steps import Answered, AnyStep
from agent.bench._store import read_store
from engine import Engine, EngineConfig, EngineError, PoolConfig
from engine.cli import main
from engine.cli._bench_agent import Subject, bench_agent
from engine.cli._parser import parse
from engine.testing import FakeRuntime

Capture = pytest.CaptureFixture[str]


class Adding:
    """Answers `n + n`, rightly with code only; remembers its budget and how often it was asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked = 0
        self.budgets: list[Budget] = []
        self.models: list[str | None] = []

    @asynccontextmanager
    async def open(self, engine: Engine, model: str | None, budget: Budget) -> AsyncGenerator[Subject]:
        self.budgets.append(budget)
        self.models.append(model)
        yield Subject(model or "tiny", self.solve)

    async def solve(self, task: Task, means: Means) -> AsyncGenerator[AnyStep]:
        self.asked += 1
        if self.error is not None and self.asked > 1:
            raise self.error
        number = int(task.question.partition(" ")[0])
        answer = number if means.route == "text" else 2 * number
        yield Answered(answer=str(answer), confidence="agreed", route="code")


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    for name in ("sums", "more"):
        folder = tmp_path / "sets" / name
        folder.mkdir(parents=True)
        lines = [
            {
                "id": f"{n}",
                "kind": "math",
                "answer_type": "int",
                "question": f"{n} + {n}",
                "answer": str(2 * n),
            }
            for n in (1, 2, 3)
        ]
        (folder / "items.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path / "sets"


def make_engine(config: EngineConfig) -> Engine:
    return Engine(EngineConfig(pool=PoolConfig(warm=0, max_warm=0)), runtimes=[FakeRuntime()])


def bench(*argv: str, agent: Adding | None = None) -> int:
    return bench_agent(parse(["bench", "agent", *argv]), (agent or Adding()).open, make_engine)


def test_measuring_prints_a_table_and_tells_its_progress(sets: Path, capsys: Capture) -> None:
    code = bench("--data", f"{sets}", "--set", "sums", "--arm", "text", "--arm", "code")

    captured = capsys.readouterr()
    assert code == 0
    assert "RIGHT\n" in captured.out
    assert "100.0" in captured.out
    assert len(captured.err.splitlines()) == 6
    assert captured.err.startswith("1/6 sums ")


def test_json_is_the_only_data(sets: Path, capsys: Capture) -> None:
    bench("--data", f"{sets}", "--limit", "2", "--arm", "code", "--json")

    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["set"], row["right"]["count"]) for row in rows] == [("more", 2), ("sums", 2)]


def test_file_is_reported_without_measuring(sets: Path, tmp_path: Path, capsys: Capture) -> None:
    path = f"{tmp_path}/out.jsonl"
    bench("--data", f"{sets}/sums", "--arm", "code", "--output", path)
    measured = capsys.readouterr().out

    code = main(["bench", "agent", "--report", path])

    assert code == 0
    assert capsys.readouterr().out == measured


def test_same_command_goes_on_in_its_file(sets: Path, tmp_path: Path, capsys: Capture) -> None:
    argv = ("--data", f"{sets}/sums", "--arm", "code", "--output", f"{tmp_path}/out.jsonl")
    lost, again = Adding(EngineError("sandbox lost")), Adding()

    with pytest.raises(EngineError, match="lost"):
        bench(*argv, agent=lost)
    told = capsys.readouterr().err
    bench(*argv, agent=again)

    assert "note: 1 measurements stand in" in told
    assert again.asked == 2
    assert len(read_store(tmp_path / "out.jsonl").records) == 3


def test_budget_and_model_are_those_of_the_command_line(sets: Path) -> None:
    agent = Adding()

    bench(
        *("--data", f"{sets}", "--limit", "1", "--arm", "code", "--model", "large"),
        *("--budget-seconds", "7.5", "--budget-tokens", "99"),
        agent=agent,
    )

    assert agent.models == ["large"]
    assert agent.budgets == [Budget(seconds=7.5, tokens=99)]


class Meeting(Adding):
    """Answers when two are asked."""

    @override
    async def solve(self, task: Task, means: Means) -> AsyncGenerator[AnyStep]:
        if not self.asked:
            self.met = anyio.Event()
        async for step in super().solve(task, means):
            if self.asked == 2:
                self.met.set()
            with anyio.fail_after(5):
                await self.met.wait()
            yield step


def test_items_are_answered_side_by_side_if_that_is_wanted(sets: Path) -> None:
    agent = Meeting()

    code = bench("--data", f"{sets}/sums", "--arm", "code", "--parallel", "2", agent=agent)

    assert (code, agent.asked) == (0, 3)


@pytest.mark.parametrize("number", [1, 64])
def test_up_to_64_items_are_answered_side_by_side(number: int) -> None:
    assert parse(["bench", "agent", "--parallel", str(number)]).parallel == number


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "no item to measure"),
        (["--set", "sums"], "`--data`"),
        (["--data", "/missing"], "no set in"),
        (["--limit", "0"], "from 1 on"),
        (["--limit", "-1"], "from 1 on"),
        (["--count", "x"], "from 1 on"),
        (["--parallel", "0"], "from 1 to 64"),
        (["--parallel", "65"], "from 1 to 64"),
        (["--report", "/missing"], "cannot be read"),
        (["--generate", "poems"], "invalid choice"),
        (["--json", "--markdown"], "not allowed with"),
    ],
)
def test_what_cannot_be_measured_is_refused(argv: list[str], message: str, capsys: Capture) -> None:
    code = main(["bench", "agent", *argv])

    error = capsys.readouterr().out if "--json" in argv else capsys.readouterr().err
    assert code == 2
    assert message in error


def test_unknown_arm_is_refused_before_anything_is_opened(sets: Path, capsys: Capture) -> None:
    agent = Adding()

    with pytest.raises(EngineError, match="`best`"):
        bench("--data", f"{sets}", "--arm", "best", agent=agent)

    assert agent.models == []


def test_language_without_items_leaves_nothing_to_measure(sets: Path, capsys: Capture) -> None:
    code = main(["bench", "agent", "--data", f"{sets}", "--language", "perl"])

    assert code == 2
    assert "no item to measure" in capsys.readouterr().err
