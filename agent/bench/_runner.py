"""Measure: every item with every arm in turn, so that a drift of the machine meets all arms alike."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial

import msgspec

from agent._model import ModelError
from agent._steps import Answered, Routed
from agent._task import Means, Route, Task
from engine._concurrency import in_order

from ._arms import ROUTING, Decide, Solver
from ._items import Item, ItemSet
from ._records import Course, Record, follow, record_of
from ._store import Store
from ._tasks import task_of

type Key = tuple[str, str, str, str, int]
"""What is measured once: see `Record.key`."""

type IsRight = Callable[[Item, str], Awaitable[bool]]
"""Whether an answer to an item is right."""

type Progress = Callable[[Record, int, int], None]
"""Told of each record, which one it is, and of how many."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be measured.

    Attributes:
        arms: Name -> means.
        model: Its name, as in the records.
        seed: Tells repetitions apart; the means have it too.
        parallel: How many items are answered side by side.
    """

    sets: tuple[ItemSet, ...]
    arms: Mapping[str, Means]
    model: str
    seed: int = 0
    parallel: int = 1

    def entries(self) -> list[tuple[ItemSet, Item, str]]:
        """Return set, item and arm in the order of measuring."""
        return [
            (items, item, arm)
            for items in self.sets
            for item in items.items
            for arm in ((ROUTING,) if item.kind == "routing" else self.arms)
        ]


class Benchmark:
    """Measures what a plan names and no file holds yet.

    Args:
        solver: Answers items.
        judge: Says whether answers are right.
        store: Where records go.
        decide: For items that have a label of the route; without it they are left out.
    """

    def __init__(self, solver: Solver, judge: IsRight, store: Store, *, decide: Decide | None = None) -> None:
        self._solver = solver
        self._judge = judge
        self._store = store
        self._decide = decide

    async def measure(self, plan: Plan, progress: Progress | None = None) -> None:
        """Measure what is missing; may be stopped at any time and goes on where it was.

        Raises:
            EngineError: The sandbox failed; nothing is recorded of this item.
        """
        entries = [entry for entry in plan.entries() if self._decide or entry[2] != ROUTING]

        async def measure(number: int, item: Item, key: Key) -> None:
            record = await self._one(item, key, plan.arms)
            await self._store.add(record)
            if progress is not None:
                progress(record, number, len(entries))

        missing: dict[Key, Callable[[], Awaitable[None]]] = {}
        for number, (items, item, arm) in enumerate(entries, 1):
            key = (items.name, item.id, arm, plan.model, plan.seed)
            if not self._store.has(key):
                missing.setdefault(key, partial(measure, number, item, key))
        await in_order(list(missing.values()), max_concurrent=plan.parallel)

    async def _one(self, item: Item, key: Key, arms: Mapping[str, Means]) -> Record:
        if self._decide is not None and key[2] == ROUTING:
            return await _route(self._decide, item, key)
        began = time.monotonic()
        course = await follow(self._solver, item, arms[key[2]])
        record = record_of(course, key, kind=item.kind)
        if not record.seconds:
            record = msgspec.structs.replace(record, seconds=time.monotonic() - began)
        return await self._judged(record, item, course)

    async def _judged(self, record: Record, item: Item, course: Course) -> Record:
        """Judge the last answer and the first program, which often are the same."""
        right = course.answer is not None and await self._judge(item, course.answer)
        right_first = None
        if course.first is not None:
            is_same = course.first == course.answer
            right_first = right if is_same else await self._judge(item, course.first)
        return msgspec.structs.replace(record, right=right, right_first=right_first)


def decide_with(solver: Solver) -> Decide:
    """Return the decision that an agent makes when it is asked to solve; it is stopped right after it."""

    async def decide(task: Task) -> Route:
        async with aclosing(solver(task, Means())) as steps:
            async for step in steps:
                if isinstance(step, Routed | Answered):
                    return step.route
        raise AssertionError("the last step of an agent is its answer")

    return decide


async def _route(decide: Decide, item: Item, key: Key) -> Record:
    began = time.monotonic()
    record = record_of(Course(), key, kind=item.kind)
    try:
        route = await decide(task_of(item))
    except ModelError as error:
        return msgspec.structs.replace(record, error=str(error) or type(error).__name__)
    return msgspec.structs.replace(
        record,
        route=route,
        answer=item.answer,
        right=item.answer in (route, "either"),
        seconds=time.monotonic() - began,
    )


def skipped(sets: Sequence[ItemSet]) -> dict[str, dict[str, int]]:
    """Return per set how many items are not scored, by the reason."""
    return {items.name: items.skipped for items in sets if items.skipped}
