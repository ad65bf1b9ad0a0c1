"""An engine in another process, for programs that share it with others: what `Engine.connect` returns."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import NamedTuple, Self, override

import anyio
from anyio import AsyncContextManagerMixin
from anyio.abc import TaskGroup

from engine._caller import ANYBODY, Caller
from engine._check import check_batch, check_program
from engine._concurrency import as_stream, in_order
from engine._effective import PolicyLike, PolicySource
from engine._engine import Engine
from engine._exceptions import BackgroundError, ConfigError
from engine._program import Output, Program, Result
from engine._router import TierDecision
from engine._runs import RunInfo
from engine._runtime import Emit
from engine._stats import EngineStats
from engine._tasks import open_tasks
from engine._tiers import TierReport
from policies import Policy

from ._client import Client, connected
from ._messages import (
    Accepted,
    AskRuns,
    AskStats,
    AskTiers,
    CloseSession,
    Done,
    Explain,
    Explained,
    Kill,
    OpenSession,
    ProgramData,
    RunInSession,
    RunProgram,
    Shutdown,
    ToldRuns,
    ToldStats,
    ToldTiers,
)

#: A session ends in milliseconds; as long as an engine takes for that at most.
CLOSE_SECONDS = 10.0


class _Parts(NamedTuple):
    """What an entered engine works with."""

    client: Client
    tasks: TaskGroup


class RemoteEngine(AsyncContextManagerMixin):
    """Runs programs in the background engine of this user; it has the methods of `Engine`.

        async with Engine.connect() as engine:
            result = await engine.run(Program(code="print(1)", language="python"))

    Leaving the block ends what was begun in it, and not the engine. Exceptions are those of `Engine`, and
    `BackgroundError` if there is no such engine or it ends.

    Args:
        policy: Taken when a call names none; None takes the engine's own.
    """

    def __init__(self, policy: PolicyLike | None = None) -> None:
        self._has_policy = policy is not None
        self._policies = PolicySource("default" if policy is None else policy)
        self._parts: _Parts | None = None

    @property
    def pid(self) -> int:
        """Of the engine's process."""
        return self._require_open().client.pid

    async def run(
        self,
        program: Program,
        policy: PolicyLike | None = None,
        *,
        emit: Emit | None = None,
        caller: Caller = ANYBODY,
    ) -> Result:
        """Run a program to its end, as `Engine.run` does.

        Cancelling kills the program, and waits until that is done.

        Args:
            program: What to run; files given by path are read by the engine.
            policy: A policy, the name of a preset, or the path of a TOML file, which is read here.
            emit: Called with each chunk of output as it comes; must not block.
            caller: How pressing it is. Its name is not used: all that one process asks is of one caller.

        Raises:
            BackgroundError: The engine has ended. If the program may have begun, `dispatched` says so.
            EngineError: As for `Engine.run`.
        """
        client = self._require_open().client
        check_program(program)
        make = partial(
            RunProgram,
            program=ProgramData.of(program),
            policy=self._resolved(policy),
            caller=caller,
            want_output=emit is not None,
        )
        return (await client.ask(make, Done, emit=emit)).result

    async def run_many(
        self,
        programs: Iterable[Program],
        policy: PolicyLike | None = None,
        *,
        max_concurrent: int | None = None,
        caller: Caller = ANYBODY,
    ) -> list[Result]:
        """Run programs side by side and return their results in the order given, as `Engine.run_many` does.

        Args:
            programs: What to run.
            policy: For all of them.
            max_concurrent: How many at once; None takes what the engine suggests.
            caller: As for `run`.

        Raises:
            ConfigError: A program cannot be run as it is, or `max_concurrent` is below 1.
            EngineError: As for `run`.
        """
        client = self._require_open().client
        if max_concurrent is not None and max_concurrent < 1:
            raise ConfigError(f"`max_concurrent` must be at least 1, not {max_concurrent}")
        calls = [partial(self.run, program, policy, caller=caller) for program in check_batch(programs)]
        return await in_order(calls, max_concurrent=max_concurrent or client.max_concurrent)

    def stream(
        self, program: Program, policy: PolicyLike | None = None, *, caller: Caller = ANYBODY
    ) -> AsyncGenerator[Output | Result]:
        """Yield output as it comes, and the result last, as `Engine.stream` does.

        Raises:
            EngineError: As for `run`.
        """
        self._require_open()
        return as_stream(
            lambda emit: self.run(program, policy, emit=emit, caller=caller),
            tasks=lambda: self._require_open().tasks,
        )

    @asynccontextmanager
    async def session(
        self, policy: PolicyLike | None = None, *, caller: Caller = ANYBODY
    ) -> AsyncGenerator["RemoteSession"]:
        """Lend a sandbox for several programs that trust each other, as `Engine.session` does.

        Raises:
            PolicyError: The policy is malformed or unknown.
        """
        client = self._require_open().client
        opened = await client.ask(
            partial(OpenSession, policy=self._resolved(policy), caller=caller), Accepted
        )
        try:
            yield RemoteSession(client, opened.id)
        finally:
            with anyio.move_on_after(CLOSE_SECONDS, shield=True), suppress(BackgroundError, ConfigError):
                await client.ask(partial(CloseSession, session=opened.id), Accepted)

    async def explain(self, program: Program, policy: PolicyLike | None = None) -> list[TierDecision]:
        """Say for each runtime why it would be taken or left, in the order in which they are tried.

        Raises:
            EngineError: As for `Engine.explain`.
        """
        client = self._require_open().client
        check_program(program)
        make = partial(Explain, program=ProgramData.of(program), policy=self._resolved(policy))
        return (await client.ask(make, Explained)).decisions

    async def tiers(self) -> list[TierReport]:
        """Prepare all runtimes and say which are available, and why not."""
        return (await self._require_open().client.ask(AskTiers, ToldTiers)).tiers

    async def runs(self) -> list[RunInfo]:
        """Describe the runs in progress, of all clients, the oldest first; asks the engine, so it waits."""
        return (await self._require_open().client.ask(AskRuns, ToldRuns)).runs

    async def stats(self) -> EngineStats:
        """Return the counters of the engine and its pools; asks the engine, so it waits."""
        return (await self._require_open().client.ask(AskStats, ToldStats)).stats

    async def kill(self, run_id: str) -> None:
        """End a run, of whichever client, and wait until it has ended.

        Raises:
            RunNotFoundError: No run in progress of this engine has it.
        """
        await self._require_open().client.ask(partial(Kill, run=run_id), Accepted)

    async def shutdown(self) -> None:
        """Have the engine end, and with it what runs; does not wait for that."""
        await self._require_open().client.ask(Shutdown, Accepted)

    @override
    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with connected() as client, open_tasks() as tasks:
            self._parts = _Parts(client, tasks)
            try:
                yield self
            finally:
                self._parts = None

    def _resolved(self, policy: PolicyLike | None) -> Policy | None:
        """Return a policy as it is read here, where its path has a meaning; None leaves it to the engine."""
        is_left = policy is None and not self._has_policy
        return None if is_left else self._policies.resolve(policy)

    def _require_open(self) -> _Parts:
        if self._parts is None:
            raise BackgroundError(
                "there is no connection to the background engine",
                hint="use it inside `async with Engine.connect() as engine:`",
            )
        return self._parts


type AnyEngine = Engine | RemoteEngine
"""An engine of one's own, or the one in the background: both run programs in the same way."""


class RemoteSession:
    """Runs programs one after the other in a sandbox of its own; `RemoteEngine.session` opens it."""

    def __init__(self, client: Client, number: int) -> None:
        self._client = client
        self._number = number

    async def run(self, program: Program, *, emit: Emit | None = None) -> Result:
        """Run a program to its end, as `Session.run` does; a second caller waits for the first.

        Raises:
            ConfigError: The program cannot be run as it is, or has no runtime with sessions.
            EngineError: As for `RemoteEngine.run`.
        """
        check_program(program)
        make = partial(
            RunInSession,
            session=self._number,
            program=ProgramData.of(program),
            want_output=emit is not None,
        )
        return (await self._client.ask(make, Done, emit=emit)).result
