"""One zygote: an interpreter in a jail of its own with the imports done, which forks sandboxes."""

import os
import re
import time
from collections.abc import Callable
from typing import NamedTuple, override

import anyio

from engine import EngineError, SandboxStartError
from engine._process import Bounds
from engine._protocol import Failed, Ready, decode
from policies import Policy
from runtimes.environments import Environment

from ._jail import JailPlan
from ._launcher import Jailed, Launcher
from ._origin import Origin
from ._request import FORK_PIDS, bounds_of, encode_setup
from ._sandbox import CLOSE_SECONDS, read_log, receive_ready

#: Importing takes a second; this is for a machine that swaps.
PRELOAD_SECONDS = 60.0
#: After as many forks, or as many seconds, its children come from a new one: they share a memory layout.
MAX_FORKS = 1000
MAX_AGE_SECONDS = 600.0
#: Level, time, process, function and line, as nsjail writes them.
_LOG_PREFIX = re.compile(r"^(\[[^]]*\])+ (\w+\(\):\d+ )?")
#: Signals by which a program may have tried what the layout is.
_CRASHES = frozenset({"SIGSEGV", "SIGSYS", "SIGABRT", "SIGBUS", "SIGILL"})
_MIB = 1 << 20
#: The zygote's own cgroup: the imports, and the init of each sandbox.
_BOUNDS = Bounds(memory_bytes=4096 * _MIB, pids=2048)


class Blueprint(NamedTuple):
    """What a zygote is made from.

    Attributes:
        plan: Of its jail.
        environment: Whose programs it runs.
        modules: What it imports beforehand.
        filter_program: The system calls of its children.
        die_at: For tests: the step at which each child dies.
        trace: For measurements: children report the time of each step.
    """

    plan: JailPlan
    environment: Environment
    modules: tuple[str, ...]
    filter_program: bytes
    die_at: str | None = None
    trace: bool = False


class Zygote:
    """A started zygote. It is retired once, and closed when its last child is gone.

    Attributes:
        is_retired: Whether another one has taken its place.
        left: Called each time when its last child has gone.
    """

    def __init__(self, launcher: Launcher, jailed: Jailed) -> None:
        self._launcher = launcher
        self._child, self._pipes = jailed
        self._forks = 0
        self._born = time.monotonic()
        self._has_seen_crash = False
        self._children = 0
        self.is_retired = False
        self.left: Callable[[], None] = lambda: None

    @classmethod
    async def start(cls, launcher: Launcher, blueprint: Blueprint) -> "Zygote":
        """Start one and wait until it has imported everything.

        Raises:
            SandboxStartError: It could not be started, an import failed, or left something behind that all
                children would share, such as a thread.
        """
        environment = blueprint.environment
        zygote = cls(launcher, launcher.start_zygote(blueprint.plan, environment.python, _BOUNDS))
        try:
            setup = encode_setup(
                environment,
                blueprint.modules,
                filter_program=blueprint.filter_program,
                many_users=launcher.has_many_users,
                die_at=blueprint.die_at,
                trace=blueprint.trace,
            )
            await zygote._prepare(setup)
        except BaseException:
            await zygote.aclose()
            raise
        return zygote

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked for a fork."""
        return self._child.is_alive

    @property
    def is_needed(self) -> bool:
        """Whether any of its children lives."""
        return self._children > 0 and self.is_alive

    @property
    def is_worn(self) -> bool:
        """Whether another one should take its place."""
        age = time.monotonic() - self._born
        return self._has_seen_crash or self._forks >= MAX_FORKS or age >= MAX_AGE_SECONDS

    def fork(self, policy: Policy) -> tuple[Jailed, "Forked"]:
        """Ask for a child; it says itself when it is ready.

        Raises:
            SandboxStartError: There are no descriptors left for it.
        """
        jailed = self._launcher.fork(self._child, policy, bounds_of(policy, FORK_PIDS))
        self._forks += 1
        self._children += 1
        return jailed, Forked(self)

    def kill(self) -> None:
        """Kill it with all of its children."""
        self._child.kill("closed")

    def lost_child(self) -> None:
        """Take note that nothing is left of a child."""
        self._children -= 1
        if not self._children:
            self.left()

    def saw(self, signal: str | None) -> None:
        """Take note of how a child ended."""
        self._has_seen_crash |= signal in _CRASHES

    async def aclose(self) -> None:
        """Kill it and wait until nothing is left; bounded, idempotent."""
        self.is_retired = True
        self.kill()
        try:
            with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                await self._gone()
        finally:
            self._close_pipes()

    async def _gone(self) -> None:
        try:
            await self._child.wait()
        except EngineError:
            return

    def _close_pipes(self) -> None:
        if self._pipes.control.fileno() >= 0:
            self._pipes.close()

    async def _prepare(self, setup: bytes) -> None:
        with anyio.move_on_after(PRELOAD_SECONDS):
            await self._send(setup)
            await anyio.wait_readable(self._pipes.control)
            frame, _ = receive_ready(self._pipes.control)
            if not frame:
                raise SandboxStartError(f"the zygote did not start: {await self._last_words()}")
            match decode(frame):
                case Ready():
                    return
                case Failed(error=error):
                    raise SandboxStartError(f"the zygote cannot serve: {error}")
                case _:
                    raise SandboxStartError("the zygote did not report ready")
        raise SandboxStartError(f"the zygote was not ready within {PRELOAD_SECONDS:g} s")

    async def _send(self, setup: bytes) -> None:
        left = memoryview(setup)
        try:
            while left:
                await anyio.wait_writable(self._pipes.control)
                left = left[self._pipes.control.send(left) :]
        except ConnectionError:
            return  # why it has gone is seen by who waits for its answer

    async def _last_words(self) -> str:
        self.kill()
        await self._gone()
        log = read_log(self._pipes)
        if log:
            return _LOG_PREFIX.sub("", log.splitlines()[0])  # what follows it, follows from it
        try:
            errors = os.read(self._pipes.stderr, 4000).decode("utf-8", "replace")
        except BlockingIOError:
            errors = ""
        return errors.strip()[-500:] or "it ended without a word"


class Forked(Origin):
    """Of a sandbox that a zygote has forked."""

    path = "fork"
    own_pids = FORK_PIDS

    def __init__(self, zygote: Zygote) -> None:
        super().__init__()
        self._zygote = zygote

    @override
    def is_current(self) -> bool:
        return not self._zygote.is_retired

    @override
    def late(self) -> None:
        # A zygote that hangs would not let go of its child: closing that would wait in vain.
        self._zygote.kill()

    @override
    def ended(self, signal: str | None) -> None:
        self._zygote.saw(signal)

    @override
    def closed(self) -> None:
        self._zygote.lost_child()
