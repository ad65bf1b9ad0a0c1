"""What all clients of a background engine share: the engine, what they may take, and what goes on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from engine._engine import Engine
from engine._exceptions import PoolFullError

from ._frames import Bounds


class Limits(NamedTuple):
    """What clients may take.

    Attributes:
        clients: Served at once; more are refused.
        requests: In progress at once, of one client.
        sessions: Open at once, of one client.
        held_bytes: In the requests in progress of all clients together.
        first_seconds: Until the first frame has to begin.
        bounds: Of each connection.
    """

    clients: int = 256
    requests: int = 1024
    sessions: int = 64
    held_bytes: int = 1 << 30
    first_seconds: float = 5.0
    bounds: Bounds = Bounds()


class Activity:
    """Whether anybody needs the engine.

    Attributes:
        active: Commands, requests and sessions in progress.
        last: When one of them began or ended, by the monotonic clock.
    """

    def __init__(self) -> None:
        self.active = 0
        self.last = time.monotonic()

    @contextmanager
    def ongoing(self) -> Iterator[None]:
        """Count what goes on in the block."""
        self.active += 1
        self.last = time.monotonic()
        try:
            yield
        finally:
            self.active -= 1
            self.last = time.monotonic()


class Served:
    """An engine and those who use it.

    Attributes:
        engine: It.
        limits: What clients may take.
        activity: What goes on.
        on_shutdown: Ends the engine; None if clients may not.
    """

    def __init__(
        self, engine: Engine, limits: Limits, activity: Activity, on_shutdown: Callable[[], None] | None
    ) -> None:
        self.engine = engine
        self.limits = limits
        self.activity = activity
        self.on_shutdown = on_shutdown
        self._held_bytes = 0

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Count the bytes of a request until it has been answered.

        Raises:
            PoolFullError: All requests together would hold too many.
        """
        if self._held_bytes + size > self.limits.held_bytes:
            raise PoolFullError(
                f"the requests in progress hold {self._held_bytes >> 20:,} MiB",
                hint="wait until some have ended, or give files by path",
            )
        self._held_bytes += size
        try:
            yield
        finally:
            self._held_bytes -= size
