"""One jail: it waits for a program, runs it, and is gone."""

import array
import os
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import override

import anyio
import msgspec

from engine import (
    Artifact,
    Capabilities,
    File,
    Program,
    ProtocolError,
    Result,
    Sandbox,
    SandboxLostError,
    SandboxStartError,
    Template,
)
from engine._protocol import Failed, Ready, decode
from engine._runtime import Emit
from engine.warden.fitting import Fit
from engine.warden.tmpfs import resize
from policies import Policy
from runtimes._verdict import Space
from runtimes.environments import Environment

from ._collect import collect, is_empty
from ._launcher import Jailed
from ._origin import Origin
from ._pipes import Pipes
from ._request import Handover
from ._run import Run

#: A jail is ready in tens of milliseconds; this is for a machine that swaps.
START_SECONDS = 20.0
#: A jail that fails exits at once.
_FAIL_SECONDS = 2.0
#: Mounts are there in a millisecond; this is for a source on a file system that does not answer.
FIT_SECONDS = 10.0
#: The warden has killed it by then, or something hangs in the kernel.
CLOSE_SECONDS = 8.0
_MIB = 1 << 20
#: That come with the first frame.
_PLACES = 2


class SandboxLateError(SandboxStartError):
    """A sandbox was not ready in time."""


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """What a runtime puts into a template for its jails.

    Attributes:
        environment: Whose interpreter prepares the jail, and runs programs in Python.
        preload: What a zygote for it imports.
        binds: Host path -> path in the jail, read-only, beside the environment's own.
        forks: Whether a zygote may fork it.
    """

    environment: Environment
    preload: tuple[str, ...] = ()
    binds: Mapping[str, str] = {}
    forks: bool = True


#: Encodes a program for the sandbox it is for; the last argument says whether somebody watches its output.
type Encode = Callable[[Program, Policy, bool], Handover]


