"""Stop on SIGINT and SIGTERM so that clean-up runs and nothing is left behind."""

import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import anyio

from ._errors import Interrupted


def run_until_signal[T](work: Callable[[], Awaitable[T]]) -> T:
    """Run async work; on a signal cancel it, wait for its clean-up, and raise.

    Raises:
        Interrupted: A signal came, and the work has ended.
    """
    return anyio.run(_until_signal, work, backend="asyncio")


async def _until_signal[T](work: Callable[[], Awaitable[T]]) -> T:
    outcome: list[T] = []
    failure: list[Exception] = []
    received: list[int] = []

    async def watch(work_scope: anyio.CancelScope) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            watching.set()
            async for number in signals:
                received.append(number)
                # The receiver stays open: a second signal must not cut the clean-up short.
                work_scope.cancel()

    watching = anyio.Event()
    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            group.start_soon(watch, scope)
            await watching.wait()
            try:
                outcome.append(await work())
            except Exception as error:  # carried out of the group, which would wrap it
                failure.append(error)
        group.cancel_scope.cancel()
    if received:
        raise Interrupted(received[0])
    if failure:
        raise failure[0]
    return outcome[0]


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Let SIGTERM end blocking work by an exception, as SIGINT does, so that its children are stopped.

    Raises:
        Interrupted: SIGTERM came.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
