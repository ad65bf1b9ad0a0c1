"""One refill at a time over all pools of an engine, while running programs leave a processor free."""

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from anyio import Event, move_on_after


class _Place:
    """A refill that waits for its turn."""

    def __init__(self, worth: Callable[[], float]) -> None:
        self.worth = worth
        self.called = Event()
        self.is_impatient = False


class RefillGate:
    """Gives turns to refills: the one that is worth most first, and none beside another.

    A turn begins while fewer leases are out than there are processors. Behind long runs it begins
    nevertheless, when the refill has waited long enough.

    Args:
        processors: How many programs can run at once; None asks the kernel how many we may use.
    """

    def __init__(self, *, processors: int | None = None) -> None:
        self._processors = len(os.sched_getaffinity(0)) if processors is None else processors
        self._leases = 0
        self._is_taken = False
        self._line: list[_Place] = []

    def lease_began(self) -> None:
        """Count a program that may run."""
        self._leases += 1

    def lease_ended(self) -> None:
        """Count it off, and give its processor to a refill."""
        self._leases -= 1
        self._call()

    @asynccontextmanager
    async def turn(self, worth: Callable[[], float], *, patience_seconds: float) -> AsyncGenerator[None]:
        """Hold the turn for the length of a block.

        Args:
            worth: Of what the block does; asked whenever a turn is given.
            patience_seconds: How long to wait for a free processor.
        """
        place = _Place(worth)
        self._line.append(place)
        try:
            self._call()
            await self._wait(place, patience_seconds)
            yield
        finally:
            if place in self._line:
                self._line.remove(place)
            else:
                self._is_taken = False
            self._call()

    async def _wait(self, place: _Place, patience_seconds: float) -> None:
        if place.called.is_set():
            return
        with move_on_after(patience_seconds):
            await place.called.wait()
        place.is_impatient = True
        self._call()
        await place.called.wait()

    def _call(self) -> None:
        if self._is_taken:
            return
        has_processor = self._leases < self._processors
        ready = [place for place in self._line if has_processor or place.is_impatient]
        if ready:
            place = max(ready, key=lambda place: place.worth())
            self._line.remove(place)
            self._is_taken = True
            place.called.set()
