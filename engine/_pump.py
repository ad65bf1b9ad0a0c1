"""Move bytes between one sandbox's descriptors and the host, with a bound on everything that is kept."""

import os
import select
from collections.abc import Callable
from typing import Any

import anyio

_CHUNK = 64 * 1024

type Receiver = Callable[[bytes], None]


class Pump:
    """Watches several descriptors from one task.

    One epoll descriptor stands for all of them, so that a run costs the event loop one watcher, not six.
    Descriptors must be non-blocking; the caller owns and closes them.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        try:
            self._stop = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        except OSError:
            self._epoll.close()
            raise
        self._epoll.register(self._stop, select.EPOLLIN)
        self._receivers: dict[int, Receiver] = {}
        self._late: dict[int, Receiver] = {}
        self._pending: dict[int, tuple[memoryview, Callable[[], None]]] = {}
        self._stopped = False

    def close(self) -> None:
        """Release the pump's own descriptors; idempotent."""
        if not self._epoll.closed:
            self._epoll.close()
            os.close(self._stop)

    def read(self, descriptor: int, receiver: Receiver) -> None:
        """Give what arrives at `descriptor` to `receiver` until end of file."""
        self._receivers[descriptor] = receiver
        self._update(descriptor)

    def read_at_end(self, descriptor: int, receiver: Receiver) -> None:
        """Leave what arrives in the pipe until `drain`; for a few bytes that nobody waits for."""
        self._late[descriptor] = receiver

    def write(self, descriptor: int, data: bytes, done: Callable[[], None]) -> None:
        """Write all of `data`, then call `done`; also when the other end is closed."""
        self._pending[descriptor] = (memoryview(data), done)
        self._writable(descriptor)

    def defer_rest(self) -> None:
        """Leave whatever still arrives in the pipes until `drain`."""
        for descriptor, receiver in list(self._receivers.items()):
            self._late[descriptor] = receiver
            del self._receivers[descriptor]
            self._update(descriptor)

    def forget(self, descriptor: int) -> None:
        """Never read from `descriptor` again: who floods it waits, instead of keeping us busy."""
        if self._receivers.pop(descriptor, None) is not None:
            self._update(descriptor)

    def stop(self) -> None:
        """Make `run` return; may be called before it."""
        self._stopped = True
        if not self._epoll.closed:
            os.eventfd_write(self._stop, 1)

    async def run(self) -> None:
        """Move bytes until nothing is left to watch, or `stop` is called."""
        while (self._receivers or self._pending) and not self._stopped:
            await anyio.wait_readable(self._epoll.fileno())
            # Once more without a turn of the event loop: what comes second is often there by now.
            if not (self._move() and self._move()):
                return

    def _move(self) -> bool:
        """Move what can be moved now; return whether nobody has called `stop`."""
        for descriptor, events in self._epoll.poll(0):
            if descriptor == self._stop:
                return False
            if events & select.EPOLLOUT:
                self._writable(descriptor)
            if events & ~select.EPOLLOUT:
                self._readable(descriptor)
        return not self._stopped

    def drain(self) -> None:
        """Take what is still in the pipes. Only when no writer is left, or this may not end."""
        self._receivers |= self._late
        for descriptor in list(self._receivers):
            while descriptor in self._receivers and self._readable(descriptor):
                pass

    def _readable(self, descriptor: int) -> bool:
        receiver = self._receivers.get(descriptor)
        if receiver is None:
            # The other end of a descriptor that is only written to has gone.
            self._writable(descriptor)
            return False
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b""
        if data:
            receiver(data)
            return True
        del self._receivers[descriptor]
        self._update(descriptor)
        return False

    def _writable(self, descriptor: int) -> None:
        entry = self._pending.pop(descriptor, None)
        if entry is None:
            return
        data, done = entry
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            self._pending[descriptor] = (data, done)
            self._update(descriptor)
            return
        except (BrokenPipeError, ConnectionResetError):
            pass  # the program does not want more
        self._update(descriptor)
        done()

    def _update(self, descriptor: int) -> None:
        events = 0
        if descriptor in self._receivers:
            events |= select.EPOLLIN
        if descriptor in self._pending:
            events |= select.EPOLLOUT
        try:
            if events:
                self._epoll.register(descriptor, events)
            else:
                self._epoll.unregister(descriptor)
        except FileExistsError:
            self._epoll.modify(descriptor, events)
        except FileNotFoundError:
            pass


class Capture:
    """Keeps the beginning of stdout and stderr up to a common limit, and counts the rest."""

    def __init__(self, limit_bytes: int, overflow: Callable[[], None]) -> None:
        self._left = limit_bytes
        self._overflow = overflow
        self._chunks: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        self._dropped = {"stdout": 0, "stderr": 0}

    def add(self, stream: str, data: bytes) -> bytes:
        """Keep what fits; return that part. Calls `overflow` when something did not fit."""
        kept = data[: self._left]
        self._left -= len(kept)
        if kept:
            self._chunks[stream].append(kept)
        if len(kept) < len(data):
            self._dropped[stream] += len(data) - len(kept)
            self._overflow()
        return kept

    @property
    def overflowed(self) -> bool:
        """Whether anything did not fit."""
        return any(self._dropped.values())

    def content(self, stream: str) -> bytes:
        """Return the bytes kept of a stream."""
        return b"".join(self._chunks[stream])

    def dropped(self, stream: str) -> int:
        """Return how many bytes of a stream did not fit."""
        return self._dropped[stream]

    def fields(self) -> dict[str, Any]:
        """Return what was kept and dropped, as fields of a `Result`."""
        found: dict[str, Any] = {}
        for stream in self._chunks:
            dropped = self.dropped(stream)
            found[f"{stream}_bytes"] = self.content(stream)
            found[f"{stream}_dropped_bytes"] = dropped
            found[f"{stream}_truncated"] = dropped > 0
        return found
