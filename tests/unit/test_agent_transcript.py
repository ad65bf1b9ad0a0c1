import os
import stat
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from agent import _transcript as module
from agent._redaction import Redactor
from agent._steps import (
    Answered,
    AnyStep,
    Check,
    Checked,
    Decided,
    Ran,
    Routed,
    Searched,
    Started,
    Token,
    Totals,
    Verified,
    Wrote,
)
from agent._transcript import (
    MAX_FILE_BYTES,
    MAX_LINE_BYTES,
    Header,
    StoredStep,
    TranscriptError,
    TranscriptWriter,
    read_transcript,
)

_HEADER = b'{"step":"transcript","version":1,"isorun":"1"}\n'
_STEPS: tuple[StoredStep, ...] = (
    Started(question="How many?", model="small", seed=3, files=("a.csv",)),
    Routed(at=0.1, route="code", language="python", by="rule", why="asks for a count"),
    Wrote(purpose="write", number=1, prompt_hash="00", text="print(1)\n"),
    Checked(number=1, mended=("added an import",), program="import math\nprint(1)\n"),
    Ran(number=1, status="ok", answer="1", output="1\n", peak_memory_mib=9.5),
    Searched(tried=9, passing=2, alike=1, edit="line 1: `a` becomes `b`", program="b"),
    Verified(number=1, checks=(Check(name="bounds", passed=None),)),
    Decided(action="accept", why="nothing against it"),
    Answered(answer="1", confidence="unverified", route="code", totals=Totals(programs=1)),
)


def _write(path: Path, *steps: AnyStep, redactor: Redactor | None = None) -> None:
    with TranscriptWriter(path, redactor) as writer:
        for step in steps:
            writer.write(step)


def test_steps_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"

    _write(path, *_STEPS)
    transcript = read_transcript(path)

    assert transcript.steps == _STEPS
    assert transcript.complete
    assert transcript.header.version == 1
    assert transcript.header.isorun


def test_every_kind_of_step_but_tokens_can_be_stored() -> None:
    assert set(get_args(StoredStep.__value__)) == set(get_args(AnyStep.__value__)) - {Token}


def test_tokens_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"

    _write(path, Token(text="pri"), _STEPS[0])

    assert read_transcript(path).steps == _STEPS[:1]


def test_each_step_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"

    with TranscriptWriter(path) as writer:
        writer.write(_STEPS[0])
        read = read_transcript(path)

    assert read.steps == _STEPS[:1]


def test_only_the_owner_can_read_it_even_if_it_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("something longer than what comes " * 100)
    path.chmod(0o644)

    _write(path, _STEPS[0])

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_transcript(path).steps == _STEPS[:1]


def test_secrets_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"

    _write(path, Ran(number=1, status="error", error="the key is sesame-7"), redactor=Redactor(["sesame-7"]))

    assert b"sesame" not in path.read_bytes()


