"""Fakes for tests of code that uses the engine: no process, no clock, nothing to install.

runtime = FakeRuntime(behaviour=prints(b"hello"))
async with Engine(EngineConfig(), runtimes=[runtime]) as engine:
    result = await engine.run(Program(code="anything"))
"""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar, override

import anyio
from anyio.lowlevel import checkpoint

import policies
from policies import Policy

from ._exceptions import RuntimeUnavailableError, SandboxLostError
from ._program import ErrorInfo, Output, Program, Reason, Result, Status, Timing
from ._runtime import Capabilities, Compiled, Emit, Runtime, Sandbox, Template, isolation_of

type Behaviour = Callable[["FakeSandbox", Program, Policy, Emit | None], Awaitable[Result]]
"""What a fake sandbox does with a program."""


class FakeSandbox(Sandbox):
    """A sandbox that follows its behaviour and records what happens to it.

    Attributes:
        template: What it was started with.
        programs: Programs that it was given, in order.
        policies: The policy of each.
        running: Set when the first program has been handed over.
        closed: Set by `aclose`.
        close_error: Raised by `aclose` when set.
        close_gate: `aclose` waits for this event when set.
        lies: Says that it is alive when it is dead.
    """

    def __init__(self, template: Template, behaviour: Behaviour, *, checkpoints: int = 0) -> None:
        self.template = template
        self.programs: list[Program] = []
        self.policies: list[Policy] = []
        self.running = anyio.Event()
        self.closed = anyio.Event()
        self.close_error: Exception | None = None
        self.close_gate: anyio.Event | None = None
        self.lies = False
        self._behaviour = behaviour
        self._checkpoints = checkpoints
        self._scope = anyio.CancelScope()
        self._written: list[Output] = []
        self._dead = False
        self._reusable = False

    def die(self) -> None:
        """Be dead from here on, as if the process had been killed."""
        self._dead = True

    @override
    async def run(self, program: Program, policy: Policy, emit: Emit | None) -> Result:
        self.programs.append(program)
        self.policies.append(policy)
        self.running.set()
        if self._dead or self.closed.is_set():
            raise SandboxLostError("the fake sandbox is dead")
        self._written = []
        with anyio.CancelScope() as self._scope:
            await _pass(self._checkpoints)
            return await self._behaviour(self, program, policy, partial(self._write, emit))
        return self._cancelled()

    @override
    def cancel(self) -> bool:
        self._scope.cancel()
        return True

    @override
    async def run_one_of_many(self, program: Program, policy: Policy, emit: Emit | None) -> Result:
        self._reusable = False
        result = await self.run(program, policy, emit)
        self._reusable = result.status in (Status.OK, Status.ERROR)
        return result

    @override
    def is_reusable(self) -> bool:
        return self._reusable and self.is_alive()

    @override
    def is_alive(self) -> bool:
        return self.lies or not (self._dead or self.closed.is_set())

    def _write(self, emit: Emit | None, output: Output) -> None:
        self._written.append(output)
        if emit is not None:
            emit(output)

    def _cancelled(self) -> Result:
        """Return what a run gives that was ended by `cancel`: what its behaviour has emitted."""
        return Result(
            status=Status.CANCELLED,
            reason=Reason.CANCELLED,
            stdout_bytes=b"".join(output.data for output in self._written if output.stream == "stdout"),
            stderr_bytes=b"".join(output.data for output in self._written if output.stream == "stderr"),
            isolation=isolation_of(self.template, path="cold"),
        )

    @override
    async def aclose(self) -> None:
        if self.close_gate is not None:
            await self.close_gate.wait()
        await _pass(self._checkpoints)
        self.closed.set()
        if self.close_error is not None:
            raise self.close_error


