"""The one place that starts and signals processes: set-up tools here, everything else by the warden."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, Self

import anyio
import msgspec
from anyio.lowlevel import cancel_shielded_checkpoint

from engine.warden.fitting import Fit
from engine.warden.forked import Box

from ._exceptions import EngineError, RuntimeUnavailableError, SandboxLostError, SandboxStartError
from ._tasks import open_tasks

#: How long the warden may take to end all runs and remove its cgroups when the engine closes.
CLOSE_SECONDS = 10.0
#: How long the warden may take to start.
START_SECONDS = 20.0
#: The kernel's first choice when the whole machine runs out of memory.
GUEST_OOM_SCORE = 900
_MAX_MESSAGE = 64 * 1024


class ToolError(EngineError):
    """A set-up tool (never a guest program) failed; the message holds the end of its output."""


def run_tool(
    argv: Sequence[str | Path],
    *,
    timeout_seconds: float,
    cwd: Path | None = None,
    env: Mapping[str, str] = MappingProxyType({}),
    stdin: bytes = b"",
) -> str:
    """Run a trusted tool, of set-up or a linter, to its end and return its stdout. Blocks; never for a run.

    It inherits the environment, because package tools are configured there; `env` is put over it.

    Raises:
        ToolError: It could not be started, failed, or took longer than `timeout_seconds`.
    """
    command = [str(part) for part in argv]
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            timeout=timeout_seconds,
            check=True,
            cwd=cwd,
            env={**os.environ, **env},
        )
    except subprocess.CalledProcessError as error:
        tail = (error.stderr or error.stdout or b"")[-2000:].decode("utf-8", "replace").strip()
        raise ToolError(f"`{Path(command[0]).name}` failed with {error.returncode}: {tail}") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"`{Path(command[0]).name}` took longer than {timeout_seconds:g} s") from error
    except OSError as error:
        raise ToolError(f"`{command[0]}` cannot be started: {error.strerror}") from error
    return done.stdout.decode("utf-8", "replace")


class Bounds(NamedTuple):
    """Limits of a process tree, set on its cgroup."""

    memory_bytes: int
    pids: int


class Ready(msgspec.Struct, tag_field="kind", tag="ready", frozen=True):
    """The warden's first word: which cgroup controllers it can use, and what does not work."""

    controllers: frozenset[str]
    problems: tuple[str, ...]


class Refused(msgspec.Struct, tag_field="kind", tag="refused", frozen=True):
    """The warden could not start a process."""

    number: int
    error: str


class Contained(msgspec.Struct, tag_field="kind", tag="contained", frozen=True):
    """The warden guards a container."""

    number: int


class Fitted(msgspec.Struct, tag_field="kind", tag="fitted", frozen=True):
    """A jail that waits was fitted to its run; or not, if there is a problem."""

    number: int
    problem: str


class Armed(msgspec.Struct, tag_field="kind", tag="armed", frozen=True):
    """The limits that came with a program hold."""

    number: int


class Ended(msgspec.Struct, tag_field="kind", tag="ended", frozen=True):
    """A process and everything it started have left user code for good; the kernel may still clear up.

    Attributes:
        wait_status: As from `waitpid`; -1 for a container whose daemon has to be asked.
        killed: Who asked for the kill: `wall`, `cpu`, the reason given to `Child.kill`, `lost` if its cgroup
            was not there any more, or None.
        failure: What failed before the program could be executed; empty otherwise.
        cpu_seconds: Of the whole tree; None without cgroups.
        peak_bytes: Memory of the whole tree; None without cgroups.
        oom_kills: Processes that the kernel killed because the memory limit was reached.
        pids_refused: Forks refused because the process limit was reached.
        quarantined: Something in the cgroup survived SIGKILL for seconds (it hangs in the kernel).
    """

    number: int
    wait_status: int
    killed: str | None
    failure: str
    cpu_seconds: float | None
    peak_bytes: int | None
    oom_kills: int
    pids_refused: int
    quarantined: bool


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Ready | Refused | Contained | Fitted | Armed | Ended)

type KillReason = Literal["output", "cancelled", "closed", "protocol"]


