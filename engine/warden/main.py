"""The warden's loop: commands from the engine, ends of processes, deadlines."""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from engine.warden.cgroup import Group
from engine.warden.child import become_subreaper, children
from engine.warden.trees import close_trees, open_trees, sweep
from engine.warden.ward import Ward

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
        self._wards: dict[int, Ward] = {}
        self._poller = select.poll()
        self._by_pidfd: dict[int, Ward] = {}
        sweep(_PREFIX)
        name = f"{_PREFIX}-{os.getpid()}-{os.urandom(4).hex()}"
        self._trees, self._problems = open_trees(name)
        self._open = True
        self._count = 0
        self._orphans = False
        #: Joins its group while nobody waits for it; the next command finds it ready.
        self._parked: Ward | None = None

    def serve(self) -> None:
        """Run until the engine is gone and nothing is left of its runs."""
        self._poller.register(self._connection, select.POLLIN)
        controllers = sorted(set().union(*(tree.controllers for tree in self._trees)))
        self._send({"kind": "ready", "controllers": controllers, "problems": self._problems})
        while self._open or self._wards or self._orphans:
            self._park()
            for descriptor, _ in self._poller.poll(self._timeout()):
                if descriptor in self._by_pidfd:
                    self._reap(descriptor)
                else:
                    self._receive()
            self._tick()
        if self._parked is not None:
            self._parked.discard()
        close_trees(self._trees)

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
        if message["kind"] == "spawn":
            self._spawn(message, dict(zip(message["descriptors"], descriptors, strict=True)))
            return
        ward = self._wards.get(number)
        if ward is None:
            return  # it ended while the message was on its way
        match message["kind"]:
            case "arm":
                ward.arm(
                    wall_seconds=message["wall_seconds"],
                    cpu_seconds=message["cpu_seconds"],
                    limits=message["limits"],
                )
            case "kill":
                ward.kill(message["reason"])

    def _spawn(self, message: dict[str, Any], descriptors: dict[int, int]) -> None:
        try:
            ward = self._started(message, descriptors)
        except OSError as error:
            self._send({"kind": "refused", "number": message["number"], "error": str(error)})
            return
        self._wards[ward.number] = ward
        self._by_pidfd[ward.pidfd] = ward
        self._poller.register(ward.pidfd, select.POLLIN)

    def _started(self, message: dict[str, Any], descriptors: dict[int, int]) -> Ward:
        ward, self._parked = self._parked, None
        if ward is not None:
            with contextlib.suppress(OSError):  # it was killed while it waited
                return self._start(ward, message, descriptors)
        return self._start(self._new_ward(), message, descriptors)

    def _start(self, ward: Ward, message: dict[str, Any], descriptors: dict[int, int]) -> Ward:
        try:
            ward.start(message["number"], message["argv"], descriptors, message["limits"])
        except OSError:
            ward.discard()
            raise
        return ward

    def _new_ward(self) -> Ward:
        self._count += 1
        return Ward(Group(self._trees, str(self._count)))

    def _park(self) -> None:
        if self._parked is None and self._open:
            with contextlib.suppress(OSError):  # the next command tries again, and is told why not
                self._parked = self._new_ward()

    def _reap(self, descriptor: int) -> None:
        ward = self._by_pidfd.pop(descriptor)
        self._poller.unregister(descriptor)
        ward.exited()

    def _tick(self) -> None:
        now = time.monotonic()
        for ward in list(self._wards.values()):
            ward.tick(now)
            report = ward.ended(now)
            if report is not None:
                del self._wards[ward.number]
                self._orphans = True
                self._send(report)
        if self._orphans:
            self._orphans = self._reap_orphans()

    def _reap_orphans(self) -> bool:
        """Collect processes of killed jails, which the kernel hands to us; return whether some still die."""
        own = {ward.pid for ward in (*self._wards.values(), self._parked) if ward is not None}
        orphans = [pid for pid in children(os.getpid()) if pid not in own]
        return not all(os.waitpid(pid, os.WNOHANG)[0] == pid for pid in orphans)

    def _timeout(self) -> float | None:
        if self._orphans:
            return _EMPTYING_SECONDS * 1000
        moments = [due for ward in self._wards.values() if (due := ward.due()) is not None]
        if not moments:
            return None
        return max(min(moments) - time.monotonic(), _EMPTYING_SECONDS) * 1000

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
        self._poller.unregister(self._connection)
        for ward in self._wards.values():
            ward.kill("engine")


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
