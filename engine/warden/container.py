"""A container of a daemon on this machine: guarded from outside, by its first process and its control groups.

The daemon is asked over its socket to do what our privileges do not allow. A child of the warden does the
asking, so that a daemon that does not answer keeps no clock waiting.
"""

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
from typing import NamedTuple, Self, override

from engine.warden.cgroup import Counters, Group, Tree
from engine.warden.trees import WANTED, find_mounts

#: Whoever has started it reaps it at once. If not, the daemon is asked.
_REAPED_MILLISECONDS = 20
#: From `linux/pidfd.h`: the request, its size, and where in it the mask and the wait status are.
_PIDFD_GET_INFO, _INFO_BYTES, _INFO_EXIT, _STATUS_AT = 0xC040FF0B, 64, 1 << 3, 60
#: A daemon that has not answered by then is not waited for.
_ANSWER_SECONDS = 8


class Place(NamedTuple):
    """Where a container is to be found.

    Attributes:
        first: Its first process, as this machine counts.
        name: Its id, 64 hex digits.
        socket: Path of the daemon's socket.
    """

    first: int
    name: str
    socket: str


class Container:
    """The process of a ward that is a container.

    Attributes:
        group: Its control groups.

    Raises:
        OSError: It is not there, or nothing of what it uses can be seen from here.
    """

    #: It is not our child; those who ask the daemon are.
    pid = 0
    leaves_orphans = True

    def __init__(self, place: Place) -> None:
        self._place = place
        # Before anything is looked up: from here on the number is not given to another process.
        self.over = os.pidfd_open(place.first)
        try:
            self.group = ContainerGroup.of(place)
        except OSError:
            self.close()
            raise

    def kill(self) -> None:
        """Kill the first process, and by that all of its namespace."""
        try:
            signal.pidfd_send_signal(self.over, signal.SIGKILL)
        except PermissionError:
            _ask(self._place.socket, "POST", f"/containers/{self._place.name}/kill")
        except ProcessLookupError:
            pass

    def expect(self) -> None:
        """Read the counters, which the daemon may have removed when the end is seen."""
        self.group.counters()

    def reap(self) -> int:
        """Return its wait status; -1 if the kernel is too old to tell (below 6.15): the daemon knows."""
        poller = select.poll()
        poller.register(self.over, 0)  # a hang-up is always reported: somebody has reaped it
        poller.poll(_REAPED_MILLISECONDS)
        return wait_status(self.over)

    def failure(self) -> str:
        """Return nothing: it had been started before."""
        return ""

    def close(self) -> None:
        """Let go of the descriptor."""
        if self.over >= 0:
            os.close(self.over)
            self.over = -1

    def discard(self) -> None:
        """Have the daemon remove it, as nobody else will."""
        _ask(self._place.socket, "DELETE", f"/containers/{self._place.name}?force=true&v=true")


class ContainerGroup(Group):
    """The control groups of a container, which the daemon makes, limits and removes.

    Its counters go with it. So what was read last is kept.
    """

    def __init__(self, folders: list[tuple[Tree, str]]) -> None:
        super().__init__([], "")
        self._folders = folders
        self._last = Counters(None, None, 0, 0)
        self._cpu_seconds: float | None = None

    @classmethod
    def of(cls, place: Place) -> Self:
        """Find the groups of a container by its first process.

        Raises:
            ProcessLookupError: They cannot be seen from here, or belong to something else.
        """
        folders = _folders(place)
        if not {"memory", "pids"} <= frozenset().union(*(tree.controllers for tree, _ in folders)):
            raise ProcessLookupError("the control groups of the container cannot be seen from here")
        return cls(folders)

    @override
    def limit(self, *, memory_bytes: int, pids: int) -> None:
        """Do nothing: the daemon has set the limits."""

    @override
    def cpu_seconds(self) -> float | None:
        with contextlib.suppress(OSError):  # the daemon has removed them
            self._cpu_seconds = super().cpu_seconds()
        return self._cpu_seconds

    @override
    def counters(self) -> Counters:
        with contextlib.suppress(OSError):
            self._last = super().counters()
        return self._last._replace(cpu_seconds=self._cpu_seconds)

    @override
    def processes(self) -> list[int]:
        """Return nothing: when the first process has ended, none is left."""
        return []

    @override
    def kill(self) -> None:
        """Do nothing: its first process takes all others along."""

    @override
    def remove(self) -> bool:
        return True


def wait_status(descriptor: int) -> int:
    """Return the wait status of a process that its parent has reaped; -1 if it is not known."""
    info = bytearray(_INFO_BYTES)
    struct.pack_into("=Q", info, 0, _INFO_EXIT)
    try:
        fcntl.ioctl(descriptor, _PIDFD_GET_INFO, info)
    except OSError:
        return -1
    told, status = struct.unpack_from("=Q", info, 0)[0], struct.unpack_from("=i", info, _STATUS_AT)[0]
    return int(status) if told & _INFO_EXIT else -1


def _folders(place: Place) -> list[tuple[Tree, str]]:
    """Return the groups whose path names the container, those of v2 first."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mountinfo = file.read()
    with open(f"/proc/{place.first}/cgroup", encoding="utf-8") as file:
        mounts = find_mounts(mountinfo, file.read())
    found = []
    for mount in sorted(mounts, key=lambda mount: -mount.version):
        if place.name in mount.own:
            controllers = _controllers_v2(mount.own) if mount.version == 2 else mount.controllers
            found.append((Tree(os.path.dirname(mount.own), mount.version, controllers), mount.own))
    return found


def _controllers_v2(folder: str) -> frozenset[str]:
    with open(f"{folder}/cgroup.controllers", encoding="ascii") as file:
        return frozenset(file.read().split()) & frozenset(WANTED)


def _ask(path: str, method: str, target: str) -> None:
    """Have a child make one request, and wait for nothing."""
    if os.fork() != 0:
        return
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_ANSWER_SECONDS)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        import http.client  # only here: it is large, and most wardens never need it

        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(path)
        connection.request(method, target)
        connection.getresponse().read()
    finally:
        os._exit(0)
