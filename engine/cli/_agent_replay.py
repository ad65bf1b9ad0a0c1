"""`isorun agent replay`: run the programs of a transcript again, and see whether the same comes out."""

from argparse import Namespace
from collections.abc import Iterator
from typing import NamedTuple

from agent import Checked, Ran, Routed, Wrote
from agent._answers import same_answer
from agent._running import Bench, Observed, run_program
from agent._transcript import Transcript, read_transcript
from engine import Engine, File, load_config

from . import _exit
from ._console import visible_line
from ._request import input_file
from ._signals import run_until_signal
from ._standard import write_data

#: Tests are not in a transcript, so what they said cannot be said again.
_NOT_AGAIN = ("tests failed", "refused")


class Recorded(NamedTuple):
    """A program and what came of it when the transcript was written."""

    program: str
    language: str
    ran: Ran


def replay(path: str, arguments: Namespace) -> int:
    """Run the programs again, print a line for each, and return the exit code: 1 if something differs."""
    recorded = list(recorded_in(read_transcript(path)))
    files = tuple(map(input_file, arguments.file))
    return run_until_signal(lambda: _replay(recorded, files, arguments.policy))


def recorded_in(transcript: Transcript) -> Iterator[Recorded]:
    """Yield the programs that ran, as they ran."""
    language, program = "python", ""
    for step in transcript.steps:
        match step:
            case Routed():
                language = step.language
            case Wrote(number=int()):
                program = step.text
            case Checked(program=str() as mended):
                program = mended
            case Ran() if step.status not in _NOT_AGAIN:
                yield Recorded(program, language, step)
            case _:
                pass


async def _replay(recorded: list[Recorded], files: tuple[File, ...], policy: str | None) -> int:
    same = 0
    async with Engine(load_config()) as engine:
        for entry in recorded:
            observed = await run_program(Bench(engine, policy), entry.program, entry.language, files)
            is_same = _is_same(entry.ran, observed)
            same += is_same
            word = (
                "as recorded"
                if is_same
                else f"not as recorded: {_outcome(entry.ran.status, entry.ran.answer)}"
            )
            outcome = _outcome(observed.status, observed.answer)
            write_data(visible_line(f"program {entry.ran.number}: {outcome}; {word}") + "\n")
    return _exit.OK if same == len(recorded) else _exit.PROGRAM_FAILED


def _is_same(ran: Ran, observed: Observed) -> bool:
    if ran.status != observed.status:
        return False
    if ran.answer is None or observed.answer is None:
        return ran.answer == observed.answer
    return same_answer(ran.answer, observed.answer)


def _outcome(status: str, answer: str | None) -> str:
    return status if answer is None else f"{status}, {answer}"
