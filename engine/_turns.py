"""Who is next: by priority, within it one client after the other, within a client in order of arrival.

A client whose turn it was goes behind the other clients, so a burst of one delays each of the others by one
turn, whatever its length. A ticket that has waited for `AGEING_SECONDS` counts one class higher, and again
after as long, so that no stream of higher priority keeps it waiting for ever.

This is data alone: nothing waits here, and time is what the caller says.
"""

from collections import OrderedDict
from typing import Final

from ._caller import Priority

# As long as a program may take by default: a low priority is overtaken for a minute at most.
AGEING_SECONDS = 30.0

#: The index of a class, the highest first.
_LEVELS: Final[dict[Priority, int]] = {"high": 0, "normal": 1, "low": 2}


class Ticket:
    """A place in line; equal to itself alone.

    Attributes:
        client: Whose it is.
        priority: As it was when it came.
        memory_mib: What has to be free for it.
    """

    __slots__ = ("client", "memory_mib", "priority")

    def __init__(self, client: str, priority: Priority, memory_mib: int) -> None:
        self.client = client
        self.priority: Priority = priority
        self.memory_mib = memory_mib


class _Level[T: Ticket]:
    """The tickets of one class."""

    def __init__(self) -> None:
        # Both have the next in front. Ordered dictionaries, because the front of a plain one that loses its
        # front again and again is found in ever more steps.
        self.lanes: OrderedDict[str, OrderedDict[T, None]] = OrderedDict()
        self.since: OrderedDict[T, float] = OrderedDict()

    def add(self, ticket: T, now: float) -> None:
        self.lanes.setdefault(ticket.client, OrderedDict())[ticket] = None
        self.since[ticket] = now

    def remove(self, ticket: T) -> None:
        del self.since[ticket]
        lane = self.lanes[ticket.client]
        del lane[ticket]
        if not lane:
            del self.lanes[ticket.client]

    def first(self) -> T:
        return next(iter(next(iter(self.lanes.values()))))

    def rotate(self, client: str) -> None:
        """Put a client behind the others, if it has tickets left."""
        if client in self.lanes:
            self.lanes.move_to_end(client)

    def ahead(self, ticket: T) -> int:
        """Count who is served before: of each client as many as have their turn until then."""
        before = list(self.lanes[ticket.client]).index(ticket)
        count, extra = before, 1
        for client, lane in self.lanes.items():
            if client == ticket.client:
                extra = 0  # those behind it in the circle have one turn less
            else:
                count += min(len(lane), before + extra)
        return count


class Turns[T: Ticket]:
    """The tickets that wait, in the order in which they are served. Needs memory for each of them alone.

    Args:
        ageing_seconds: After how long a ticket counts one class higher.
    """

    def __init__(self, *, ageing_seconds: float = AGEING_SECONDS) -> None:
        self._ageing_seconds = ageing_seconds
        self._levels: tuple[_Level[T], ...] = tuple(_Level() for _ in _LEVELS)
        self._level_of: dict[T, int] = {}
        self._waiting_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._level_of)

    def __contains__(self, ticket: T) -> bool:
        return ticket in self._level_of

    def add(self, ticket: T, now: float) -> None:
        """Let a ticket stand in line; it is in none."""
        self._let_age(now)
        self._place(ticket, _LEVELS[ticket.priority], now)

    def first(self, now: float) -> T | None:
        """Return who is next, and leave it in line."""
        self._let_age(now)
        return next((level.first() for level in self._levels if level.since), None)

    def take(self, ticket: T) -> None:
        """Remove a ticket because it is served: now it is the turn of other clients."""
        level = self._levels[self._level_of[ticket]]
        self.remove(ticket)
        level.rotate(ticket.client)

    def remove(self, ticket: T) -> None:
        """Remove a ticket that is not served."""
        self._levels[self._level_of.pop(ticket)].remove(ticket)
        self._waiting_of[ticket.client] -= 1
        if not self._waiting_of[ticket.client]:
            del self._waiting_of[ticket.client]

    def to_drop(self, newcomer: T) -> T:
        """Return which ticket goes when one is too many: the last of the client that has the most of them.

        It is the newcomer unless another client has more than its own.
        """
        waiting_of = self._waiting_of
        client = max(waiting_of, key=waiting_of.__getitem__)
        if waiting_of[client] <= waiting_of[newcomer.client]:
            return newcomer
        lane = next(level.lanes[client] for level in reversed(self._levels) if client in level.lanes)
        return next(reversed(lane))

    def ahead(self, ticket: T) -> int:
        """Count those that are served before this one, as things are; costs a step for each client."""
        own = self._level_of[ticket]
        return sum(len(level.since) for level in self._levels[:own]) + self._levels[own].ahead(ticket)

    def clear(self) -> list[T]:
        """Remove all tickets and return them."""
        tickets = list(self._level_of)
        for ticket in tickets:
            self.remove(ticket)
        return tickets

    def _place(self, ticket: T, level: int, now: float) -> None:
        self._level_of[ticket] = level
        self._waiting_of[ticket.client] = self._waiting_of.get(ticket.client, 0) + 1
        self._levels[level].add(ticket, now)

    def _let_age(self, now: float) -> None:
        """Move those up that have waited. Each moves twice at most, and to the end of its lane."""
        for index in range(1, len(self._levels)):
            since = self._levels[index].since
            while since:
                ticket, arrived = next(iter(since.items()))
                if now - arrived < self._ageing_seconds:
                    break
                self.remove(ticket)
                self._place(ticket, index - 1, now)