class Child:
    """A process in the warden's care.

    Attributes:
        number: Its name between the warden and us.
        guarded: Of a container: set when the warden has found it, or cannot.
    """

    def __init__(self, warden: "Warden", number: int, bounds: Bounds | None) -> None:
        self._warden = warden
        self.number = number
        self._bounds = bounds
        self.guarded = anyio.Event()
        self._done = anyio.Event()
        self._listener: Callable[[], None] | None = None
        self._ended: Ended | None = None
        self._refusal: str | None = None
        self._fitted = anyio.Event()
        self._armed = anyio.Event()
        self._problem = ""

    @property
    def is_alive(self) -> bool:
        """Whether the warden has not reported its end."""
        return not self._done.is_set()

    async def arm(self, bounds: Bounds | None, *, wall_seconds: float, cpu_seconds: float) -> None:
        """Start the clocks. When this returns, the limits of the program hold, or the process is over.

        A program that comes before its limits could be done when they do. Those that hold already need no
        answer of the warden, so most programs do not wait for one.

        Args:
            bounds: None for a container: its daemon sets them.
            wall_seconds: From now on.
            cpu_seconds: Of the whole tree, from now on.
        """
        limits = None if bounds in (None, self._bounds) else bounds
        clocks = {"wall_seconds": wall_seconds, "cpu_seconds": cpu_seconds}
        if limits is not None:
            self._armed = anyio.Event()
        self._warden.send(
            {"kind": "arm", "number": self.number, "limits": limits and limits._asdict(), **clocks}
        )
        if limits is not None and self.is_alive:
            await self._armed.wait()
            self._bounds = limits

    def armed(self) -> None:
        """Record that the limits hold; called by the warden client only."""
        self._armed.set()

    async def fit(self, namespace: int, wanted: Fit) -> None:
        """Give a jail that waits what its run asks for, once.

        Args:
            namespace: Descriptor of its mount namespace; the caller may close it when this returns.
            wanted: By the run.

        Raises:
            SandboxStartError: It cannot be done, for the reason in the message.
        """
        message = {"kind": "fit", "number": self.number, **wanted._asdict()}
        if len(_encoder.encode(message)) > _MAX_MESSAGE:
            raise SandboxStartError("the policy has too many mounts", hint="mount the folder above them")
        self._warden.send(message, [namespace])
        await self._fitted.wait()
        if not self.is_alive:
            self._problem = "it has ended"
        if self._problem:
            raise SandboxStartError(f"the sandbox cannot be made as the policy asks: {self._problem}")

    def fitted(self, problem: str) -> None:
        """Record how that went; called by the warden client only."""
        self._problem = problem
        self._fitted.set()

    def expect_end(self) -> None:
        """Have it looked whether the process is at its end, because its program says so.

        The kernel reports the end of a process with threads when it has cleared all memory. That it can do
        nothing any more is seen sooner by who looks for it.
        """
        self._warden.send({"kind": "expect", "number": self.number})

    def kill(self, reason: KillReason) -> None:
        """Kill the whole tree now. Does not wait; a second call changes nothing."""
        if self.is_alive:
            self._warden.send({"kind": "kill", "number": self.number, "reason": reason})

    async def wait(self) -> Ended:
        """Wait until nothing of the process tree can run any more.

        Raises:
            SandboxStartError: It never started.
            SandboxLostError: The warden died, and the process with it.
        """
        await self._done.wait()
        if self._refusal is not None:
            raise SandboxStartError(f"the sandbox cannot be started: {self._refusal}", hint="try again")
        if self._ended is None:
            message = "the warden process died, and every sandbox with it"
            raise SandboxLostError(message, hint="open a new engine", dispatched=True)
        return self._ended

    def notify(self, listener: Callable[[], None]) -> None:
        """Have `listener` called when the process has ended, at once if it has; there is one listener."""
        self._listener = listener
        if not self.is_alive:
            listener()

    def finish(self, ended: Ended | None, refusal: str | None = None) -> None:
        """Record the end; called by the warden client only."""
        self._ended, self._refusal = ended, refusal
        self._done.set()
        self.guarded.set()
        self._fitted.set()
        self._armed.set()
        if self._listener is not None:
            self._listener()


