"""The zygotes of one engine: started when needed, replaced when worn, left alone for a while on failure."""

import logging
import time
from collections.abc import Callable

from anyio import Event, create_task_group, move_on_after
from anyio.abc import TaskGroup

from engine import EngineError
from policies import Policy

from ._launcher import Jailed, Launcher
from ._zygote import Blueprint, Forked, Zygote

#: Each holds the memory of its imports: 100 MiB with pandas.
MAX_ZYGOTES = 4
#: A zygote that was used this recently does not make place for another one.
_IN_USE_SECONDS = 60.0
#: A program waits for a zygote's imports so long; after that it is faster without.
WAIT_SECONDS = 15.0
#: After a failure the next try comes no earlier than this, then twice as long each time, up to the maximum.
_FIRST_BACK_OFF_SECONDS = 1.0
_MAX_BACK_OFF_SECONDS = 300.0
#: So many forks in a row may fail before the zygote is blamed.
_MAX_FAILED_FORKS = 3

_log = logging.getLogger("isorun.zygote")

type Key = tuple[object, ...]


class NoForkError(EngineError):
    """No sandbox can be forked at the moment, for the reason in the message."""


class _Place:
    """Holds the zygote of one key: its current one, and whether another one is being started."""

    def __init__(self) -> None:
        self.current: Zygote | None = None
        self.started: Event | None = None
        self.used_at = time.monotonic()
        self.failures = 0
        self.not_before = -float("inf")
        self.reason = ""

    @property
    def may_start(self) -> bool:
        """Whether another zygote may be started now."""
        return self.started is None and time.monotonic() >= self.not_before


class Zygotes:
    """Forks sandboxes from zygotes, at most `MAX_ZYGOTES` of them.

    Args:
        launcher: Starts them.
        tasks: Where they are started and closed, so that a caller who gives up takes nothing with it.
    """

    def __init__(self, launcher: Launcher, tasks: TaskGroup) -> None:
        self._launcher = launcher
        self._tasks = tasks
        self._places: dict[Key, _Place] = {}
        self._retired: set[Zygote] = set()
        self._closed = False

    async def fork(
        self, key: Key, blueprint: Callable[[], Blueprint], policy: Policy
    ) -> tuple[Jailed, Forked]:
        """Ask the zygote of `key` for a sandbox; waits until there is one.

        Raises:
            NoForkError: There is none, and why.
            SandboxStartError: There are no descriptors left.
        """
        place = self._place(key)
        zygote = await self._current(place, blueprint)
        if zygote.is_worn and place.may_start:
            self._start(place, blueprint())
        return zygote.fork(policy)

    def succeeded(self, key: Key) -> None:
        """Take note that a fork has become a sandbox."""
        if key in self._places:
            self._places[key].failures = 0

    def failed(self, key: Key, *, wedged: bool) -> None:
        """Take note that a fork has not become a sandbox; a zygote that does not answer is killed."""
        place = self._places.get(key)
        if place is None:
            return
        place.failures += 1
        if place.current is not None and (wedged or place.failures >= _MAX_FAILED_FORKS):
            self._back_off(place, "its forks failed")
            place.current.kill()
            self._retire(place)

    async def aclose(self) -> None:
        """Close all zygotes at once; bounded in time."""
        self._closed = True
        current = [place.current for place in self._places.values() if place.current is not None]
        zygotes = [*current, *self._retired]
        self._places.clear()
        self._retired.clear()
        async with create_task_group() as tasks:
            for zygote in zygotes:
                tasks.start_soon(zygote.aclose)

    async def _current(self, place: _Place, blueprint: Callable[[], Blueprint]) -> Zygote:
        while place.current is None or not place.current.is_alive:
            self._retire(place)
            if place.started is None and not place.may_start:
                raise NoForkError(place.reason)
            with move_on_after(WAIT_SECONDS):
                await (place.started or self._start(place, blueprint())).wait()
            if place.started is not None:
                raise NoForkError("the zygote is not ready yet")
            if place.current is None:
                raise NoForkError(place.reason)
        return place.current

    def _place(self, key: Key) -> _Place:
        place = self._places.pop(key, None)
        if place is None:
            self._make_room()
            place = _Place()
        place.used_at = time.monotonic()
        self._places[key] = place  # the least recently used comes first
        return place

    def _make_room(self) -> None:
        if len(self._places) < MAX_ZYGOTES:
            return
        key, oldest = next(iter(self._places.items()))
        if oldest.started is not None or time.monotonic() - oldest.used_at < _IN_USE_SECONDS:
            raise NoForkError(f"{MAX_ZYGOTES} other zygotes are in use")
        self._retire(oldest)
        del self._places[key]

    def _start(self, place: _Place, blueprint: Blueprint) -> Event:
        place.started = started = Event()
        self._tasks.start_soon(self._fill, place, started, blueprint)
        return started

    async def _fill(self, place: _Place, started: Event, blueprint: Blueprint) -> None:
        """Start a zygote for a place; the one before serves until it is there."""
        try:
            zygote = await Zygote.start(self._launcher, blueprint)
        except Exception as error:  # whoever waits runs its program in another way, and says why
            self._back_off(place, str(error))
        else:
            place.failures = 0
            self._retire(place)
            place.current = zygote
            zygote.left = self._close_retired
            if self._closed:
                self._retire(place)
        finally:
            place.started = None
            started.set()

    def _back_off(self, place: _Place, reason: str) -> None:
        delay = min(_FIRST_BACK_OFF_SECONDS * 2**place.failures, _MAX_BACK_OFF_SECONDS)
        place.failures += 1
        place.not_before = time.monotonic() + delay
        place.reason = reason
        if not self._closed:
            _log.warning("no zygote, next try in %g s at the earliest: %s", delay, reason)

    def _retire(self, place: _Place) -> None:
        """Take the current zygote out of its place; it is closed when its last child is."""
        if place.current is not None:
            place.current.is_retired = True
            self._retired.add(place.current)
            place.current = None
            self._close_retired()

    def _close_retired(self) -> None:
        for zygote in [zygote for zygote in self._retired if not zygote.is_needed]:
            self._retired.discard(zygote)
            self._tasks.start_soon(zygote.aclose)
