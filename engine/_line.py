"""The line in which callers of a pool wait."""

from collections import deque

from anyio import Event

from ._runtime import Sandbox
from ._stats import Miss


class Ticket:
    """A place in line. Once granted it stands for a sandbox, or (without one) a slot to start one in.

    Attributes:
        arrived_at: When the caller came, by the pool's clock.
        called: Set when it is granted, or the pool closes.
        granted: Whether it was granted.
        sandbox: What was granted, if one was ready.
        miss: Why none was, when a slot was granted.
    """

    def __init__(self, arrived_at: float) -> None:
        self.arrived_at = arrived_at
        self.called = Event()
        self.granted = False
        self.sandbox: Sandbox | None = None
        self.miss: Miss | None = None


class Line:
    """Tickets in the order in which their holders came."""

    def __init__(self) -> None:
        self._tickets: deque[Ticket] = deque()

    def __len__(self) -> int:
        return len(self._tickets)

    def join(self, ticket: Ticket) -> None:
        """Stand at the end."""
        self._tickets.append(ticket)

    def leave(self, ticket: Ticket) -> bool:
        """Step out; False if the ticket was granted, or never stood here."""
        if ticket not in self._tickets:
            return False
        self._tickets.remove(ticket)
        return True

    def grant(self, sandbox: Sandbox | None, miss: Miss | None = None) -> None:
        """Give the front of the line a sandbox, or a slot and the reason why there is no sandbox."""
        ticket = self._tickets.popleft()
        ticket.sandbox, ticket.miss = sandbox, miss
        ticket.granted = True
        ticket.called.set()

    def disperse(self) -> None:
        """Call everybody without granting anything."""
        while self._tickets:
            self._tickets.popleft().called.set()
