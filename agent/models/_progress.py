"""Saying that something goes on: how much has arrived, and that a tool which says nothing still works."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

type Say = Callable[[str], None]

#: Often enough to see that it moves, seldom enough to be read.
_LINE_SECONDS = 1.0
#: A person begins to doubt after that.
TICK_SECONDS = 15.0


class Meter:
    """Counts bytes that arrive and says so, at most once a second.

    Args:
        total: Bytes in all.
        say: Takes a line.
        clock: Seconds from any beginning.
    """

    def __init__(self, total: int, say: Say, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = total
        self.say = say
        self._clock = clock
        self.begin(0)

    def begin(self, already: int) -> None:
        """Start anew with so many bytes that were there before; the rate counts those that follow."""
        self._before = self._done = already
        self._began = self._said = self._clock()

    def advance(self, count: int) -> None:
        """Count bytes that have arrived."""
        self._done += count
        moment = self._clock()
        if moment - self._said >= _LINE_SECONDS:
            self._said = moment
            self.say(self._line(moment))

    def _line(self, moment: float) -> str:
        rate = (self._done - self._before) / (moment - self._began)
        share = 100 * self._done // self._total
        return (
            f"{mebibytes(self._done)} of {mebibytes(self._total)} MiB ({share} %), {rate / 2**20:.1f} MiB/s"
        )


def mebibytes(count: int) -> str:
    """Return a size in MiB, rounded, without the unit."""
    return f"{count / 2**20:.0f}"


@contextmanager
def ticking(say: Say, what: str, *, seconds: float = TICK_SECONDS) -> Iterator[None]:
    """Say every so many seconds how long the block has been running."""
    done = threading.Event()
    began = time.monotonic()

    def tick() -> None:
        while not done.wait(seconds):
            say(f"{what}: {time.monotonic() - began:.0f} s so far")

    thread = threading.Thread(target=tick, name="ticking", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
