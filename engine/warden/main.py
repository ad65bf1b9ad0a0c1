"""The warden's loop: commands from the engine, ends of processes, deadlines."""

import contextlib
import gc
import json
import math
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from engine.warden.cgroup import Group
from engine.warden.child import Parked, become_subreaper, children
from engine.warden.fitters import Fitters
from engine.warden.fitting import Fit
from engine.warden.forked import Box, Channel
from engine.warden.trees import close_trees, open_trees, sweep
from engine.warden.ward import LOST, Ward
from engine.warden.watcher import Watcher
from engine.warden.zygotes import Zygotes

#: Larger than any command line that the engine sends.
MAX_MESSAGE = 64 * 1024
MAX_DESCRIPTORS = 16
#: Between looks at a group that is still emptying.
_EMPTYING_SECONDS = 0.002
_PREFIX = "isorun"


class Loop:
    """Serves one engine over one socket until that closes, then ends every ward."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._watcher = Watcher()
        self._wards: dict[int, Ward] = {}
        self._zygotes = Zygotes(self._watcher, self._guard)
        self._fitters = Fitters(self._watcher, self._fitted)
        sweep(_PREFIX)
        name = f"{_PREFIX}-{os.getpid()}-{os.urandom(4).hex()}"
        self._trees, self._problems = open_trees(name)
        self._open = True
        self._count = 0
        self._orphans = False
        #: Have ended; their groups are still to be removed, which nobody waits for.
        self._leaving: list[Ward] = []
        #: Joins its group while nobody waits for it; the next command finds it ready.
        self._parked: tuple[Group, Parked] | None = None

    def serve(self) -> None:
        """Run until the engine is gone and nothing is left of its runs."""
        self._watcher.watch(self._connection.fileno(), self._receive)
        controllers = sorted(set().union(*(tree.controllers for tree in self._trees)))
        self._send({"kind": "ready", "controllers": controllers, "problems": self._problems})
        while self._open or self._wards or self._orphans or self._leaving:
            self._park()
            self._watcher.poll(self._timeout())
            self._tick()
        if self._parked is not None:
            _discard(*self._parked)
        close_trees(self._trees)

    # Commands

    def _receive(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._connection, MAX_MESSAGE, MAX_DESCRIPTORS)
        except ConnectionError:
            data, descriptors = b"", []
        if not data:
            self._close()
            return
        try:
            self._obey(json.loads(data), descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _obey(self, message: dict[str, Any], descriptors: list[int]) -> None:
        number = message["number"]
        start = {"spawn": self._spawn, "fork": self._fork, "contain": self._contain}.get(message["kind"])
        if start is not None:
            try:
                self._wards[number] = start(message, descriptors)
            except OSError as error:
                self._send({"kind": "refused", "number": number, "error": str(error)})
            return
        ward = self._wards.get(number)
        if ward is None:
            return  # it ended while the message was on its way
        match message["kind"]:
            case "arm":
                self._arm(ward, message["limits"], message["wall_seconds"], message["cpu_seconds"])
            case "expect":
                ward.expect()
            case "fit":
                self._fit(number, Fit(message["disk"], message["mounts"]), *descriptors)
            case "kill":
                ward.kill(message["reason"])

    # Starts

    def _spawn(self, message: dict[str, Any], descriptors: list[int]) -> Ward:
        wanted = dict(zip(message["descriptors"], descriptors, strict=True))
        channel = None
        if message["channel"] is not None:
            channel = Channel()
            wanted[message["channel"]] = channel.theirs.fileno()
        ward = Ward(message["number"], *self._launched(message, wanted))
        if channel is not None:
            self._zygotes.open(ward.number, channel)
        self._guard(ward)
        return ward

    def _fork(self, message: dict[str, Any], descriptors: list[int]) -> Ward:
        group = self._new_group()
        try:
            group.limit(**message["limits"])
            if message["owner"] is not None:
                group.admit(message["owner"])
            box = Box(**message["box"])
            zygote = self._wards.get(message["zygote"])
            return self._zygotes.fork(message["number"], zygote, box, descriptors, group)
        except OSError:
            group.remove()
            raise

    def _contain(self, message: dict[str, Any], _descriptors: list[int]) -> Ward:
        # Late: most engines have no containers.
        from engine.warden.container import Container, Place

        container = Container(Place(**message["place"]))
        ward = Ward(message["number"], container.group, container)
        self._guard(ward)
        self._send({"kind": "contained", "number": ward.number})
        return ward

    def _guard(self, ward: Ward) -> None:
        """Watch for the end of a ward's process."""
        self._watcher.watch(ward.over, partial(self._exited, ward))

    def _launched(self, message: dict[str, Any], descriptors: dict[int, int]) -> tuple[Group, Parked]:
        parked, self._parked = self._parked, None
        if parked is not None:
            with contextlib.suppress(OSError):  # it was killed while it waited
                return _launch(parked, message, descriptors)
        return _launch(self._new_parked(), message, descriptors)

    def _park(self) -> None:
        if self._parked is None and self._open:
            with contextlib.suppress(OSError):  # the next command tries again, and is told why not
                self._parked = self._new_parked()

    def _new_parked(self) -> tuple[Group, Parked]:
        group = self._new_group()
        try:
            return group, Parked(group)
        except OSError:
            group.remove()
            raise

    def _new_group(self) -> Group:
        self._count += 1
        group = Group(self._trees, str(self._count))
        group.create()
        return group

    # Fits

    def _fit(self, number: int, wanted: Fit, namespace: int) -> None:
        try:
            self._fitters.begin(number, namespace, wanted)
        except OSError as error:
            self._fitted(number, str(error))

    def _arm(
        self, ward: Ward, limits: dict[str, int] | None, wall_seconds: float, cpu_seconds: float
    ) -> None:
        with _killing(ward):
            ward.arm(wall_seconds=wall_seconds, cpu_seconds=cpu_seconds, limits=limits)
            if limits is not None:  # a program waits for them
                self._send({"kind": "armed", "number": ward.number})

    def _fitted(self, number: int, problem: str) -> None:
        self._orphans = True  # it has no more to do than to end
        self._send({"kind": "fitted", "number": number, "problem": problem})

    # Ends

    def _exited(self, ward: Ward) -> None:
        self._watcher.forget(ward.over)
        self._zygotes.close(ward.number)
        self._orphans |= self._fitters.end(ward.number)
        ward.exited()

    def _tick(self) -> None:
        now = time.monotonic()
        for ward in [ward for ward in self._wards.values() if ward.due <= now]:
            with _killing(ward):
                ward.tick(now)
            report = ward.ended(now)
            if report is not None:
                del self._wards[ward.number]
                self._orphans |= ward.leaves_orphans
                self._send(report)
                self._leaving.append(ward)
        if self._leaving:
            self._leaving = [ward for ward in self._leaving if not ward.removed(now)]
        if self._orphans:
            self._orphans = self._reap_orphans()

    def _reap_orphans(self) -> bool:
        """Collect processes of killed jails, which the kernel hands to us; return whether some still die."""
        own = {ward.pid for ward in self._wards.values()} | self._fitters.pids
        if self._parked is not None:
            own.add(self._parked[1].pid)
        orphans = [pid for pid in children(os.getpid()) if pid not in own]
        return not all(os.waitpid(pid, os.WNOHANG)[0] == pid for pid in orphans)

    def _timeout(self) -> float | None:
        if self._orphans or self._leaving:
            return _EMPTYING_SECONDS * 1000
        due = min([ward.due for ward in self._wards.values()], default=math.inf)
        if due == math.inf:
            return None
        return max(due - time.monotonic(), _EMPTYING_SECONDS) * 1000

    def _send(self, message: dict[str, Any]) -> None:
        if not self._open:
            return
        try:
            self._connection.send(json.dumps(message).encode())
        except OSError:
            self._close()

    def _close(self) -> None:
        """The engine is gone: nothing that it started may outlive it."""
        if not self._open:
            return
        self._open = False
        self._watcher.forget(self._connection.fileno())
        self._zygotes.close_all()
        for ward in self._wards.values():
            ward.abandon()
        self._orphans = True  # who asks a daemon to remove something is waited for