def prints(
    stdout: bytes = b"",
    stderr: bytes = b"",
    *,
    status: Status = Status.OK,
    error: ErrorInfo | None = None,
    timing: Timing | None = None,
) -> Behaviour:
    """Write the bytes, then end with the status."""

    async def behave(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        for stream, data in (("stdout", stdout), ("stderr", stderr)):
            if data and emit is not None:
                emit(Output(stream=stream, data=data))
        await checkpoint()
        return Result(
            status=status,
            reason=Reason.EXIT_ZERO if status is Status.OK else Reason.EXIT_NONZERO,
            exit_code=0 if status is Status.OK else 1,
            stdout_bytes=stdout,
            stderr_bytes=stderr,
            error=error,
            timing=timing or Timing(),
            isolation=isolation_of(sandbox.template, path="cold"),
        )

    return behave


async def hangs(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
    """Run until cancelled or closed from outside."""
    await sandbox.closed.wait()
    raise SandboxLostError("the fake sandbox was closed under its program", dispatched=True)


async def dies(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
    """Vanish while the program runs."""
    sandbox.die()
    await checkpoint()
    raise SandboxLostError("the fake sandbox died", dispatched=True)


class FakeRuntime(Runtime):
    """A runtime that starts fake sandboxes. Subclass it to change `name`, `weight` or `strength`.

    Args:
        behaviour: What its sandboxes do with a program.
        capabilities: What it claims to enforce.
        unavailable: Why it is not available; empty when it is.
        checkpoints: How many times each start, run and close lets other tasks run.
        sandbox: What it starts.

    Attributes:
        sandboxes: All that were started, in order.
        prepared: How many times `prepare` was called.
        start_errors: Each is raised by one start, in order, before starts succeed; None succeeds.
        start_gate: Starts wait for this event when set.
        advice: What `hint` says about any result.
        objections: What `objection` says about a program with that code.
        compiled: What `compile` gives for a program with that code.
        compile_gate: Compiling waits for this event when set.
        closed: Whether the runtime was closed.
    """

    name: ClassVar[str] = "fake"
    weight: ClassVar[int] = 10
    strength: ClassVar[int] = 10

    def __init__(
        self,
        *,
        behaviour: Behaviour | None = None,
        capabilities: Capabilities | None = None,
        unavailable: str = "",
        checkpoints: int = 0,
        sandbox: type[FakeSandbox] = FakeSandbox,
    ) -> None:
        self.sandboxes: list[FakeSandbox] = []
        self.prepared = 0
        self.start_errors: deque[Exception | None] = deque()
        self.start_gate: anyio.Event | None = None
        self.advice: str | None = None
        self.objections: dict[str | bytes, str] = {}
        self.compiled: dict[str | bytes, Compiled] = {}
        self.compile_gate: anyio.Event | None = None
        self.closed = False
        self._behaviour = behaviour or prints()
        self._capabilities = capabilities or Capabilities(languages=frozenset({"python"}))
        self._unavailable = unavailable
        self._checkpoints = checkpoints
        self._sandbox = sandbox

    @property
    def live(self) -> int:
        """How many of its sandboxes are not closed."""
        return sum(not sandbox.closed.is_set() for sandbox in self.sandboxes)

    @override
    async def prepare(self) -> None:
        self.prepared += 1
        await checkpoint()
        if self._unavailable:
            raise RuntimeUnavailableError(self._unavailable, hint=f"install `{self.name}`")

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @override
    def objection(self, program: Program, policy: Policy) -> str | None:
        return self.objections.get(program.code)

    @override
    async def compile(self, program: Program, policy: Policy) -> Compiled | None:
        if self.compile_gate is not None:
            await self.compile_gate.wait()
        return self.compiled.get(program.code)

    @override
    def template(self, program: Program, policy: Policy) -> Template:
        key = (program.environment, *policies.key(policy))
        return Template(runtime=self.name, key=key, policy=policy, environment=program.environment)

    @override
    async def start(self, template: Template) -> FakeSandbox:
        if self.start_gate is not None:
            await self.start_gate.wait()
        await _pass(self._checkpoints)
        error = self.start_errors.popleft() if self.start_errors else None
        if error is not None:
            raise error
        sandbox = self._sandbox(template, self._behaviour, checkpoints=self._checkpoints)
        self.sandboxes.append(sandbox)
        return sandbox

    @override
    def hint(self, result: Result, program: Program) -> str | None:
        return self.advice

    @override
    async def aclose(self) -> None:
        self.closed = True


async def _pass(checkpoints: int) -> None:
    for _ in range(checkpoints):
        await checkpoint()
