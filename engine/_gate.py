"""What is free, who holds it and who is next: the state of admission, in which nothing waits.

After every change `_serve` gives what is free to who is next. The first in line that does not fit waits, and
so do those behind it: a large program would wait for ever if small ones went past it. Only runs of sessions
do, whose sandbox is counted already. This is why nobody waits in a circle:

- A turn is given together with the memory for it. Who waits for memory holds no turn, and no other memory.
- Who waits for a turn alone may hold memory: a session between two runs. It waits for those that have turns,
  and never behind one that waits for memory.
- Who has a turn may wait for a sandbox that an idle session holds. While all that have turns do so, a run of
  a session is let in beyond the number: it has its sandbox, and the session goes on.
"""

from collections.abc import Callable

from anyio import Event

from ._caller import Caller
from ._exceptions import EngineError
from ._turns import Ticket, Turns


class Place(Ticket):
    """A ticket whose owner waits.

    Attributes:
        called: Set when it need not wait any more.
        granted: Whether turn and memory are its own.
        failure: Why it will get none; None while it may.
    """

    __slots__ = ("called", "failure", "granted")

    def __init__(self, caller: Caller, memory_mib: int) -> None:
        super().__init__(caller.name, caller.priority, memory_mib)
        self.called = Event()
        self.granted = False
        self.failure: EngineError | None = None

    def refuse(self, failure: EngineError) -> None:
        """Tell the owner, who waits, that it gets no turn; the place has been left."""
        self.failure = failure
        self.called.set()


class Gate:
    """Counts turns and memory, and keeps the line.

    Args:
        max_running: How many may have a turn.
        budget_mib: What they may have together.
        clock: Monotonic seconds.

    Attributes:
        running: How many have a turn.
        memory_mib: What they and the sessions between two runs have.
        admitted: How many turns were given.
    """

    def __init__(self, *, max_running: int, budget_mib: int, clock: Callable[[], float]) -> None:
        self.max_running = max_running
        self.budget_mib = budget_mib
        self.running = 0
        self.memory_mib = 0
        self.admitted = 0
        self._clock = clock
        self._lacking_sandbox = 0
        self._line: Turns[Place] = Turns()
        # Those in line who need no memory, once more.
        self._in_sessions: Turns[Place] = Turns()

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    def take(self, memory_mib: int) -> bool:
        """Take a turn if one is free and nobody waits."""
        if self._line or self.running >= self.max_running or not self._fits(memory_mib):
            return False
        self._grant(memory_mib)
        return True

    def join(self, place: Place) -> None:
        """Stand in line; it may be granted at once."""
        now = self._clock()
        self._line.add(place, now)
        if place.memory_mib == 0:
            self._in_sessions.add(place, now)
        self._serve()

    def ahead(self, place: Place) -> int:
        """Return how many of the line come before one in it."""
        return self._line.ahead(place)

    def to_drop(self, newcomer: Place) -> Place:
        """Return who of the line goes when one is too many."""
        return self._line.to_drop(newcomer)

    def leave(self, place: Place) -> None:
        """Take nothing. A turn that was granted goes to the next; so does the front of the line."""
        if place.granted:
            self.admitted -= 1
            self.give_back(place.memory_mib)
        elif place in self._line:
            self._line.remove(place)
            if place in self._in_sessions:
                self._in_sessions.remove(place)
            self._serve()

    def give_back(self, memory_mib: int) -> None:
        """End a turn."""
        self.running -= 1
        self.give_memory_back(memory_mib)

    def give_memory_back(self, memory_mib: int) -> None:
        """Let others have memory."""
        self.memory_mib -= memory_mib
        self._serve()

    def count_lacking_sandbox(self, more: int) -> None:
        """Count those that have a turn and wait for a sandbox."""
        self._lacking_sandbox += more
        self._serve()

    def dismiss(self, failure: Callable[[], EngineError]) -> None:
        """Refuse all that wait."""
        self._in_sessions.clear()
        for place in self._line.clear():
            place.refuse(failure())

    def _fits(self, memory_mib: int) -> bool:
        return self.memory_mib + memory_mib <= self.budget_mib

    def _grant(self, memory_mib: int) -> None:
        self.running += 1
        self.memory_mib += memory_mib
        self.admitted += 1

    def _serve(self) -> None:
        while (place := self._next()) is not None:
            self._line.take(place)
            if place in self._in_sessions:
                self._in_sessions.take(place)
            self._grant(place.memory_mib)
            place.granted = True
            place.called.set()

    def _next(self) -> Place | None:
        """Return who can be served now; None while nobody can."""
        if not self._line:
            return None
        now = self._clock()
        if self.running < self.max_running:
            first = self._line.first(now)
            return first if first and self._fits(first.memory_mib) else self._in_sessions.first(now)
        all_lack_sandbox = self._lacking_sandbox >= self.running
        return self._in_sessions.first(now) if all_lack_sandbox else None
