"""What may wait over all pools of an engine: so much memory, so many processes, and the coldest gives way.

Only sandboxes that wait count. One that is started for a caller is never refused here.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

# A sandbox gives way only to one that is worth so much more: between two pools of about the same worth,
# taking turns would cost a start each time and win nothing.
MARGIN = 1.25


class Occupancy(NamedTuple):
    """What sandboxes that wait take of the machine."""

    memory_mib: float
    processes: int

    def fits(self, most: "Occupancy") -> bool:
        """Whether it is within `most` in both."""
        return self.memory_mib <= most.memory_mib and self.processes <= most.processes

    def plus(self, other: "Occupancy", *, times: int = 1) -> "Occupancy":
        """Add so many of another; with a negative number, take them away."""
        return Occupancy(self.memory_mib + other.memory_mib * times, self.processes + other.processes * times)


NOTHING = Occupancy(0.0, 0)
UNLIMITED = Occupancy(math.inf, 1_000_000_000)


class Holder(Protocol):
    """What the budget sees of a pool."""

    @property
    def occupies(self) -> Occupancy:
        """What one of its waiting sandboxes takes."""
        ...

    @property
    def idle(self) -> int:
        """Sandboxes that wait, each of which can be taken."""
        ...

    @property
    def kept(self) -> int:
        """Sandboxes that wait, and those being started in order to wait."""
        ...

    def worth(self, kept: int) -> float:
        """Seconds of callers' waiting that the last of so many sandboxes saves in each second."""
        ...

    def evict(self) -> None:
        """Let one sandbox go; it does not count as idle from here on."""


class Budget:
    """Keeps what waits within bounds. It holds no account of its own: what waits is asked of the pools.

    Args:
        most: What all that waits may take.
        holders: The pools.
        is_under_pressure: Whether the machine is so short of memory that nothing more should wait.
    """

    def __init__(
        self,
        most: Occupancy = UNLIMITED,
        holders: Callable[[], Iterable[Holder]] = tuple,
        *,
        is_under_pressure: Callable[[], bool] = bool,
    ) -> None:
        self._most = most
        self._holders = holders
        self._is_under_pressure = is_under_pressure

    @property
    def occupied(self) -> Occupancy:
        """What waits, of all pools together."""
        occupied = NOTHING
        for holder in self._holders():
            occupied = occupied.plus(holder.occupies, times=holder.kept)
        return occupied

    def make_room(self, asker: Holder) -> bool:
        """Whether one more of the asker may wait. Where there is no room, colder ones are let go for it.

        Who is let in must count its sandbox as kept before the next await.
        """
        if self._is_under_pressure():
            return False
        yielding = self._yielding_to(asker)
        if yielding is None:
            return False
        for holder in yielding:
            holder.evict()
        return True

    def trim(self) -> None:
        """Let the coldest go until what waits is within bounds again.

        For a sandbox that came to wait without having been let in: its caller did not take it.
        """
        while not self.occupied.fits(self._most) and self._evict_coldest():
            pass

    def relieve(self) -> None:
        """Let the coldest waiting sandbox go if the machine is short of memory."""
        if self._is_under_pressure():
            self._evict_coldest()

    def _evict_coldest(self) -> bool:
        _, coldest = next(self._coldest_first(), (0.0, None))
        if coldest is None:
            return False
        coldest.evict()
        return True

    def _yielding_to(self, asker: Holder) -> list[Holder] | None:
        """Choose who lets one go, once for each; None if too little of it is worth less than the asker."""
        occupied = self.occupied.plus(asker.occupies)
        chosen: list[Holder] = []
        left = asker.worth(asker.kept + 1) / MARGIN
        colder = self._coldest_first(but=asker)
        while not occupied.fits(self._most):
            worth, holder = next(colder, (math.inf, asker))
            left -= worth
            if left <= 0:
                return None
            chosen.append(holder)
            occupied = occupied.plus(holder.occupies, times=-1)
        return chosen

    def _coldest_first(self, *, but: Holder | None = None) -> Iterator[tuple[float, Holder]]:
        """Name each pool, with what it would lose, as many times as it has sandboxes to give."""
        losses = [_losses(holder) for holder in self._holders() if holder is not but]
        return heapq.merge(*losses, key=lambda loss: loss[0])


def _losses(holder: Holder) -> Iterator[tuple[float, Holder]]:
    """Say what letting one sandbox go would lose, then another one."""
    kept = holder.kept
    return ((holder.worth(kept - gone), holder) for gone in range(holder.idle))