def test_text_that_is_no_unicode_is_written_with_marks(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"

    _write(path, Decided(action="stop", why="\udc80"))

    assert read_transcript(path).steps == (Decided(action="stop", why="?"),)


def test_long_text_is_shortened_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"

    _write(path, Decided(action="stop", why="a" * 100_000), Decided(action="stop", why="a" * 100_001))
    kept, shortened = read_transcript(path).steps

    assert kept == Decided(action="stop", why="a" * 100_000)
    assert shortened == Decided(action="stop", why="a" * 100_000 + "... (1 characters left out)")


@pytest.mark.slow
def test_step_of_many_long_texts_is_shortened_until_it_fits(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"

    _write(path, Checked(number=1, problems=("\x01" * 90_000,) * 20))
    (step,) = read_transcript(path).steps

    assert isinstance(step, Checked)
    assert {len(problem) for problem in step.problems} == {10_000 + len("... (80000 characters left out)")}


@pytest.mark.slow
def test_step_that_cannot_be_shortened_is_refused(tmp_path: Path) -> None:
    step = Checked(number=1, problems=("x" * 100,) * (MAX_LINE_BYTES // 103 + 1))

    with pytest.raises(TranscriptError, match="`Checked` does not fit"):
        _write(tmp_path / "t.jsonl", step)


def test_writer_that_is_not_open_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not open"):
        TranscriptWriter(tmp_path / "t.jsonl").write(_STEPS[0])


def test_transcript_that_is_full_takes_no_more(tmp_path: Path) -> None:
    class Full(TranscriptWriter):
        def fill(self, room: int) -> None:
            self._written = MAX_FILE_BYTES - room

    step = Decided(action="stop", why="x")
    size = len(msgspec.json.encode(step)) + 1

    with Full(tmp_path / "t.jsonl") as writer:
        writer.fill(size)
        writer.write(step)
        writer.fill(size - 1)
        with pytest.raises(TranscriptError, match="has reached 64 MiB"):
            writer.write(step)


@pytest.mark.parametrize("name", ["no/such/folder", "folder", "pipe", "link"])
def test_what_is_no_file_is_not_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "target").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "target")

    with pytest.raises(TranscriptError):
        _write(tmp_path / name)
    assert (tmp_path / "target").read_text() == "kept"


@pytest.mark.parametrize("name", ["missing", "folder", "pipe"])
def test_what_is_no_file_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(TranscriptError, match=name):
        read_transcript(tmp_path / name)


def test_last_line_that_is_cut_off_is_left_out_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    _write(path, *_STEPS[:2])
    path.write_bytes(path.read_bytes()[:-5])

    transcript = read_transcript(path)

    assert transcript.steps == _STEPS[:1]
    assert not transcript.complete


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no whole line"),
        (_HEADER[:-1], "no whole line"),
        (b'{"step":"decided"}\n', "line 1"),
        (b'{"step":"transcript","version":2}\n', "line 1: the transcript has version 2"),
        (_HEADER + b"\n", "line 2"),
        (_HEADER + b'{"step":"token","text":"x"}\n', "line 2"),
        (_HEADER + b'{"step":"decided","action":"fly","why":""}\n', "line 2"),
        (_HEADER + b'{"step":"decided","action":"stop"}\n', "line 2"),
        (_HEADER + b'{"step":"decided","action":"stop","why":"\xff"}\n', "line 2"),
        (_HEADER + b'{"step":"decided","action":"stop","why":"","x":' + b"[" * 200_000 + b"\n", "line 2"),
    ],
)
def test_what_is_no_transcript_is_refused_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)

    with pytest.raises(TranscriptError, match=message) as caught:
        read_transcript(path)
    assert caught.value.hint


def _line_of(size: int) -> bytes:
    empty = msgspec.json.encode(Decided(action="stop", why=""))
    return msgspec.json.encode(Decided(action="stop", why="x" * (size - len(empty))))


def test_line_at_the_limit_is_read_and_one_above_is_not(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(_HEADER + _line_of(MAX_LINE_BYTES) + b"\n")
    longer = tmp_path / "longer.jsonl"
    longer.write_bytes(_HEADER + _line_of(MAX_LINE_BYTES + 1) + b"\n")

    assert len(read_transcript(path).steps) == 1
    with pytest.raises(TranscriptError, match="line 2 has more than 4 MiB"):
        read_transcript(longer)


@pytest.mark.slow
def test_file_at_the_limit_is_read_and_one_above_is_not(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(_HEADER)
    os.truncate(path, MAX_FILE_BYTES)

    # The zeros are a last line that was cut off.
    assert not read_transcript(path).complete
    os.truncate(path, MAX_FILE_BYTES + 1)
    with pytest.raises(TranscriptError, match="has more than 64 MiB"):
        read_transcript(path)


def test_header_says_what_it_is() -> None:
    assert msgspec.json.encode(Header(isorun="1")) + b"\n" == _HEADER
    assert module.Transcript(header=Header()).complete