@contextlib.contextmanager
def _killing(ward: Ward) -> Iterator[None]:
    """Kill a ward whose group is not there any more: nothing would limit it."""
    try:
        yield
    except OSError:
        ward.kill(LOST)


def _launch(
    parked: tuple[Group, Parked], message: dict[str, Any], descriptors: dict[int, int]
) -> tuple[Group, Parked]:
    """Set the limits and have a waiting process become the program."""
    group, process = parked
    try:
        group.limit(**message["limits"])
        process.launch(message["argv"], descriptors, oom_score=message["oom_score"])
    except OSError:
        _discard(group, process)
        raise
    return parked


def _discard(group: Group, process: Parked) -> None:
    """End a process that was never started."""
    process.kill()
    with contextlib.suppress(ChildProcessError):
        process.reap()
    process.close()
    group.remove()


def main() -> None:
    """Serve the engine at the other end of the descriptor named on the command line."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        # Only the engine ends the warden: a Ctrl-C for the engine must not leave its runs unguarded.
        signal.signal(number, signal.SIG_IGN)
    become_subreaper()
    with contextlib.suppress(OSError):
        os.nice(-5)  # kills must not wait for the cpu that the guests burn; needs privilege
    gc.collect()
    gc.freeze()  # each fork shares these pages; a collection would touch, and so copy, every one of them
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        Loop(connection).serve()