class Warden:
    """Client of the warden process. Open with `async with Warden.open() as warden`.

    Attributes:
        users: Numbers for the users that sandboxes run as, so that no two launchers of an engine give the
            same one away.
        lost: Set when the warden process is gone, and with it all that it had started.
    """

    def __init__(self, connection: socket.socket, process: subprocess.Popen[bytes]) -> None:
        self._connection = connection
        self._process = process
        self._children: dict[int, Child] = {}
        self._count = 0
        self.users = count()
        self.lost = anyio.Event()
        self._answered = anyio.Event()
        self._listening = anyio.CancelScope(shield=True)
        self.controllers: frozenset[str] = frozenset()
        self.problems: tuple[str, ...] = ()

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncGenerator[Self]:
        """Start a warden; leaving the block ends every process in its care.

        It is not waited for: its start-up and the caller's imports share the time (see `ready`).

        Raises:
            RuntimeUnavailableError: It cannot be started.
        """
        warden = cls(*_start_process())
        try:
            async with open_tasks() as tasks:
                tasks.start_soon(warden._listen)
                try:
                    yield warden
                finally:
                    warden._listening.cancel()
        finally:
            await warden._close()

    @property
    def pid(self) -> int:
        """Of the warden process; no two engines on a machine have the same."""
        return self._process.pid

    async def ready(self) -> None:
        """Wait until the warden has said which cgroup controllers it can use.

        Raises:
            RuntimeUnavailableError: It did not start, or has died.
        """
        with anyio.move_on_after(START_SECONDS):
            await self._answered.wait()
        if self.lost.is_set() or not self._answered.is_set():
            raise RuntimeUnavailableError("the warden process is not there", hint="see its message on stderr")

    def spawn(
        self,
        argv: Sequence[str],
        descriptors: Mapping[int, int],
        bounds: Bounds,
        *,
        oom_score: int = GUEST_OOM_SCORE,
        channel: int | None = None,
    ) -> Child:
        """Start a process in a cgroup of its own, with an empty environment.

        Args:
            argv: Absolute path of the program, then its arguments.
            descriptors: Number in the child -> descriptor here. The caller may close its own
                copies when this returns.
            bounds: Until `Child.arm` sets those of the program.
            oom_score: How soon the kernel takes it when the machine is out of memory, up to 1000.
            channel: Number in the child of a socket over which the warden orders forks (see `fork`).
        """
        message = {
            "kind": "spawn",
            "argv": list(argv),
            "descriptors": list(descriptors),
            "limits": bounds._asdict(),
            "oom_score": oom_score,
            "channel": channel,
        }
        return self._start(message, list(descriptors.values()), bounds)

    def fork(
        self, zygote: Child, streams: Sequence[int], bounds: Bounds, box: Box, *, owner: int | None
    ) -> Child:
        """Have a zygote fork a process into a cgroup of its own.

        Args:
            zygote: Spawned with a channel, and still alive.
            streams: stdin, stdout, stderr, control and report of the process. The caller may close its own
                copies when this returns.
            bounds: Until `Child.arm` sets those of the program.
            box: What the zygote has to know.
            owner: Host uid of the zygote, if it is not ours.
        """
        message = {
            "kind": "fork",
            "zygote": zygote.number,
            "limits": bounds._asdict(),
            "box": box._asdict(),
            "owner": owner,
        }
        return self._start(message, streams, bounds)

    async def contain(self, first: int, name: str, socket_path: str) -> Child:
        """Guard a container that a daemon on this machine has started.

        Its limits are the daemon's business; clocks, counters and kills are as for any other process. If this
        engine dies, it is removed.

        Args:
            first: Its first process, as this machine counts.
            name: Its id.
            socket_path: Of the daemon.

        Raises:
            SandboxStartError: It is not to be found, or nothing would count what it uses.
        """
        place = {"first": first, "name": name, "socket": socket_path}
        child = self._start({"kind": "contain", "place": place}, (), None)
        await child.guarded.wait()
        if not child.is_alive:
            await child.wait()
        return child

    def _start(self, message: dict[str, object], descriptors: Sequence[int], bounds: Bounds | None) -> Child:
        self._count += 1
        child = Child(self, self._count, bounds)
        self._children[self._count] = child
        self.send({"number": self._count, **message}, descriptors)
        return child

    def send(self, message: Mapping[str, object], descriptors: Sequence[int] = ()) -> None:
        """Send one command. Blocks only when the warden is hundreds of commands behind."""
        data = _encoder.encode(message)
        try:
            if descriptors:
                socket.send_fds(self._connection, [data], descriptors)
            else:
                self._connection.send(data)
        except OSError:
            self._lose()

    async def _listen(self) -> None:
        """Take what the warden says, also while all around is cancelled: closing waits for some of it."""
        with self._listening:
            while not self.lost.is_set():
                await anyio.wait_readable(self._connection)
                self._receive()

    def _receive(self) -> None:
        try:
            data = self._connection.recv(_MAX_MESSAGE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._dispatch(_decoder.decode(data))
        else:
            self._lose()

    def _dispatch(self, message: Ready | Refused | Contained | Fitted | Armed | Ended) -> None:
        if isinstance(message, Ready):
            self.controllers, self.problems = message.controllers, message.problems
            self._answered.set()
            return
        if isinstance(message, Contained):
            self._children[message.number].guarded.set()
            return
        if isinstance(message, Fitted):
            if message.number in self._children:
                self._children[message.number].fitted(message.problem)
            return
        if isinstance(message, Armed):
            if message.number in self._children:
                self._children[message.number].armed()
            return
        child = self._children.pop(message.number, None)
        if child is None:
            return
        match message:
            case Ended():
                child.finish(message)
            case Refused():
                child.finish(None, message.error)

    def _lose(self) -> None:
        """The warden is gone, and with it (by its death signal) every process it had started."""
        self.lost.set()
        self._answered.set()
        for child in self._children.values():
            child.finish(None)
        self._children.clear()

    async def _close(self) -> None:
        self._connection.close()
        pidfd = os.pidfd_open(self._process.pid)
        try:
            with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                await anyio.wait_readable(pidfd)
            if self._process.poll() is None:
                os.kill(self._process.pid, signal.SIGKILL)
                self._process.wait(CLOSE_SECONDS)
        finally:
            os.close(pidfd)
            self._lose()  # nobody listens any more: who still waits for an end must learn of it here


def _start_process() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    root = str(Path(__file__).resolve().parent.parent)
    # -S and -I: the warden needs the standard library and its own package, nothing that a user can add.
    code = f"import sys; sys.path.append({root!r}); from engine.warden.main import main; main()"
    try:
        return _start_python(["-I", "-S", "-c", code], kind=socket.SOCK_SEQPACKET)
    except OSError as error:
        raise RuntimeUnavailableError(f"the warden cannot be started: {error.strerror}") from error


def _start_python(
    arguments: Sequence[str],
    *,
    kind: socket.SocketKind,
    env: Mapping[str, str] = MappingProxyType({}),
    stderr: int | None = None,
) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start our own Python with one end of a new socket, whose number is its last argument."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    try:
        process = subprocess.Popen(
            [sys.executable, *arguments, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            pass_fds=[theirs.fileno()],
            env=dict(env),
            cwd="/",
            # A Ctrl-C in the terminal is for the engine; it ends the process by closing the socket.
            start_new_session=True,
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return ours, process


def _start_companion(
    code: str, env: Mapping[str, str]
) -> tuple[socket.socket, subprocess.Popen[bytes], int | None]:
    """Start a companion; the last of the three is the file for its stderr."""
    said = os.memfd_create("companion-stderr")
    try:
        return *_start_python(["-I", "-c", code], kind=socket.SOCK_STREAM, env=env, stderr=said), said
    except OSError:
        os.close(said)
        raise


def start_detached(arguments: Sequence[str], *, env: Mapping[str, str]) -> tuple[int, int]:
    """Start our own Python as a process that outlives us, in a session of its own.

    Args:
        arguments: For the interpreter; the number of a descriptor to write to is put at the end.
        env: Its whole environment.

    Returns:
        Its pid, and what it writes to that descriptor: a pipe, to be closed by the caller.

    Raises:
        ToolError: It cannot be started.
    """
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, *arguments, str(writing)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[writing],
            env=dict(env),
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        os.close(reading)
        raise ToolError(f"a process of isorun cannot be started: {error.strerror}") from error
    finally:
        os.close(writing)
    process.returncode = 0  # it is not ours to wait for, and not worth a warning when we end before it
    return process.pid, reading


class Companion:
    """A trusted process of ours beside the engine, such as the one that holds a model. It runs no guest code.

    It has to end when its socket is closed. `aclose` kills it at once: it holds nothing that could be lost.

    Attributes:
        connection: A stream socket to it, non-blocking.
    """

    def __init__(self, code: str, *, env: Mapping[str, str] = MappingProxyType({})) -> None:
        """Start it.

        Args:
            code: Python statements; `sys.argv[1]` is the number of its end of the socket.
            env: Its whole environment.

        Raises:
            ToolError: It cannot be started.
        """
        try:
            self.connection, self._process, self._said = _start_companion(code, env)
        except OSError as error:
            raise ToolError(f"a process of isorun cannot be started: {error.strerror}") from error
        self.connection.setblocking(False)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it is gone; somebody may have killed it."""
        return self._process.poll() is not None

    def last_words(self) -> str:
        """Return the end of what it wrote to stderr, and which signal ended it, if one did.

        Nothing when it has been closed.
        """
        if self._said is None:
            return ""
        size = os.fstat(self._said).st_size
        text = os.pread(self._said, 1000, max(0, size - 1000)).decode("utf-8", "replace").strip()
        code = self._process.poll()
        ended = f"ended by {signal.Signals(-code).name}" if code is not None and code < 0 else ""
        return "; ".join(part for part in (ended, text) if part)

    async def wait(self) -> None:
        """Wait until it has ended."""
        if self.has_ended:
            return
        pidfd = os.pidfd_open(self._process.pid)
        try:
            await anyio.wait_readable(pidfd)
        finally:
            os.close(pidfd)
        self._process.wait(CLOSE_SECONDS)

    async def aclose(self) -> None:
        """Kill it and wait for its end. May be called again, also while somebody waits for what it says."""
        if not self.has_ended:
            self._process.kill()
            with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                await self.wait()
        if self.connection.fileno() >= 0:
            anyio.notify_closing(self.connection)
            await cancel_shielded_checkpoint()  # who waits has to see it while the number is still ours
            self.connection.close()
        said, self._said = self._said, None
        if said is not None:
            os.close(said)
