"""Descriptors and what to do when something can be read from them."""

import select
from collections.abc import Callable


class Watcher:
    """A poller that calls one handler per descriptor."""

    def __init__(self) -> None:
        self._poller = select.poll()
        self._handlers: dict[int, Callable[[], None]] = {}
        #: Registered while events are handled: an event of that number was for the descriptor before it.
        self._fresh: set[int] = set()

    def watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        """Have `handler` called when the descriptor is readable or its other end is closed."""
        self._handlers[descriptor] = handler
        self._fresh.add(descriptor)
        self._poller.register(descriptor, select.POLLIN)

    def forget(self, descriptor: int) -> None:
        """Watch it no longer; call this before it is closed."""
        del self._handlers[descriptor]
        self._poller.unregister(descriptor)

    def poll(self, timeout_milliseconds: float | None) -> None:
        """Wait for events and handle them."""
        self._fresh.clear()
        for descriptor, _ in self._poller.poll(timeout_milliseconds):
            if descriptor in self._handlers and descriptor not in self._fresh:
                self._handlers[descriptor]()
