"""The end of a question: an answer with its evidence, or that there is none. Pure functions."""

from collections.abc import Iterator, Sequence

from ._answers import readable
from ._judging import Candidate, agreeing, confidence
from ._ledger import Ledger
from ._steps import Answered, Check
from ._task import Task


def accepted(
    task: Task, candidates: Sequence[Candidate], chosen: Candidate, ledger: Ledger, *, language: str, why: str
) -> Answered:
    """Return the answer of a program, with what speaks for it and what does not."""
    held = [_said(check) for check in chosen.checks if check.passed]
    open_ = [_said(check) for check in chosen.checks if not check.passed]
    if task.wants == "answer":
        held += _agreement(agreeing(candidates, chosen))
    if not any(check.strong and check.passed for check in chosen.checks):
        open_.append("nothing checks that the program reads the question rightly")
    return Answered(
        at=ledger.seconds,
        answer=chosen.answer if task.wants == "program" else readable(chosen.answer or ""),
        confidence=confidence(candidates, chosen),
        route="code",
        language=language,
        program=chosen.program,
        output=chosen.output,
        verified=tuple(held),
        unverified=tuple(open_),
        why=why,
        totals=ledger.totals(),
    )


def _agreement(several: Sequence[Candidate]) -> Iterator[str]:
    programs = sum(not one.in_words for one in several)
    if programs > 1:
        yield f"{programs} programs, sampled one by one, give the same answer"
    if programs < len(several):
        yield "the model says the same in words, without a program"


def given_up(task: Task, last: Candidate | None, ledger: Ledger, *, language: str, why: str) -> Answered:
    """Say that there is no answer; a program that is wanted is shown as far as it came."""
    program = "" if last is None else last.program
    return Answered(
        at=ledger.seconds,
        answer=program if task.wants == "program" and program.strip() else None,
        confidence="unknown",
        route="code",
        language=language,
        program=program,
        unverified=() if last is None or not last.error else (last.error.partition("\n")[0],),
        why=why,
        totals=ledger.totals(),
    )


def in_words(answer: str, text: str, ledger: Ledger, *, against: str) -> Answered:
    """Return an answer in text; nothing was run, so nothing is verified.

    Args:
        answer: What the text says in the end; may be empty.
        text: All of it.
        ledger: Of the question.
        against: What stands against it.
    """
    return Answered(
        at=ledger.seconds,
        answer=readable(answer) or None,
        confidence="unverified" if answer else "unknown",
        route="text",
        output=text,
        unverified=(against,),
        why="answered in text" if answer else ledger.used_up() or "the model said nothing",
        totals=ledger.totals(),
    )


def _said(check: Check) -> str:
    return f"{check.name}: {check.detail}" if check.detail else check.name
