"""What `isorun agent` is asked: a question, a program to mend, or tests to pass."""

import io
import sys
from pathlib import Path

import pytest

from agent import Task
from engine import ConfigError, EngineConfig
from engine.cli._agent_task import MAX_QUESTION_BYTES, task_of
from engine.cli._errors import UsageError
from engine.cli._parser import parse


def asked(*argv: str) -> str:
    return task_of(parse(["agent", *argv]), EngineConfig()).question


def stdin_is(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_question_is_made_of_words() -> None:
    assert asked("What", "is", "2 + 3?") == "What is 2 + 3?"


def test_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin_is("Was ist größer?\n".encode(), monkeypatch)

    assert asked("-") == "Was ist größer?"


def test_standard_input_that_is_no_text_is_read_as_far_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin_is(b"What is \xff?", monkeypatch)

    assert asked("-") == "What is \N{REPLACEMENT CHARACTER}?"


def test_argument_that_no_encoding_holds_is_read_as_far_as_it_goes() -> None:
    assert asked("What is \udcff?") == "What is ??"


@pytest.mark.parametrize("words", [[""], [" ", "\n"], ["-"]])
def test_empty_question_is_refused(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stdin_is(b" \n", monkeypatch)

    with pytest.raises(UsageError, match="empty"):
        asked(*words)


@pytest.mark.parametrize("words", [["-"], ["x" * (MAX_QUESTION_BYTES + 1)]])
def test_question_of_64_kib_is_taken_and_a_longer_one_refused(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin_is(b"x" * MAX_QUESTION_BYTES, monkeypatch)
    assert len(asked(words[0][1:] or "-")) == MAX_QUESTION_BYTES

    stdin_is(b"x" * (MAX_QUESTION_BYTES + 1), monkeypatch)
    with pytest.raises(UsageError, match="longer than 64 KiB"):
        asked(*words)


def test_files_and_language_are_those_of_the_command_line(tmp_path: Path) -> None:
    task = task_of(parse(["agent", "--file", f"{tmp_path}/a.csv:b.csv", "--lang", "js", "q"]), EngineConfig())

    assert [(file.name, file.path) for file in task.files] == [("b.csv", f"{tmp_path}/a.csv")]
    assert task.language == "javascript"


# A program to mend, tests to pass


def task(*argv: str | Path) -> Task:
    return task_of(parse(["agent", *map(str, argv)]), EngineConfig())


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "larger.py"
    path.write_text("def größer(a, b):\n    return a if a < b else b\n", "utf-8")
    return path


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    path = tmp_path / "tests.py"
    path.write_text("assert größer(1, 2) == 2\n", "utf-8")
    return path


def test_program_to_mend_needs_no_question(program: Path, tests: Path) -> None:
    asked = task("--fix", program, "--tests", tests)

    assert asked.question == "Fix the bug in this program."
    assert (asked.wants, asked.language) == ("program", "python")
    assert (asked.code, asked.tests) == (program.read_text("utf-8"), tests.read_text("utf-8"))


def test_question_and_language_of_the_command_line_win(program: Path) -> None:
    asked = task("--fix", program, "--lang", "js", "It", "gives the smaller one.")

    assert (asked.question, asked.language, asked.tests) == ("It gives the smaller one.", "javascript", "")


def test_tests_alone_ask_for_a_program(tests: Path) -> None:
    asked = task("--tests", tests, "Write größer.")

    assert (asked.wants, asked.code, asked.question) == ("program", "", "Write größer.")


def test_tests_alone_need_a_question(tests: Path) -> None:
    with pytest.raises(UsageError, match="the question is empty"):
        task("--tests", tests)


def test_language_that_nobody_can_tell_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "program.txt"
    path.write_text("x = 1")

    with pytest.raises(UsageError, match="not known"):
        task("--fix", path)


@pytest.mark.parametrize("option", ["--fix", "--tests"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"x = '\xff'", "is not UTF-8"),
        (b"#" * (MAX_QUESTION_BYTES + 1), "larger than 64 KiB"),
    ],
)
def test_file_that_cannot_be_used_is_refused(
    option: str, data: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "given.py"
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(ConfigError, match=message):
        task(option, path, "question")


def test_file_of_64_kib_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "given.py"
    path.write_bytes(b"#" * MAX_QUESTION_BYTES)

    assert len(task("--fix", path).code) == MAX_QUESTION_BYTES


@pytest.mark.parametrize("name", ["", "no\0name"])
def test_name_that_no_file_has_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        task("--fix", name)


def test_tests_may_be_functions_that_import_the_program(program: Path, tests: Path) -> None:
    tests.write_text(
        "import math\nfrom larger import größer\n\n\n"
        "def test_two() -> None:\n    assert größer(1, 2) == 2\n\n\n"
        "def test_given(one):\n    assert one\n",
        "utf-8",
    )

    lines = task("--fix", program, "--tests", tests).tests.splitlines()

    assert lines[0] == "import math"
    assert lines[-1] == "test_two()"
    assert not any("larger" in line or line == "test_given()" for line in lines)


@pytest.mark.parametrize("text", ["assert größer(1, 2) == 2  # as it is\n", "assert größer(1, 2\n"])
def test_statements_are_taken_as_they_are(text: str, program: Path, tests: Path) -> None:
    tests.write_text(text, "utf-8")

    assert task("--fix", program, "--tests", tests).tests == text


def test_tests_of_another_language_are_taken_as_they_are(program: Path, tests: Path) -> None:
    tests.write_text("def test_a(): pass\n", "utf-8")

    assert task("--fix", program, "--lang", "ruby", "--tests", tests).tests == "def test_a(): pass\n"
