"""How a jail is started: its nsjail configuration, its user, its descriptors."""

import os
from pathlib import Path
from typing import NamedTuple

from engine import SandboxStartError
from engine._process import Bounds, Child, Warden
from engine.warden.forked import Box
from policies import Policy

from ._guest_code import SUPERVISOR, ZYGOTE
from ._jail import GUEST_UID, JailPlan, jail_text
from ._pipes import GuestEnds, Pipes, make_pipes

#: Descriptors that nsjail itself needs, closed before the jail's first process is executed.
_CONFIG, _LOG = 9, 10
#: Number of the socket over which a zygote takes orders.
CHANNEL = 4
#: Above all uids that systems hand out; each live sandbox of each engine gets one of its own.
_FIRST_UID = 0x7000_0000
_UIDS_PER_ENGINE = 4096
#: More plans than this are written anew when they come again.
_MAX_CONFIGS = 64
#: The zygote is not the first to go when memory is short: it is small, and all runs depend on it.
_ZYGOTE_OOM_SCORE = 100


class Jailed(NamedTuple):
    """A started jail: its process in the warden's care, and the host's ends of its descriptors."""

    child: Child
    pipes: Pipes


class Launcher:
    """Starts jails for one engine. Owns the files that hold their configurations.

    Args:
        warden: Starts the processes.
        nsjail: The binary.
    """

    def __init__(self, warden: Warden, nsjail: Path) -> None:
        self._warden = warden
        self._nsjail = nsjail
        self._configs: dict[JailPlan, int] = {}
        self._is_root = os.geteuid() == 0
        self._first_uid = _FIRST_UID + warden.pid % 0x8000 * _UIDS_PER_ENGINE

    def start_guest(self, plan: JailPlan, python: str, bounds: Bounds) -> Jailed:
        """Start a jail for one program.

        Raises:
            SandboxStartError: There are no descriptors left for it.
        """
        uid = self._first_uid + self._next() if self._is_root else os.geteuid()
        gid = uid if self._is_root else os.getegid()
        config, pipes, guest = self._parts(plan, uid)
        try:
            users = _users(f"{GUEST_UID}:{uid}:1", f"{GUEST_UID}:{gid}:1")
            argv = [*self._nsjail_command(users), python, "-I", "-S", "-B", SUPERVISOR]
            descriptors = {**guest.descriptors, _CONFIG: config, _LOG: guest.log}
            return Jailed(self._warden.spawn(argv, descriptors, bounds), pipes)
        finally:
            guest.close()

    def start_zygote(self, plan: JailPlan, python: str, bounds: Bounds) -> Jailed:
        """Start a jail that forks sandboxes.

        Raises:
            SandboxStartError: There are no descriptors left for it.
        """
        config, pipes, guest = self._parts(plan, None)
        try:
            argv = [*self._nsjail_command(self._zygote_users()), python, "-I", "-S", "-B", ZYGOTE]
            descriptors = {**guest.descriptors, _CONFIG: config, _LOG: guest.log}
            del descriptors[CHANNEL]
            child = self._warden.spawn(
                argv, descriptors, bounds, oom_score=_ZYGOTE_OOM_SCORE, channel=CHANNEL
            )
            return Jailed(child, pipes)
        finally:
            guest.close()

    def fork(self, zygote: Child, policy: Policy, bounds: Bounds) -> Jailed:
        """Have a zygote fork a sandbox.

        Raises:
            SandboxStartError: There are no descriptors left for it.
        """
        number = self._next()
        try:
            pipes, guest = make_pipes(self._first_uid + number if self._is_root else None, log=False)
        except OSError as error:
            raise _out_of_descriptors(error) from error
        try:
            box = Box(
                disk_bytes=policy.limits.disk_mib << 20,
                file_count=policy.limits.file_count,
                uid=GUEST_UID + number - 1 if self._is_root else 0,
            )
            owner = self._first_uid if self._is_root else None
            streams = [guest.descriptors[number] for number in sorted(guest.descriptors)]
            return Jailed(self._warden.fork(zygote, streams, bounds, box, owner=owner), pipes)
        finally:
            guest.close()

    @property
    def has_many_users(self) -> bool:
        """Whether each sandbox has a user of its own; else all have the engine's."""
        return self._is_root

    def close(self) -> None:
        """Close the files with configurations."""
        for descriptor in self._configs.values():
            os.close(descriptor)
        self._configs.clear()

    def text(self, plan: JailPlan) -> str:
        """Return the nsjail configuration for a plan."""
        return jail_text(plan)

    def _next(self) -> int:
        """Return which of the engine's users is next; the first is the zygotes'."""
        return 1 + next(self._warden.users) % (_UIDS_PER_ENGINE - 1)

    def _zygote_users(self) -> list[str]:
        """Map the zygote's own user and, for root's engines, those of all its sandboxes."""
        if not self._is_root:
            return _users(f"0:{os.geteuid()}:1", f"0:{os.getegid()}:1")
        own = f"0:{self._first_uid}:1"
        guests = f"{GUEST_UID}:{self._first_uid + 1}:{_UIDS_PER_ENGINE - 1}"
        return [*_users(own, own), *_users(guests, guests)]

    def _nsjail_command(self, users: list[str]) -> list[str]:
        config = ["--config", f"/proc/self/fd/{_CONFIG}", "--log_fd", str(_LOG)]
        return [str(self._nsjail), *config, *users, "--"]

    def _parts(self, plan: JailPlan, owner: int | None) -> tuple[int, Pipes, GuestEnds]:
        try:
            return self._config(plan), *make_pipes(owner if self._is_root else None)
        except OSError as error:
            raise _out_of_descriptors(error) from error

    def _config(self, plan: JailPlan) -> int:
        """Return a descriptor of the configuration for a plan; written once per plan."""
        descriptor = self._configs.get(plan)
        if descriptor is None:
            descriptor = os.memfd_create("isorun-jail", os.MFD_CLOEXEC)
            os.write(descriptor, self.text(plan).encode())
            self._configs[plan] = descriptor
            if len(self._configs) > _MAX_CONFIGS:
                os.close(self._configs.pop(next(iter(self._configs))))
        return descriptor


def _users(user: str, group: str) -> list[str]:
    return ["--user", user, "--group", group]


def _out_of_descriptors(error: OSError) -> SandboxStartError:
    return SandboxStartError(
        f"the sandbox cannot be started: {error.strerror}",
        hint="run fewer programs at once, or raise the limit of open files (`ulimit -n`)",
    )
