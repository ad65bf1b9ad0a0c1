"""`isorun bench agent` once its arguments are parsed: items, one engine, one model, a report."""

from argparse import Namespace
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from agent import Agent, Budget, ModelError, open_model
from agent._documents import Documents
from agent._documents_index import index_path
from agent.bench._arms import Solver, chosen
from agent.bench._items import ItemSet, find_sets, items_of, load_items
from agent.bench._judge import Judge
from agent.bench._machine import header
from agent.bench._records import Record
from agent.bench._report import as_json, as_text
from agent.bench._runner import Benchmark, Plan, decide_with, skipped
from agent.bench._store import Store, open_store, read_store
from agent.bench._summary import summarize
from engine import Engine, EngineConfig, EngineError, load_config

from . import _exit
from ._console import visible, visible_json, visible_line
from ._errors import Interrupted, UsageError
from ._signals import run_until_signal
from ._standard import say, write_data


class Subject(NamedTuple):
    """What is measured.

    Attributes:
        model: What the model is called.
    """

    model: str
    solver: Solver


type OpenAgent = Callable[[Engine, str | None, Budget], AbstractAsyncContextManager[Subject]]
type MakeEngine = Callable[[EngineConfig], Engine]


@asynccontextmanager
async def _solver(engine: Engine, model: str | None, budget: Budget) -> AsyncGenerator[Subject]:
    """Load a model, and have an agent over it and the engine until the block ends."""
    cache = load_config().cache
    with Documents(index_path(cache)) as documents:
        async with open_model(model, cache=cache) as opened:
            agent = Agent(engine, opened, budget=budget, documents=documents)
            yield Subject(opened.name, agent.solve)


def bench_agent(
    arguments: Namespace, open_agent: OpenAgent = _solver, make_engine: MakeEngine = Engine
) -> int:
    """Measure or report, and return the exit code."""
    if arguments.report is not None:
        stored = read_store(Path(arguments.report))
        _show(arguments, Store(None, stored))
        return _exit.OK
    sets = _sets(arguments)
    chosen(arguments.arm, arguments.seed)  # refused before a model is loaded
    output = None if arguments.output is None else Path(arguments.output)
    with open_store(output) as store:
        try:
            run_until_signal(lambda: _measure(arguments, sets, store, open_agent, make_engine))
        except (EngineError, ModelError, Interrupted):
            _say_what_is_kept(arguments.output, store)
            raise
        _show(arguments, store)
    return _exit.OK


async def _measure(
    arguments: Namespace, sets: list[ItemSet], store: Store, open_agent: OpenAgent, make_engine: MakeEngine
) -> None:
    budget = _budget(arguments)
    async with make_engine(load_config()) as engine, open_agent(engine, arguments.model, budget) as subject:
        plan = Plan(
            sets=tuple(sets),
            arms=chosen(arguments.arm, arguments.seed),
            model=subject.model,
            seed=arguments.seed,
            parallel=arguments.parallel,
        )
        await store.begin(header(subject.model, budget, skipped(sets)))
        bench = Benchmark(subject.solver, Judge(engine), store, decide=decide_with(subject.solver))
        await bench.measure(plan, _progress)


def _sets(arguments: Namespace) -> list[ItemSet]:
    """Return the sets with the items that are to be measured."""
    if arguments.set and not arguments.data:
        raise UsageError("`--set` names sets of `--data`, which is missing")
    sets = []
    if arguments.data:
        folders = find_sets([Path(folder) for folder in arguments.data], arguments.set)
        sets = [load_items(path, limit=arguments.limit, language=arguments.language) for path in folders]
    if arguments.generate:
        sets.append(_generated(arguments))
    if not any(items.items for items in sets):
        raise UsageError("there is no item to measure", hint="name a folder by `--data`, or `--generate`")
    return sets


def _generated(arguments: Namespace) -> ItemSet:
    from agent.bench._nphard import generate  # late: it is large, and most calls read files

    name = f"{arguments.generate}-seed-{arguments.seed}"
    return items_of(name, generate(arguments.seed, arguments.count), limit=arguments.limit)


def _budget(arguments: Namespace) -> Budget:
    given = {"seconds": arguments.budget_seconds, "tokens": arguments.budget_tokens}
    return msgspec.structs.replace(
        Budget(), **{name: value for name, value in given.items() if value is not None}
    )


def _progress(record: Record, number: int, count: int) -> None:
    outcome = "right" if record.right else "wrong"
    if record.error:
        outcome = f"error: {record.error}"
    line = f"{number}/{count} {record.set} {record.item} {record.arm}: {outcome}, {record.seconds:.1f} s"
    say(visible_line(line))


def _show(arguments: Namespace, store: Store) -> None:
    summary = summarize(store.headers, store.records)
    if arguments.json:
        write_data(visible_json(as_json(summary)) + "\n")
    else:
        write_data(visible(as_text(summary, markdown=arguments.markdown)))


def _say_what_is_kept(output: str | None, store: Store) -> None:
    if output is not None and store.records:
        name = visible_line(output)
        say(f"note: {len(store.records)} measurements stand in `{name}`; the same command goes on there")
