"""`isorun agent` with real jails: once with the smallest model, and with a model that follows a script."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent import Answered, Model, Ran, Started
from agent._transcript import read_transcript
from agent.models import ModelSettings
from agent.testing import ScriptedModel
from engine.cli import main
from engine.cli._agent import answer
from engine.cli._agent_parts import Parts
from engine.cli._parser import parse
from tests.support.models import SMALLEST, model_parts

Capture = pytest.CaptureFixture[str]

pytestmark = [pytest.mark.jail, pytest.mark.slow]

ISORUN = str(Path(sys.executable).with_name("isorun"))
QUESTION = "How many of the numbers from 1 to 100 are divisible by 7?"
WRONG = "total = 0\nfor number in range(1, 101):\n    total += is_divisible(number)\nprint(total)\n"
RIGHT = "print(sum(number % 7 == 0 for number in range(1, 101)))\n"


@pytest.mark.model
@pytest.mark.timeout(180)
def test_smallest_model_comes_to_an_end(tmp_path: Path) -> None:
    model_parts()  # or the test is skipped
    file = tmp_path / "run.jsonl"
    budget = "seconds=20,tokens=60,programs=2"
    command = [ISORUN, "agent", "--model", SMALLEST, "--budget", budget, "--transcript", str(file)]

    done = subprocess.run([*command, "What is 2+3?"], capture_output=True, text=True)

    transcript = read_transcript(file)
    first, last = transcript.steps[0], transcript.steps[-1]
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert transcript.complete
    assert isinstance(first, Started)
    assert first.model == SMALLEST
    assert isinstance(last, Answered)
    assert (done.returncode == 1) == (last.confidence == "unknown")
    assert done.stdout == ("" if last.answer is None else f"{last.answer}\n")
    shown = subprocess.run([ISORUN, "agent", "show", str(file)], capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("question   What is 2+3?\n")


@asynccontextmanager
async def scripted(spec: str | None, *, cache: Path, settings: ModelSettings) -> AsyncGenerator[Model]:
    """Have a model whose first program fails, and whose second is right."""
    model = ScriptedModel([WRONG, RIGHT])
    yield model
    assert model.is_finished


def test_repaired_program_is_shown_and_gives_the_same_again(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "run.jsonl"
    argv = ["agent", "--code", "--samples", "1", "--transcript", str(file)]

    code = answer(parse([*argv, QUESTION]), Parts(open_model=scripted))

    assert (code, capsys.readouterr().out) == (0, "14\n")
    assert [step.status for step in read_transcript(file).steps if isinstance(step, Ran)] == ["error", "ok"]
    assert main(["agent", "show", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "error      NameError: name 'is_divisible' is not defined\n" in shown
    assert "next       repair: NameError: name 'is_divisible' is not defined\n" in shown
    assert f"      1 | {RIGHT}" in shown
    assert "answer     14\n" in shown
    assert main(["agent", "replay", str(file)]) == 0
    assert capsys.readouterr().out == "program 1: error; as recorded\nprogram 2: ok, 14; as recorded\n"


SLIP = """def largest_gap(numbers):
    numbers = sorted(numbers)
    gap = 0
    for i in range(len(numbers) - 2):
        gap = max(gap, numbers[i + 1] - numbers[i])
    return gap
"""
TESTS = "assert largest_gap([1, 9, 4]) == 5\nassert largest_gap([10, 0]) == 10\n"


@pytest.fixture
def mending(tmp_path: Path) -> list[str]:
    """Return a command line that has a program mended, with a model that is not there."""
    (tmp_path / "slip.py").write_text(SLIP)
    (tmp_path / "tests.py").write_text(TESTS)
    return [
        *("agent", "--fix", f"{tmp_path}/slip.py", "--tests", f"{tmp_path}/tests.py"),
        *("--model", f"{tmp_path}/none.gguf", "--no-background"),
    ]


def test_slip_is_mended_without_a_model(mending: list[str]) -> None:
    done = subprocess.run([ISORUN, *mending], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, SLIP.replace(" - 2", " - 1"))
    assert "edits: line 4: `for i in range(len(numbers) - 2):` becomes" in done.stderr
    assert "verified" in done.stderr


def test_what_no_edit_mends_says_that_there_is_no_model(mending: list[str], tmp_path: Path) -> None:
    (tmp_path / "slip.py").write_text("def largest_gap(numbers):\n    return 'nothing'\n")

    done = subprocess.run([ISORUN, *mending], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (4, "")
    assert "0 of them pass the tests" in done.stderr
    assert "none.gguf" in done.stderr
