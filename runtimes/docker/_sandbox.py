"""One container: it waits for a program, runs it, and is gone."""

import os
import secrets
from typing import Any, override

import anyio

from engine import (
    Program,
    Result,
    Sandbox,
    SandboxLostError,
    SandboxStartError,
    Template,
)
from engine._process import Child, Ended
from engine._runtime import Emit
from engine._tasks import open_tasks
from policies import Policy

from ._container import limits_of
from ._daemon import Attached, Daemon, DaemonError
from ._daemon_check import NEEDED_HINT
from ._frames import Frames
from ._handover import READY, encode
from ._languages import LANGUAGES, file_name
from ._remover import Remover
from ._run import ContainerRun, End

START_SECONDS = 30.0
#: The warden has killed it by then, or something hangs in the kernel.
CLOSE_SECONDS = 8.0
#: The daemon takes note of an end in tens of milliseconds.
_END_SECONDS = 30.0
#: The streams of a container are closed some time after its end.
_LATE_SECONDS = 2.0
#: A signal ended it: this and its number.
_SIGNAL_CODE = 128
_STDERR_BYTES = 2000


class DockerSandbox(Sandbox):
    """A started container that waits for one program.

    Args:
        template: What it was started with.
        oci_runtime: What runs it.
        name: Of the container.
        daemon: That has it.
        attached: Its streams: owned from here on.
        child: Its guard.
        remover: Removes it.
    """

    def __init__(
        self,
        template: Template,
        oci_runtime: str,
        name: str,
        daemon: Daemon,
        attached: Attached,
        child: Child,
        remover: Remover,
    ) -> None:
        self._template = template
        self._oci_runtime = oci_runtime
        self._name = name
        self._daemon = daemon
        self._attached = attached
        self._child = child
        self._remover = remover
        self._used = False
        self._closed = False

    @override
    def is_alive(self) -> bool:
        return not self._used and not self._closed and self._child.is_alive

    @override
    async def run(self, program: Program, policy: Policy, emit: Emit | None) -> Result:
        self._used = True
        await self._fit(policy)
        mark = f"isorun-{secrets.token_hex(16)}"
        language = LANGUAGES[program.language]
        handover = encode(
            program,
            policy,
            mark=mark,
            file_name=file_name(language, program.code),
            command=language.command,
            env=language.env,
        )
        inputs = {file.name: file.data or b"" for file in program.files}
        run = ContainerRun(self._child, mark.encode() + b" ", policy, inputs, emit)
        limits = policy.limits
        await self._child.arm(None, wall_seconds=limits.wall_seconds, cpu_seconds=limits.cpu_seconds)
        async with open_tasks() as tasks:
            tasks.start_soon(self._attached.send, handover)
            while not run.is_over and (data := await self._attached.receive()):
                run.feed(data)
            tasks.cancel_scope.cancel()
        ended = await self._ended()
        end = await self._end(ended, run)
        return run.result(ended, end, self._template, self._oci_runtime)

    @override
    def cancel(self) -> bool:
        self._child.kill("cancelled")
        return True

    @override
    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            if self._child.is_alive:
                self._child.kill("closed")
                with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                    await self._gone()
        finally:
            self._remover.remove(self._name)
            with anyio.CancelScope(shield=True):
                await self._attached.aclose()

    async def _fit(self, policy: Policy) -> None:
        """Set limits that differ from those it waits with.

        Raises:
            SandboxStartError: The daemon refuses.
        """
        limits = limits_of(policy.limits)
        if limits == limits_of(self._template.policy.limits):
            return
        try:
            await self._daemon.update(self._name, limits)
        except DaemonError as error:
            raise SandboxStartError(f"the limits cannot be set: {error}", hint="try again") from error

    async def _ended(self) -> Ended:
        """Wait for the end of a container that has said its last word, or whose streams are closed.

        Raises:
            SandboxLostError: It cannot be ended: the daemon is gone, and we may not kill it ourselves.
        """
        with anyio.move_on_after(_LATE_SECONDS):
            return await self._child.wait()
        self._child.kill("protocol")  # the daemon is gone, and it would run on unseen
        with anyio.move_on_after(CLOSE_SECONDS):
            return await self._child.wait()
        message = f"the container `{self._name}` runs on, and its daemon does not answer"
        raise SandboxLostError(message, hint="start the daemon again", dispatched=True)

    async def _end(self, ended: Ended, run: ContainerRun) -> End:
        """Return how it ended.

        The kernel says the same as the daemon forty milliseconds sooner, if it is new enough, and if the
        counters were read before the daemon removed them.
        """
        if run.is_over and ended.wait_status >= 0 and ended.peak_bytes is not None:
            return End(_exit_code(ended.wait_status), ended.oom_kills > 0)
        state = await self._state(has_begun=run.has_begun)
        return End(int(state["ExitCode"]), bool(state.get("OOMKilled")))

    async def _state(self, *, has_begun: bool) -> dict[str, Any]:
        """Return how it ended, in the words of the daemon."""
        try:
            with anyio.fail_after(_END_SECONDS):
                await self._daemon.wait(self._name)
                return dict((await self._daemon.inspect(self._name))["State"])
        except (DaemonError, TimeoutError) as error:
            gone = isinstance(error, DaemonError) and error.status == 404
            what = "the container was removed by somebody else" if gone else f"the daemon was lost: {error}"
            raise SandboxLostError(
                what, hint="see what else uses the daemon", dispatched=has_begun
            ) from error

    async def _gone(self) -> None:
        try:
            await self._child.wait()
        except (SandboxStartError, SandboxLostError):
            return  # it never was there, or is gone already


def _exit_code(wait_status: int) -> int:
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else _SIGNAL_CODE - code


async def wait_ready(attached: Attached, image: str) -> None:
    """Wait until a container that was started says that it waits for its program.

    Raises:
        SandboxStartError: It ended instead, or takes too long.
    """
    frames, said = Frames(), {"stdout": b"", "stderr": b""}
    with anyio.move_on_after(START_SECONDS):
        while data := await attached.receive():
            for stream, piece in frames.feed(data):
                said[stream] = (said[stream] + piece)[:_STDERR_BYTES]
            if said["stdout"] == READY:
                return
        text = said["stderr"].decode("utf-8", "replace").strip() or "it ended without a word"
        raise SandboxStartError(f"a container of `{image}` did not start: {text}", hint=NEEDED_HINT)
    raise SandboxStartError(
        f"a container was not ready within {START_SECONDS:g} s", hint="is the machine busy?"
    )
