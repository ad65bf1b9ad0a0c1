"""`isorun agent` once its arguments are parsed: one question, its steps, one answer."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, ExitStack, aclosing

from agent import Agent, Answered, AnyStep, Task
from agent._redaction import Redactor
from agent._transcript import TranscriptWriter
from agent.models import KEY_VARIABLE
from engine import load_config
from policies import Policy, load

from . import _exit
from ._agent_live import Live, answer_text, answered_json, evidence
from ._agent_parts import REAL, Parts, open_agent, pull_models
from ._agent_task import task_of
from ._console import visible
from ._signals import run_until_signal
from ._standard import say, write_data

type Show = Callable[[AnyStep], None]


def answer(arguments: Namespace, parts: Parts = REAL) -> int:
    """Answer a question or mend a program, and return the exit code."""
    config = load_config()
    task = task_of(arguments, config)
    policy = load(arguments.policy or config.policy)
    with ExitStack() as stack:
        # First of all: an hour of work that cannot be kept is an hour lost.
        writer = _transcript(arguments, policy, stack)
        if arguments.pull:
            pull_models(arguments, config, parts.pull)
        show = _shows(Live(verbose=arguments.verbose), writer)
        answered = run_until_signal(lambda: _solve(open_agent(arguments, config, policy, parts), task, show))
    return _print(answered, as_json=arguments.json)


def _shows(live: Live, writer: TranscriptWriter | None) -> Show:
    def show(step: AnyStep) -> None:
        live.show(step)
        if writer is not None:
            writer.write(step)

    return show


async def _solve(opening: AbstractAsyncContextManager[Agent], task: Task, show: Show) -> Answered:
    async with opening as agent, aclosing(agent.solve(task)) as steps:
        async for step in steps:
            show(step)
            if isinstance(step, Answered):
                return step
    raise AssertionError("an agent ends with its answer")


def _transcript(arguments: Namespace, policy: Policy, stack: ExitStack) -> TranscriptWriter | None:
    if arguments.transcript is None:
        return None
    return stack.enter_context(TranscriptWriter(arguments.transcript, Redactor(_secrets(policy))))


def _secrets(policy: Policy) -> list[str]:
    """Return what must not be in a transcript: the values of variables, and the key of an endpoint."""
    return [*policy.env.values(), os.environ.get(KEY_VARIABLE, "")]


def _print(answered: Answered, *, as_json: bool) -> int:
    if as_json:
        write_data(answered_json(answered))
    else:
        say(evidence(answered))
        text = answer_text(answered)
        # The answer is in a program's words, or in a model's; a pipe gets them as they are.
        write_data(visible(text) if sys.stdout.isatty() else text)
    return _exit.OK if answered.confidence != "unknown" else _exit.PROGRAM_FAILED
