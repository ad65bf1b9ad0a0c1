"""The agent: a question in, steps out, the answer last."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal

import msgspec

from engine import AnyEngine, PolicyLike

from ._aids import NO_AIDS, Aids, aids_for
from ._documents import Documents
from ._ledger import Ledger
from ._model import Model
from ._prompts import route_request
from ._routing import route
from ._running import Bench
from ._solving import Solving
from ._steps import AnyStep, Routed, Started
from ._task import Budget, Means, Route, Task
from ._tools import Tools
from ._workshop import Workshop
from ._writing import Writer

type _Decider = Literal["rule", "model", "user"]
_ALL_MEANS = Means()
_USUAL_BUDGET = Budget()


class Agent:
    """Answers questions with a model that thinks in programs, which an engine runs.

        async with Engine() as engine, open_model("qwen2.5-coder-1.5b") as model:
            async for step in Agent(engine, model).solve(Task(question="...")):
                match step: ...

    The last step is `Answered`. Several questions may be asked, one after the other or at once; the model
    takes them in turn.

    Args:
        engine: Open; runs the programs.
        model: Open; writes them.
        means: Which means are used.
        budget: Where it stops.
        policy: For the programs of the model; None takes the engine's.
        tools: Host functions that programs may call.
        documents: Where errors about names are looked up.
        reviewer: A second model for `Means.review`; None takes the first.
    """

    def __init__(
        self,
        engine: AnyEngine,
        model: Model,
        *,
        means: Means = _ALL_MEANS,
        budget: Budget = _USUAL_BUDGET,
        policy: PolicyLike | None = None,
        tools: Tools | None = None,
        documents: Documents | None = None,
        reviewer: Model | None = None,
    ) -> None:
        self._bench = Bench(engine, policy, tools)
        self._model = model
        self._means = means
        self._budget = budget
        self._documents = documents
        self._reviewer = reviewer

    async def solve(self, task: Task, means: Means | None = None) -> AsyncGenerator[AnyStep]:
        """Work on a task, and yield each step as it is done.

        Leaving early ends the model's answer and the program that runs, if the generator is closed
        explicitly: `async with aclosing(agent.solve(task)) as steps:`. Else the event loop does it later.

        Args:
            task: What is asked.
            means: Instead of the agent's own.

        Raises:
            ModelError: The model failed.
            EngineError: The engine failed; a program that fails is a step.
        """
        means = self._means if means is None else means
        ledger = Ledger(self._budget)
        yield _started(task, self._model, means)
        routed: Routed | None = None
        aids = NO_AIDS
        async with aclosing(self._route(task, means, ledger)) as steps:
            async for step in steps:
                if isinstance(step, Routed):
                    aids = aids_for(task, means, step, self._bench.tools)
                    routed = step = _with_aids(step, aids)
                yield step
        assert routed is not None  # noqa: S101 (the last step of `_route`)
        workshop = Workshop(
            writer=Writer(self._model, ledger),
            reviewer=Writer(self._reviewer or self._model, ledger),
            bench=self._bench,
            means=means,
            ledger=ledger,
            documents=self._documents,
        )
        solving = Solving(workshop, task, routed.language, aids)
        async with aclosing(solving.in_text() if routed.route == "text" else solving.in_code()) as steps:
            async for step in steps:
                yield step

    async def _route(self, task: Task, means: Means, ledger: Ledger) -> AsyncGenerator[AnyStep]:
        """Decide between code and text, and in which language; the last step is `Routed`."""
        routing = route(task)
        language = task.language or routing.language
        if means.route != "auto":
            yield _routed(ledger, means.route, language, "user", "asked for")
            return
        if routing.route is not None:
            yield _routed(ledger, routing.route, language, "rule", routing.why)
            return
        writer = Writer(self._model, ledger)
        async with aclosing(writer.write(route_request(task), "route")) as steps:
            async for step in steps:
                yield step
        chosen: Route = "text" if writer.last.strip() == "text" else "code"
        yield _routed(ledger, chosen, language, "model", "no rule applies")


def _routed(ledger: Ledger, chosen: Route, language: str, by: _Decider, why: str) -> Routed:
    return Routed(at=ledger.seconds, route=chosen, language=language, by=by, why=why)


def _with_aids(routed: Routed, aids: Aids) -> Routed:
    return msgspec.structs.replace(
        routed,
        helpers=tuple(stub.name for stub in aids.stubs),
        data=tuple(given.name for given in aids.data.given),
    )


def _started(task: Task, model: Model, means: Means) -> Started:
    return Started(
        question=task.question,
        model=model.name,
        seed=means.seed,
        files=tuple(file.name for file in task.files),
    )
