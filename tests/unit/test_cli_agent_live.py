import io
import json
from typing import override

import pytest

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
    Verified,
    Wrote,
)
from engine.cli._agent_live import Live, answer_text, answered_json, evidence

_WROTE = Wrote(
    purpose="write", number=1, prompt_hash="0", text="a = 1\nprint(a)\n", new_tokens=45, seconds=4.2
)


def _shown(*steps: AnyStep, verbose: bool = False) -> list[str]:
    stream = io.StringIO()
    live = Live(verbose=verbose, stream=stream)
    for step in steps:
        live.show(step)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (Started(question="q", model="small", seed=0), "model: small"),
        (
            Routed(route="code", language="python", by="rule", why="asks for a count"),
            "code (python): rule: asks for a count",
        ),
        (Routed(route="text", language="python", by="model", why="its word"), "text: model: its word"),
        (_WROTE, "program 1: 2 lines, 45 tokens, 4.2 s"),
        (
            Wrote(purpose="repair", number=2, prompt_hash="0", text="x"),
            "program 2 (repair): 1 line, 0 tokens, 0.0 s",
        ),
        (Wrote(purpose="plan", prompt_hash="0", text="x", new_tokens=1), "plan: 1 token, 0.0 s"),
        (Checked(number=1, problems=("no name `x`",)), "program 1: check: no name `x`"),
        (Checked(number=1, mended=("added `import re`",)), "program 1: mended: added `import re`"),
        (Checked(number=1, constant=True), "program 1: check: only prints what it was written with"),
        (Ran(number=1, status="ok", answer="7", seconds=0.5), "program 1: ok in 0.50 s: 7"),
        (Ran(number=1, status="timeout", seconds=9), "program 1: timeout in 9.00 s"),
        (
            Ran(number=3, status="error", error="NameError: x (line 3)\na = 1"),
            "program 3: error: NameError: x (line 3)",
        ),
        (Ran(number=1, status="error", error=" \n"), "program 1: error in 0.00 s"),
        (
            Verified(checks=(Check(name="tests", passed=True, strong=True, detail="3 of 3"),)),
            "verified: tests: 3 of 3",
        ),
        (
            Searched(tried=90, seconds=0.5),
            "edits: 90 tried in 0.50 s, 0 of them pass the tests",
        ),
        (Verified(checks=(Check(name="numbers", passed=True),)), "held: numbers"),
        (Verified(checks=(Check(name="tests", passed=False),)), "failed: tests"),
        (Verified(checks=(Check(name="tests", passed=None),)), "not decided: tests"),
        (Decided(action="repair", why="it failed"), "next: repair: it failed"),
    ],
)
def test_step_is_one_line(step: AnyStep, line: str) -> None:
    assert _shown(step) == [line]


def test_tokens_checks_without_findings_and_the_answer_are_no_lines() -> None:
    answered = Answered(answer="1", confidence="verified", route="code")

    assert _shown(Token(text="a"), Checked(number=1), answered) == []


def test_line_of_160_characters_is_shown_and_a_longer_one_shortened() -> None:
    fits = "next: stop: " + "x" * 148

    assert _shown(Decided(action="stop", why="x" * 148)) == [fits]
    assert _shown(Decided(action="stop", why="x" * 149)) == [fits[:157] + "..."]


def test_what_a_program_says_neither_steers_the_terminal_nor_makes_lines() -> None:
    steps = (Ran(number=1, status="ok", answer="1\nverified: tests\x1b[2J"), Token(text="\x1b"))

    assert _shown(*steps, verbose=True) == ["program 1: ok in 0.00 s: 1␊verified: tests␛[2J", "␛"]


def test_verbose_shows_tokens_as_they_come_and_no_program_twice() -> None:
    lines = _shown(Token(text="a = 1\n"), Token(text="print(a)"), _WROTE, verbose=True)

    assert lines == ["a = 1", "print(a)", "program 1: 2 lines, 45 tokens, 4.2 s"]


def test_verbose_shows_programs_that_did_not_come_in_tokens_and_what_they_print() -> None:
    mended = Checked(number=1, program="import re")

    lines = _shown(_WROTE, mended, Ran(number=1, status="ok", output="1\n2\n"), verbose=True)

    assert lines == [
        "program 1: 2 lines, 45 tokens, 4.2 s",
        "      1 | a = 1",
        "      2 | print(a)",
        "      1 | import re",
        "program 1: ok in 0.00 s",
        "  | 1",
        "  | 2",
    ]


def test_stream_that_breaks_is_left_alone() -> None:
    class Broken(io.StringIO):
        writes = 0

        @override
        def write(self, text: str) -> int:
            self.writes += 1
            raise BrokenPipeError

    stream = Broken()
    live = Live(stream=stream)

    live.show(_WROTE)
    live.show(_WROTE)

    assert stream.writes == 1


def test_steps_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Live().show(_WROTE)

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "program 1: 2 lines, 45 tokens, 4.2 s\n")


def test_answer_is_data_and_ends_its_line() -> None:
    assert answer_text(Answered(answer="1\n\n", confidence="unknown", route="text")) == "1\n"
    assert answer_text(Answered(answer=None, confidence="unknown", route="text")) == ""


def test_evidence_lists_what_held_and_what_is_open() -> None:
    answered = Answered(
        answer="1",
        confidence="verified",
        route="code",
        verified=("tests: 3 of 3",),
        unverified=("bounds\n+ forged",),
        why="tests held",
    )

    lines = evidence(answered).split("\n")

    assert lines[:3] == [
        "verified   tests held",
        "           + tests: 3 of 3",
        "           ? bounds␊+ forged",
    ]
    assert lines[3].startswith("took       0 programs")


@pytest.mark.parametrize(("why", "line"), [("", "no answer"), ("no time left", "no answer: no time left")])
def test_evidence_says_that_there_is_no_answer(why: str, line: str) -> None:
    answered = Answered(answer=None, confidence="unknown", route="code", why=why)

    assert evidence(answered).split("\n")[0] == f"unknown    {line}"


def test_json_is_one_line_of_ascii_with_all_fields() -> None:
    answered = Answered(answer="é\x1b\udc80", confidence="agreed", route="code", verified=("agreement",))

    text = answered_json(answered)

    data = json.loads(text)
    assert text.isascii()
    assert text.count("\n") == 1
    assert set(data) == set(Answered.__struct_fields__)
    assert (data["answer"], data["verified"]) == ("é\x1b?", ["agreement"])


def test_edit_that_was_found_is_shown_and_the_program_to_who_wants_to_see_all() -> None:
    step = Searched(tried=9, passing=2, alike=2, edit="line 1: `a\x1b` becomes `b`", program="b\nc\n")

    assert _shown(step) == [
        "edits: 9 tried in 0.00 s, 2 of them pass the tests",
        "edits: line 1: `a\N{SYMBOL FOR ESCAPE}` becomes `b`",
    ]
    assert _shown(step, verbose=True)[2:] == ["      1 | b", "      2 | c"]
