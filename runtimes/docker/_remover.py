"""Removes containers in the background, and those that dead engines have left."""

import logging
import os
from collections.abc import Iterable
from typing import Any

import anyio
from anyio.abc import TaskGroup

from ._container import OWNER_LABEL, machine, owner_of
from ._daemon import Daemon, DaemonError

#: The daemon removes one in ten milliseconds. More at once would only keep it from starting others.
_AT_ONCE = 4
#: How long to wait for all that are left when the engine closes.
CLOSE_SECONDS = 15.0

_log = logging.getLogger("isorun.docker")


class Remover:
    """Removes containers of one engine; nobody waits for it but who closes.

    Args:
        daemon: That has them.
        tasks: Where it works.
    """

    def __init__(self, daemon: Daemon, tasks: TaskGroup) -> None:
        self._daemon = daemon
        self._tasks = tasks
        self._places = anyio.Semaphore(_AT_ONCE)
        self._left: set[str] = set()
        #: The daemon did not answer; it is asked again when there is a reason to talk to it.
        self._kept: set[str] = set()
        self._none_left: anyio.Event | None = None

    def remove(self, name: str) -> None:
        """Have a container removed, and those that could not be before."""
        for one in (name, *self._kept):
            self._left.add(one)
            self._tasks.start_soon(self._remove, one)
        self._kept.clear()

    async def aclose(self) -> None:
        """Wait until all are removed; bounded in time. What the daemon keeps, the next engine removes."""
        for name in list(self._kept):
            self.remove(name)
        if not self._left:
            return
        self._none_left = anyio.Event()
        with anyio.move_on_after(CLOSE_SECONDS, shield=True):
            await self._none_left.wait()

    async def _remove(self, name: str) -> None:
        try:
            # Whatever is cancelled around it: that is when containers are left.
            with anyio.move_on_after(CLOSE_SECONDS, shield=True) as bound:
                async with self._places:
                    await self._daemon.remove(name)
            if bound.cancelled_caught:
                raise DaemonError(f"it takes longer than {CLOSE_SECONDS:g} s")
        except DaemonError as error:
            self._kept.add(name)
            _log.warning("the container `%s` could not be removed: %s", name, error)
        finally:
            self._left.discard(name)
            if self._none_left is not None and not self._left:
                self._none_left.set()


async def sweep(daemon: Daemon) -> None:
    """Remove what engines have left that are not there any more, and nothing else.

    Raises:
        DaemonError: The daemon does not answer.
    """
    for name in orphans(await daemon.containers(OWNER_LABEL)):
        _log.info("removing the container `%s` of an engine that is gone", name)
        await daemon.remove(name)


def orphans(containers: Iterable[dict[str, Any]]) -> list[str]:
    """Return the ids of those whose engine has ended, or ran before this machine was booted.

    Of one with another numbering of processes, such as in a container itself, it cannot be said from here.
    """
    return [str(one["Id"]) for one in containers if _is_orphan(one.get("Labels", {}).get(OWNER_LABEL, ""))]


def _is_orphan(owner: str) -> bool:
    boot, *rest = owner.split(":")
    if len(rest) != 3:
        return False
    here = machine().split(":")
    if boot != here[0]:
        return True
    namespace, process, _ = rest
    return namespace == here[1] and process.isdecimal() and owner_of(int(process)) != owner


def own_label() -> str:
    """Return the label's value for this process."""
    owner = owner_of(os.getpid())
    assert owner is not None, "this process is there"  # noqa: S101
    return owner
