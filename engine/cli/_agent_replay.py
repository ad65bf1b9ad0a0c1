"""`isorun agent replay`: run the programs of a transcript again, and see whether the same comes out."""

from argparse import Namespace
from collections.abc import Iterator
from typing import NamedTuple

from agent import Checked, Ran, Routed, Searched, Wrote
from agent._answers import same_answer
from agent._running import Bench, Observed, run_program
from agent._transcript import Transcript, read_transcript
from engine import EngineConfig, File, load_config
from policies import Policy, load

from . import _exit
from ._agent_parts import REAL, Parts, tools_of
from ._console import visible_line
from ._request import input_file
from ._signals import run_until_signal
from ._standard import say, write_data

#: Tests are not in a transcript, so what they said cannot be said again; and time was short in its own way.
_NOT_AGAIN = ("tests failed", "refused", "stopped")


class Recorded(NamedTuple):
    """A program and what came of it when the transcript was written."""

    program: str
    language: str
    ran: Ran


def replay(path: str, arguments: Namespace, parts: Parts = REAL) -> int:
    """Run the programs again, print a line for each, and return the exit code: 1 if something differs."""
    recorded = list(recorded_in(read_transcript(path)))
    config = load_config()
    policy = load(arguments.policy or config.policy)
    files = tuple(map(input_file, arguments.file))
    if not recorded:
        say("note: the transcript has no program that can be run again")
        return _exit.OK
    return run_until_signal(lambda: _replay(recorded, files, policy, config, parts))


def recorded_in(transcript: Transcript) -> Iterator[Recorded]:
    """Yield the programs that ran, as they ran."""
    language, program = "python", ""
    for step in transcript.steps:
        match step:
            case Routed():
                language = step.language
            case Wrote(number=int()):
                program = step.text
            case Checked(program=str() as mended) | Searched(program=str() as mended):
                program = mended
            case Ran() if step.status not in _NOT_AGAIN:
                yield Recorded(program, language, step)
            case _:
                pass


async def _replay(
    recorded: list[Recorded], files: tuple[File, ...], policy: Policy, config: EngineConfig, parts: Parts
) -> int:
    is_same = True
    async with parts.make_engine(config) as engine:
        bench = Bench(engine, policy, tools_of(policy))
        for entry in recorded:
            observed = await run_program(bench, entry.program, entry.language, files)
            write_data(visible_line(_line(entry.ran, observed)) + "\n")
            is_same = is_same and _is_same(entry.ran, observed)
    return _exit.OK if is_same else _exit.PROGRAM_FAILED


def _line(ran: Ran, observed: Observed) -> str:
    word = "as recorded"
    if not _is_same(ran, observed):
        word = f"not as recorded: {_outcome(ran.status, ran.answer)}"
    return f"program {ran.number}: {_outcome(observed.status, observed.answer)}; {word}"


def _is_same(ran: Ran, observed: Observed) -> bool:
    if ran.status != observed.status:
        return False
    if ran.answer is None or observed.answer is None:
        return ran.answer == observed.answer
    return same_answer(ran.answer, observed.answer)


def _outcome(status: str, answer: str | None) -> str:
    return status if answer is None else f"{status}, {answer}"
