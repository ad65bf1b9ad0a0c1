"""What an agent is made of: its models, its engine and its tools, as the options of `isorun agent` say."""

from argparse import Namespace
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from agent import Agent, Budget, Means, Model, ModelError, Tools, open_model
from agent._builtin_tools import add_file_tools
from agent._documents import Documents
from agent._documents_index import index_path
from agent.models import DEFAULT_MODEL, MissingModel, ModelSettings
from engine import AnyEngine, Engine, EngineConfig, PoolConfig
from policies import Policy

from ._console import visible_line
from ._signals import sigterm_raises
from ._standard import say


class OpenModel(Protocol):
    """Has a model until a block ends, as `agent.open_model` does."""

    def __call__(
        self, spec: str | None, *, cache: Path, settings: ModelSettings
    ) -> AbstractAsyncContextManager[Model]:
        """Open it."""
        ...


type MakeEngine = Callable[[EngineConfig], Engine]
type Pull = Callable[[str, Path], None]


def pull_with_library(name: str, cache: Path) -> None:
    """Have a model of the catalogue and the library that runs it; what is here already costs nothing.

    Raises:
        ModelError: One of the two cannot be had.
    """
    from agent.models._library import ensure_library  # late: most calls fetch nothing
    from agent.models._pull import pull

    with sigterm_raises():
        pull(name, cache, _show_progress)
        ensure_library(cache, _show_progress)


class Parts(NamedTuple):
    """Where the parts of an agent come from; tests bring their own."""

    open_model: OpenModel = open_model
    make_engine: MakeEngine = Engine
    pull: Pull = pull_with_library


REAL = Parts()


def pull_models(arguments: Namespace, config: EngineConfig, pull: Pull) -> None:
    """Pull the models that have a name; files and endpoints are where they are.

    Raises:
        ModelError: One cannot be had.
    """
    for name in dict.fromkeys(_names(arguments, config)):
        if not name.endswith(".gguf") and "://" not in name:
            pull(name, config.cache)


def _names(arguments: Namespace, config: EngineConfig) -> Iterator[str]:
    yield arguments.model or config.agent.model or DEFAULT_MODEL
    if arguments.reviewer is not None:
        yield arguments.reviewer


@asynccontextmanager
async def open_agent(
    arguments: Namespace, config: EngineConfig, policy: Policy, parts: Parts
) -> AsyncGenerator[Agent]:
    """Open an engine and the models that are asked for, and have an agent over them.

    Raises:
        ModelError: A model is not there, or cannot be loaded on this machine. With a program to mend and
            its tests, this comes only when the model is needed.
    """
    # Several programs are written one after the other: one sandbox waits while the model thinks.
    engine_config = msgspec.structs.replace(config, pool=PoolConfig(warm=1, max_warm=1, max_size=4))
    settings = _settings(arguments, config)
    async with AsyncExitStack() as stack:
        opening = parts.open_model(
            arguments.model or config.agent.model or None, cache=config.cache, settings=settings
        )
        try:
            model = await stack.enter_async_context(opening)
        except ModelError as error:
            if arguments.fix is None or arguments.tests is None:
                raise
            model = MissingModel(error)  # a small edit may be all that is needed
        reviewer = None
        if arguments.reviewer is not None:
            opening = parts.open_model(arguments.reviewer, cache=config.cache, settings=settings)
            reviewer = await stack.enter_async_context(opening)
        documents = stack.enter_context(Documents(index_path(config.cache)))
        engine: AnyEngine = Engine.connect() if arguments.shared else parts.make_engine(engine_config)
        await stack.enter_async_context(engine)
        yield Agent(
            engine,
            model,
            means=means_of(arguments),
            budget=arguments.budget or Budget(),
            policy=policy,
            tools=tools_of(policy),
            documents=documents,
            reviewer=reviewer,
        )


def _settings(arguments: Namespace, config: EngineConfig) -> ModelSettings:
    return ModelSettings(
        context_tokens=_given(arguments.context, config.agent.context_tokens),
        threads=_given(arguments.threads, config.agent.threads),
        gpu_layers=_given(arguments.gpu_layers, config.agent.gpu_layers),
    )


def _given(argument: int | None, otherwise: int) -> int:
    return otherwise if argument is None else argument


def means_of(arguments: Namespace) -> Means:
    """Return which means the options allow."""
    return Means(
        route="text" if arguments.no_code else "code" if arguments.code else "auto",
        samples=_given(arguments.samples, Means().samples),
        review=arguments.review or arguments.reviewer is not None,
        seed=arguments.seed,
    )


def tools_of(policy: Policy) -> Tools | None:
    """Let programs search the folders that they may read anyway."""
    if not policy.mounts:
        return None
    tools = Tools()
    add_file_tools(tools, policy)
    return tools


def _show_progress(message: str) -> None:
    say(visible_line(message))
