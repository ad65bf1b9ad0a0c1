"""The sandboxes of a pool that wait for a program."""

from collections.abc import Callable

from ._runtime import Sandbox
from ._stats import Departure, Miss


class Shelf:
    """Sandboxes in the order in which they came. Who takes none learns why there is none.

    Args:
        dismiss: Destroys a sandbox that left the shelf without being leased; must not block.

    Attributes:
        miss: Why none is here, when none is: what happened last.
    """

    def __init__(self, dismiss: Callable[[Sandbox, Departure], None]) -> None:
        self._dismiss = dismiss
        self._sandboxes: list[Sandbox] = []
        self.miss = Miss.FIRST

    def __len__(self) -> int:
        return len(self._sandboxes)

    def put(self, sandbox: Sandbox) -> None:
        """Add a sandbox; whoever finds none after this came when all had been taken."""
        self._sandboxes.append(sandbox)
        self.miss = Miss.BURST

    def take(self) -> Sandbox | None:
        """Take the living sandbox that came last; dead ones on the way are dismissed."""
        while self._sandboxes:
            sandbox = self._sandboxes.pop()
            if sandbox.is_alive():
                return sandbox
            self._dismiss_for(sandbox, Departure.DEAD, Miss.DEAD)
        return None

    def drop_dead(self) -> None:
        """Dismiss every sandbox that died."""
        dead = [sandbox for sandbox in self._sandboxes if not sandbox.is_alive()]
        for sandbox in dead:
            self._sandboxes.remove(sandbox)
            self._dismiss_for(sandbox, Departure.DEAD, Miss.DEAD)

    def drop_oldest(self, departure: Departure, miss: Miss) -> None:
        """Dismiss the sandbox that came first; there must be one."""
        self._dismiss_for(self._sandboxes.pop(0), departure, miss)

    def clear(self) -> list[Sandbox]:
        """Take all, dead or alive."""
        sandboxes, self._sandboxes = self._sandboxes, []
        return sandboxes

    def _dismiss_for(self, sandbox: Sandbox, departure: Departure, miss: Miss) -> None:
        self.miss = miss
        self._dismiss(sandbox, departure)
