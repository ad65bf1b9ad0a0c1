"""`isorun agent` once its arguments are parsed: one engine, one model, one question, one answer."""

import os
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, ExitStack, aclosing, asynccontextmanager

import msgspec

from agent import Agent, Answered, AnyStep, Budget, Means, Model, Task, Tools
from agent._builtin_tools import add_file_tools
from agent._documents import Documents
from agent._documents_index import index_path
from agent._redaction import Redactor
from agent._transcript import TranscriptWriter
from agent.models import DEFAULT_MODEL, KEY_VARIABLE, ModelSettings, open_model
from engine import Engine, EngineConfig, PoolConfig, load_config
from policies import Policy, load

from . import _exit
from ._agent_live import Live, answer_text, answered_json, evidence
from ._errors import UsageError
from ._language import language_named
from ._request import input_file
from ._signals import run_until_signal
from ._standard import say, write_data

_MAX_QUESTION = 64 * 1024

type Show = Callable[[AnyStep], None]


def answer(arguments: Namespace) -> int:
    """Answer a question, and return the exit code."""
    config = load_config()
    task = task_of(arguments, config)
    policy = None if arguments.policy is None else load(arguments.policy)
    if arguments.pull:
        _pull(arguments.model or config.agent.model or DEFAULT_MODEL, config)
    live = Live(verbose=arguments.verbose)
    with ExitStack() as stack:
        writer = _transcript(arguments, policy, stack)

        def show(step: AnyStep) -> None:
            live.show(step)
            if writer is not None:
                writer.write(step)

        answered = run_until_signal(lambda: _solve(arguments, config, task, policy, show))
    return _print(answered, as_json=arguments.json)


def task_of(arguments: Namespace, config: EngineConfig) -> Task:
    """Return what is asked.

    Raises:
        UsageError: There is no question, or it is too long.
    """
    text = " ".join(arguments.words)
    if text == "-":
        text = sys.stdin.read(_MAX_QUESTION + 1)
    if not text.strip():
        raise UsageError("the question is empty", hint="put it in quotes after `isorun agent`")
    if len(text) > _MAX_QUESTION:
        raise UsageError(
            f"the question is longer than {_MAX_QUESTION} characters", hint="pass data by `--file`"
        )
    language = None if arguments.lang is None else language_named(arguments.lang, config.interpreters)
    return Task(question=text, language=language, files=tuple(map(input_file, arguments.file)))


async def _solve(
    arguments: Namespace, config: EngineConfig, task: Task, policy: Policy | None, show: Show
) -> Answered:
    async with open_agent(arguments, config, policy) as agent, aclosing(agent.solve(task)) as steps:
        async for step in steps:
            show(step)
            if isinstance(step, Answered):
                return step
    raise AssertionError("an agent ends with its answer")


@asynccontextmanager
async def open_agent(
    arguments: Namespace, config: EngineConfig, policy: Policy | None
) -> AsyncGenerator[Agent]:
    """Open an engine and the models that are asked for, and have an agent over them."""
    # Several programs are written one after the other: one sandbox waits while the model thinks.
    engine_config = msgspec.structs.replace(config, pool=PoolConfig(warm=1, max_size=4))
    async with AsyncExitStack() as stack:
        model = await _opened(arguments.model, arguments, config, stack)
        reviewer = None
        if arguments.reviewer is not None:
            reviewer = await _opened(arguments.reviewer, arguments, config, stack)
        documents = stack.enter_context(Documents(index_path(config.cache)))
        engine = await stack.enter_async_context(Engine(engine_config))
        yield Agent(
            engine,
            model,
            means=means_of(arguments),
            budget=arguments.budget or Budget(),
            policy=policy,
            tools=_tools(policy),
            documents=documents,
            reviewer=reviewer,
        )


async def _opened(
    spec: str | None, arguments: Namespace, config: EngineConfig, stack: AsyncExitStack
) -> Model:
    settings = ModelSettings(
        context_tokens=_given(arguments.context, config.agent.context_tokens),
        threads=_given(arguments.threads, config.agent.threads),
        gpu_layers=_given(arguments.gpu_layers, config.agent.gpu_layers),
    )
    name = spec or config.agent.model or None
    return await stack.enter_async_context(open_model(name, cache=config.cache, settings=settings))


def _given(argument: int | None, otherwise: int) -> int:
    return otherwise if argument is None else argument


def means_of(arguments: Namespace) -> Means:
    """Return which means the options allow.

    Raises:
        UsageError: A number is out of range.
    """
    samples = _given(arguments.samples, Means().samples)
    if not 1 <= samples <= 100:
        raise UsageError(f"`--samples {samples}` is not between 1 and 100")
    route = "text" if arguments.no_code else "code" if arguments.code else "auto"
    review = arguments.review or arguments.reviewer is not None
    return Means(route=route, samples=samples, review=review, seed=arguments.seed)


def _tools(policy: Policy | None) -> Tools | None:
    """Let programs search the folders that they may read anyway."""
    if policy is None or not policy.mounts:
        return None
    tools = Tools()
    add_file_tools(tools, policy)
    return tools


def _pull(name: str, config: EngineConfig) -> None:
    from agent.models._library import ensure_library  # late: most calls fetch nothing
    from agent.models._pull import pull

    if not name.endswith(".gguf") and "://" not in name:
        pull(name, config.cache, say)
        ensure_library(config.cache, say)


def _transcript(arguments: Namespace, policy: Policy | None, stack: ExitStack) -> TranscriptWriter | None:
    if arguments.transcript is None:
        return None
    return stack.enter_context(TranscriptWriter(arguments.transcript, Redactor(_secrets(policy))))


def _secrets(policy: Policy | None) -> list[str]:
    """Return what must not be in a transcript: the values of variables, and the key of an endpoint."""
    values = [] if policy is None else list(policy.env.values())
    return [*values, os.environ.get(KEY_VARIABLE, "")]


def _print(answered: Answered, *, as_json: bool) -> int:
    if as_json:
        write_data(answered_json(answered))
    else:
        say(evidence(answered))
        write_data(answer_text(answered))
    return _exit.OK if answered.confidence != "unknown" else _exit.PROGRAM_FAILED
