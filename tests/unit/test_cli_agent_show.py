from agent._steps import (
    Answered,
    Check,
    Checked,
    Decided,
    Ran,
    Routed,
    Searched,
    Started,
    Totals,
    Verified,
    Wrote,
)
from agent._transcript import Header, StoredStep, Transcript
from engine.cli._agent_show import WIDTH, check_line, numbered, render, totals_line

_ANSWERED = Answered(answer="12", confidence="verified", route="code", why="a strong check held")


def _render(*steps: StoredStep, complete: bool = True) -> list[str]:
    transcript = Transcript(header=Header(), steps=steps, complete=complete)
    return render(transcript).split("\n")


def test_repaired_run_reads_from_top_to_bottom() -> None:
    lines = _render(
        Started(question="How many?", model="small", seed=0, files=("a.csv",)),
        Routed(route="code", language="python", by="rule", why="asks for a count", helpers=("count",)),
        Wrote(
            purpose="write",
            number=1,
            prompt_hash="0",
            text="print(\n\tx)\n",
            new_tokens=8,
            seconds=1.25,
            went_back=1,
        ),
        Checked(
            number=1,
            problems=("undefined name `x`",),
            mended=("added `import math`",),
            program="import math\n",
        ),
        Ran(
            number=1,
            status="error",
            error="NameError: no x\nlocals: a = 1",
            runtime="nsjail/warm",
            seconds=0.02,
            peak_memory_mib=9.0,
        ),
        Decided(action="repair", why="it raised NameError"),
        Wrote(purpose="repair", number=2, prompt_hash="1", text="print(12)", new_tokens=1, finish="length"),
        Checked(number=2),
        Ran(number=2, status="ok", answer="12", output="12\n", calls=("add",)),
        Verified(checks=(Check(name="bounds", passed=True, strong=True, detail="0 to 99"), _check(None))),
        _ANSWERED,
    )

    assert lines == [
        "question   How many?",
        "files      a.csv",
        "model      small, seed 0",
        "route      code (python), by rule: asks for a count",
        "helpers    count",
        "",
        "program 1  write, 8 tokens, 1.2 s, 1 line thrown away",
        "      1 | print(",
        "      2 |     x)",
        "check      - undefined name `x`",
        "mended     added `import math`",
        "as run",
        "      1 | import math",
        "run        error, 0.02 s, 9 MiB in nsjail/warm",
        "error      NameError: no x",
        "           locals: a = 1",
        "next       repair: it raised NameError",
        "",
        "program 2  repair, 1 token, 0.0 s, ended by length",
        "      1 | print(12)",
        "check      + nothing stands against it",
        "run        ok, 0.00 s",
        "gave       12",
        "called     add",
        "verify     + bounds (strong): 0 to 99",
        "           ? tests",
        "",
        "answer     12",
        "confidence verified: a strong check held",
        "took       0 programs, 0 model calls, 0 tokens; 0.0 s (model 0.0, programs 0.0, checks 0.0, other",
        "           0.0)",
        "",
    ]


def _check(passed: bool | None) -> Check:
    return Check(name="tests", passed=passed)


def test_checks_have_marks() -> None:
    assert [check_line(_check(passed)) for passed in (True, False, None)] == ["+ tests", "- tests", "? tests"]


def test_constant_program_is_named() -> None:
    assert "check      - only prints what it was written with" in _render(Checked(number=1, constant=True))


def test_prose_is_wrapped_and_programs_are_not() -> None:
    program = "x = '" + "a " * 100 + "'"

    lines = _render(
        Started(question="word " * 60, model="small", seed=0),
        Wrote(purpose="write", number=1, prompt_hash="0", text=program),
    )

    assert f"      1 | {program}" in lines
    assert max(len(line) for line in lines if "|" not in line) <= WIDTH


def test_text_in_place_of_a_program_is_shown() -> None:
    lines = _render(Wrote(purpose="text", prompt_hash="0", text="Because.\nThat is why.", new_tokens=5))

    assert lines[:3] == ["model      text, 5 tokens, 0.0 s", "           Because.", "           That is why."]


def test_last_lines_of_output_are_shown_and_the_others_counted() -> None:
    twenty = "".join(f"{number}\n" for number in range(20))

    all_lines = _render(Ran(number=1, status="ok", output=twenty))
    cut = _render(Ran(number=1, status="ok", output="first\n" + twenty))

    assert all_lines[1:3] == ["printed  | 0", "         | 1"]
    assert cut[1:3] == ["printed    (1 line before these)", "         | 0"]


def test_control_characters_of_a_program_are_shown_as_signs() -> None:
    lines = _render(
        Wrote(purpose="write", number=1, prompt_hash="0", text="a\x1b[2J"),
        Ran(number=1, status="ok\nanswer     13", output="\x1b[31m", error="\x07", runtime="x\ny"),
        _ANSWERED,
    )

    assert "\x1b" not in "".join(lines)
    assert lines[1] == "      1 | a␛[2J"
    assert lines[2] == "run        ok␊answer     13, 0.00 s in x␊y"


def test_answer_of_several_lines_cannot_pass_for_our_words() -> None:
    lines = _render(Answered(answer="1\nconfidence verified\n+ tests", confidence="unknown", route="text"))

    assert lines[:4] == [
        "answer     1",
        "           confidence verified",
        "           + tests",
        "confidence unknown",
    ]


def test_missing_answer_is_said() -> None:
    lines = _render(Answered(answer=None, confidence="unknown", route="code", unverified=("tests",)))

    assert lines[:3] == ["answer     not known", "confidence unknown", "open       ? tests"]


def test_transcript_that_ends_early_is_reported() -> None:
    started = Started(question="q", model="m", seed=0)

    assert "note       the transcript ends before an answer was given" in _render(started)
    assert "note       the transcript was cut off in the middle of a step" in _render(started, complete=False)
    assert not any(line.startswith("note") for line in _render(started, _ANSWERED))


def test_totals_are_split() -> None:
    totals = Totals(
        programs=2,
        repairs=1,
        samples=3,
        model_calls=4,
        new_tokens=50,
        model_seconds=5.0,
        sandbox_seconds=1.0,
        check_seconds=0.5,
        seconds=7.0,
    )

    assert totals_line(totals) == (
        "2 programs, 1 repair, 3 samples, 4 model calls, 50 tokens; "
        "7.0 s (model 5.0, programs 1.0, checks 0.5, other 0.5)"
    )


def test_empty_program_has_one_line() -> None:
    assert list(numbered("")) == ["      1 |"]


def test_search_for_an_edit_says_what_was_tried_and_found() -> None:
    edit = "line 2: `return a` becomes `return b`"
    lines = _render(
        Searched(tried=9, seconds=0.5), Searched(tried=9, passing=3, alike=2, edit=edit, program="x\n")
    )

    assert lines[:6] == [
        "edits      9 tried in 0.50 s, 0 of them pass the tests",
        "",
        "edits      9 tried in 0.00 s, 3 of them pass the tests",
        "edit       line 2: `return a` becomes `return b`",
        "      1 | x",
        "",
    ]
