"""Two ways to run things at once: a batch with bounded concurrency, and one run as a stream of events."""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from anyio import CancelScope, Event, create_memory_object_stream, create_task_group, move_on_after
from anyio.abc import TaskGroup

from ._exceptions import PoolClosedError
from ._program import Output, Result
from ._runtime import Emit

# Killing a run takes milliseconds; the pool gives up on a sandbox after 5 s.
STOP_SECONDS = 10.0


async def in_order[T](calls: Sequence[Callable[[], Awaitable[T]]], *, max_concurrent: int) -> list[T]:
    """Await all calls, at most `max_concurrent` at once, and return their results in the order given.

    The first exception cancels the other calls and is raised, with a note that says which call it was.
    """
    results: dict[int, T] = {}
    failures: list[Exception] = []
    waiting = iter(enumerate(calls))

    async def work() -> None:
        for index, call in waiting:
            try:
                results[index] = await call()
            except Exception as error:
                error.add_note(f"this was number {index} of the batch, counted from 0")
                failures.append(error)
                tasks.cancel_scope.cancel()
                return

    async with create_task_group() as tasks:
        for _ in range(min(max_concurrent, len(calls))):
            tasks.start_soon(work)
    if failures:
        raise failures[0]
    return [results[index] for index in range(len(calls))]


async def as_stream(
    run: Callable[[Emit], Awaitable[Result]], *, tasks: Callable[[], TaskGroup]
) -> AsyncGenerator[Output | Result]:
    """Yield what a run emits, then its result. Closing the generator kills the run and waits for its end.

    The run is a task of its own, because a generator must not hold a task group open while its consumer has
    control. Nothing holds it back when the consumer is slow: output is bounded by the policy.

    Args:
        run: Starts the run; what it is given takes the output.
        tasks: Gives the task group for it; asked at the first step, and may refuse.
    """
    group = tasks()
    send, receive = create_memory_object_stream[Output | Result](math.inf)
    scope, done = CancelScope(), Event()
    failures: list[Exception] = []

    async def produce() -> None:
        try:
            with send, scope:
                send.send_nowait(await run(send.send_nowait))
        except Exception as error:
            failures.append(error)
        finally:
            done.set()

    group.start_soon(produce)
    with receive:  # until the run is over: it may still have output while it is being killed
        try:
            async for event in receive:
                yield event
                if isinstance(event, Result):
                    return
        finally:
            scope.cancel()
            with move_on_after(STOP_SECONDS, shield=True):
                await done.wait()
    raise failures[0] if failures else PoolClosedError("the engine was closed during the run")