class JailSandbox(Sandbox):
    """A started jail whose runner waits for one program.

    Args:
        template: What it was started with.
        jailed: The jail's process, in the warden's care, and the ends of its descriptors: owned from here on.
        origin: How it came to be.
        capabilities: Of the runtime.
        encode: How a program is handed over.
    """

    #: Processes and threads of the interpreter itself, counted with those of the program.
    own_pids = 0
    #: For the result, if not that of its origin.
    path: str | None = None

    def __init__(
        self,
        template: Template,
        jailed: Jailed,
        origin: Origin,
        capabilities: Capabilities,
        encode: Encode,
    ) -> None:
        self._template = template
        self._child, self._pipes = jailed
        self._origin = origin
        self._capabilities = capabilities
        self._encode = encode
        self._work = -1
        self._namespace = -1
        self._size = (template.policy.limits.disk_mib, template.policy.limits.file_count)
        self._used = False
        self._cancelled = False
        self._closed = False

    async def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait for the runner's first frame, which carries descriptors of the jail's places.

        Args:
            seconds: How long.

        Raises:
            SandboxStartError: The jail ended instead.
            SandboxLateError: It took too long.
        """
        with anyio.move_on_after(seconds):
            await anyio.wait_readable(self._pipes.control)
            frame, rights = receive_ready(self._pipes.control)
            if not frame:
                raise SandboxStartError(await self._reason_of_failure(), hint="see `isorun doctor`")
            self._work, self._namespace = _places(frame, rights)
            return
        self._origin.late()
        raise SandboxLateError(f"the jail was not ready within {seconds:g} s", hint="is the machine busy?")

    @override
    def is_alive(self) -> bool:
        is_fresh = not self._used and not self._closed
        return is_fresh and self._child.is_alive and self._origin.is_current()

    @override
    async def run(self, program: Program, policy: Policy, emit: Emit | None) -> Result:
        return await self._run(self._encode(program, policy, emit is not None), program, policy, emit)

    async def _run(self, handover: Handover, program: Program, policy: Policy, emit: Emit | None) -> Result:
        self._used = True
        await self._fit(policy)
        try:
            own_pids = self._origin.own_pids + self.own_pids
            run = Run(self._child, self._pipes, self._origin, policy, own_pids, emit)
        except OSError as error:
            raise SandboxStartError(f"the program cannot be handed over: {error.strerror}") from error
        ended = await run.finish(handover)
        ran = run.elapsed_ms()
        end = run.judge(ended, self._space())
        files = await self._files(program.files, policy)
        self._origin.ended(end.signal)
        path = self.path or self._origin.path
        return run.result(end, ended, self._template, self._capabilities, files, ran, path)

    @override
    def cancel(self) -> bool:
        self._cancelled = True
        self._child.kill("cancelled")
        return True

    @override
    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._let_go()
        try:
            if self._child.is_alive:
                self._child.kill("closed")
                with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                    await self._gone()
        finally:
            self._pipes.close()
            if self._work >= 0:
                os.close(self._work)
            self._origin.closed()

    async def _gone(self) -> None:
        try:
            await self._child.wait()
        except (SandboxStartError, SandboxLostError):
            return  # it never was there, or is gone already

    async def _reason_of_failure(self) -> str:
        try:
            return await self._why_not_started()
        except SandboxLostError as error:  # nothing had been handed over yet
            raise SandboxStartError(str(error), hint=error.hint) from error

    async def _why_not_started(self) -> str:
        with anyio.move_on_after(_FAIL_SECONDS):
            await self._child.wait()
        self._child.kill("closed")  # it gave up its socket, so it has nothing to live for
        ended = await self._child.wait()
        log = read_log(self._pipes)
        reason = ended.failure or log or f"it ended with wait status {ended.wait_status} before it was ready"
        return f"the jail did not start: {reason}"

    async def _fit(self, policy: Policy) -> None:
        """Give the jail what this run may fill, and what it may see: it was started without knowing it."""
        wanted = Fit(self._resize(policy), [(mount.source, mount.target) for mount in policy.mounts])
        try:
            if wanted.disk is not None or wanted.mounts:
                await self._fit_from_inside(wanted)
        except SandboxStartError:
            if not self._cancelled or self._child.is_alive:
                raise  # else how it ended is the result
        finally:
            self._let_go()

    async def _fit_from_inside(self, wanted: Fit) -> None:
        if self._namespace < 0:
            raise SandboxStartError("the disk limit cannot be changed any more")
        with anyio.move_on_after(FIT_SECONDS):
            await self._child.fit(self._namespace, wanted)
            return
        raise SandboxLateError(f"the mounts of the policy were not there within {FIT_SECONDS:g} s")

    def _resize(self, policy: Policy) -> tuple[int, int] | None:
        """Set the size of the working folder; return it if only somebody inside of the jail can do that."""
        wanted = (policy.limits.disk_mib, policy.limits.file_count)
        if wanted == self._size:
            return None
        self._size = wanted
        size = (wanted[0] * _MIB, wanted[1])
        try:
            root = os.open("..", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._work)
            try:
                resize(root, *size)
            finally:
                os.close(root)
        except PermissionError:  # we are an ordinary user
            return size
        except OSError as error:
            raise SandboxStartError(f"the disk limit cannot be set: {error.strerror}") from error
        return None

    def _let_go(self) -> None:
        """Close the jail's mount namespace: the last one who does waits for the kernel to take it apart."""
        if self._namespace >= 0:
            os.close(self._namespace)
            self._namespace = -1

    def _space(self) -> Space:
        status = os.fstatvfs(self._work)
        return Space(status.f_bfree * status.f_frsize, status.f_ffree)

    async def _files(self, inputs: tuple[File, ...], policy: Policy) -> tuple[Artifact, ...]:
        if not inputs and is_empty(self._work):
            return ()
        take = partial(
            collect,
            self._work,
            max_bytes=policy.limits.artifact_mib * _MIB,
            max_count=policy.limits.artifact_count,
            unchanged={file.name: file.data or b"" for file in inputs},
        )
        try:
            return await anyio.to_thread.run_sync(take)
        except OSError as error:  # the host ran out of descriptors, for example
            message = f"the output files cannot be read: {error.strerror}"
            raise SandboxLostError(message, hint="run fewer programs at once", dispatched=True) from error


def read_log(pipes: Pipes) -> str:
    """Return what nsjail has written so far."""
    try:
        return os.read(pipes.log, 4000).decode("utf-8", "replace").strip()
    except OSError:  # nothing yet, or no nsjail
        return ""


def _places(frame: bytes, rights: list[int]) -> tuple[int, int]:
    """Return descriptors of the working folder and of the mount namespace; owned by the caller."""
    try:
        message = decode(frame)
        if isinstance(message, Failed):
            raise SandboxStartError(
                f"the sandbox could not be made: {message.error}", hint="see `isorun doctor`"
            )
        if isinstance(message, Ready) and len(rights) == _PLACES:
            work, namespace = rights
            rights.clear()
            return work, namespace
        raise ProtocolError("the jail did not report ready")
    finally:
        for descriptor in rights:
            os.close(descriptor)


def receive_ready(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Read the first frame with the descriptors that came with it; nothing if the other end is closed."""
    size = array.array("i").itemsize
    try:
        data, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4 * size), socket.MSG_CMSG_CLOEXEC)
    except ConnectionError:
        return b"", []
    rights = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            rights.frombytes(content[: len(content) - len(content) % size])
    # A guest that fails is gone at once, so that its end may have come along.
    end = 4 + int.from_bytes(data[:4], "big")
    return data[4:end], list(rights)
