"""Run programs: choose the runtime, lease a sandbox, hand the program over, say what happened."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self, override

from anyio import AsyncContextManagerMixin, Event, move_on_after
from anyio.abc import TaskGroup

from policies import Policy

from ._admission import Admission, KeptMemory, Turn
from ._caller import ANYBODY, Caller
from ._check import check_batch, check_program
from ._completion import Call, Ran, completed, not_run, outcome
from ._concurrency import as_stream, in_order
from ._config import EngineConfig, load_config
from ._control import open_listener, serve
from ._effective import PolicyLike, PolicySource
from ._exceptions import ConfigError, PoolClosedError, SandboxLostError
from ._host import open_host
from ._inputs import load_files
from ._latency import Latency
from ._needs import memory_compiled, memory_of_run, memory_of_session
from ._pool import Pool
from ._pools import Pools
from ._program import Output, Program, Result
from ._registry import discover
from ._router import TierDecision
from ._runs import Run, RunInfo, Runs
from ._runtime import Emit, Runtime
from ._session import Session
from ._stats import EngineStats
from ._tasks import open_tasks
from ._tiers import Chosen, Tier, TierReport, Tiers

if TYPE_CHECKING:
    from .background._remote import RemoteEngine

# A cancelled run ends in milliseconds; its pool gives up on a sandbox that cannot be closed after 5 s.
CLOSE_SECONDS = 10.0


class _Parts(NamedTuple):
    """What an open engine works with."""

    tiers: Tiers
    pools: Pools
    tasks: TaskGroup

    def pool_of(self, call: Call, policy: Policy) -> Pool:
        """Return the pool of sandboxes that fit a program."""
        runtime = call.chosen.runtime
        return self.pools.get(runtime, runtime.template(call.ready, policy))


class Engine(AsyncContextManagerMixin):
    """Runs programs in the lightest isolation that satisfies a policy.

        async with Engine() as engine:
            result = await engine.run(Program(code="print(1)", language="python"))

    Leaving the block ends every run in progress and leaves nothing behind. An engine is opened once.

    Args:
        config: Settings; None reads the user's own (see `load_config`).
        policy: Taken when a call names none; None takes `config.policy`.
        ceiling: What no run may exceed, whatever policy it names.
        runtimes: Taken instead of the installed ones, and closed with the engine.

    Raises:
        ConfigError: The configuration is malformed.
        PolicyError: The default policy or the ceiling is.
    """

    def __init__(
        self,
        config: EngineConfig | None = None,
        *,
        policy: PolicyLike | None = None,
        ceiling: PolicyLike | None = None,
        runtimes: Sequence[Runtime] | None = None,
    ) -> None:
        self._config = load_config() if config is None else config
        self._policies = PolicySource(self._config.policy if policy is None else policy, ceiling)
        self._given_runtimes = runtimes
        self._runs = Runs()
        self._admission = Admission(self._config.admission)
        self._latency = Latency()
        self._parts: _Parts | None = None
        self._lost = Event()
        self._is_open = False

    @classmethod
    def connect(cls, *, policy: PolicyLike | None = None) -> "RemoteEngine":
        """Return the engine that runs in the background, to be used like an own one.

            async with Engine.connect() as engine:
                result = await engine.run(program)

        `isorun up` starts it, and all programs of this user share its waiting sandboxes.

        Args:
            policy: Taken when a call names none; None takes that engine's own.

        Raises:
            PolicyError: The policy is malformed or unknown.
        """
        from .background._remote import RemoteEngine  # most engines are in their own process

        return RemoteEngine(policy)

    async def run(
        self,
        program: Program,
        policy: PolicyLike | None = None,
        *,
        emit: Emit | None = None,
        caller: Caller = ANYBODY,
    ) -> Result:
        """Run a program to its end, after compiling it where that is needed.

        A program that fails or does not compile is a result, never an exception.

        Cancelling kills the program at once. One that is ended by `kill` is a result.

        Args:
            program: What to run.
            policy: A policy, the name of a preset, or the path of a TOML file.
            emit: Called with each chunk of output as it comes; must not block.
            caller: Whose turn it is while not all can run at once.

        Raises:
            ConfigError: The program cannot be run as it is, or may have more memory than all together.
            PolicyError: The policy is malformed or unknown.
            PolicyUnsupportedError: No runtime can enforce it for this program.
            RuntimeUnavailableError: The runtime that would do it is not available.
            PoolFullError: Too many wait for their turn, or this one's would come too late.
            PoolError: Its turn did not come in time, or no sandbox could be leased.
            SandboxError: The sandbox failed for a reason that is not the program's.
        """
        parts = self._require_open()
        with self._runs.track() as run:
            effective = self._policies.resolve(policy)
            chosen = await self._chosen(program, effective, run)
            needed = memory_of_run(
                program, effective, chosen.able, budget_mib=self._admission.gate.budget_mib
            )
            async with self._admission.turn(caller, needed) as turn:
                call = await _compiled(chosen, program, effective, run)
                if call.failure is None:
                    once = partial(
                        _ran_once, parts.pool_of(call, effective), call, effective, emit, run, turn
                    )
                    run.result = self._completed(call, await _ran(once, run), turn)
                else:
                    run.result = not_run(call, call.failure, emit)
        return outcome(run)

    @asynccontextmanager
    async def session(
        self, policy: PolicyLike | None = None, *, caller: Caller = ANYBODY
    ) -> AsyncGenerator[Session]:
        """Lend a sandbox for several programs that trust each other.

            async with engine.session() as session:
                first = await session.run(program)
                second = await session.run(program)

        It is faster than a sandbox for each, and isolated from everybody else as any other. Each of its
        programs waits for a turn; between them its memory stays counted, as that of a program that runs.

        Args:
            policy: A policy, the name of a preset, or the path of a TOML file, for all of the programs.
            caller: Whose turns they are.

        Raises:
            PolicyError: The policy is malformed or unknown.
        """
        self._require_open()
        memory = KeptMemory(self._admission.gate)
        session = Session(self._policies.resolve(policy), self._run_in_session, memory=memory, caller=caller)
        try:
            yield session
        finally:
            with move_on_after(CLOSE_SECONDS, shield=True):
                await session.aclose()

    async def _run_in_session(
        self, program: Program, policy: Policy, emit: Emit | None, session: Session
    ) -> Result:
        parts = self._require_open()
        with self._runs.track() as run:
            chosen = await self._chosen(program, policy, run)
            if program.language not in chosen.able.sessions:
                raise ConfigError(
                    f"`{chosen.runtime.name}` has no sessions for `{program.language}`",
                    hint="use `Engine.run`, which takes a fresh sandbox each time",
                )
            needed = memory_of_session(policy, chosen.able, budget_mib=self._admission.gate.budget_mib)
            await session.make_room(needed)
            async with self._admission.turn(session.caller, needed, session.memory) as turn:
                call = await _compiled(chosen, program, policy, run)
                if call.failure is None:
                    pool = parts.pool_of(call, policy)
                    once = partial(_ran_in_session, session, pool, call, policy, emit, run, turn)
                    run.result = self._completed(call, await _ran(once, run), turn)
                else:
                    run.result = not_run(call, call.failure, emit)
        return outcome(run)

    async def _chosen(self, program: Program, policy: Policy, run: Run) -> Chosen:
        """Take a program as far as its turn is needed."""
        check_program(program)
        run.language = program.language
        chosen = run.chosen = await self._require_open().tiers.choose(program, policy)
        run.state = "queued"
        return chosen

    def _completed(self, call: Call, ran: Ran, turn: Turn) -> Result:
        """Return the result of a program that ran, and count how long it took."""
        result = completed(call, ran)
        self._latency.record(
            result.isolation.runtime,
            result.isolation.path,
            wait_ms=(turn.waited_seconds + ran.granted_at - call.compiled_at) * 1000.0,
            total_ms=result.timing.total,
        )
        return result

    async def run_many(
        self,
        programs: Iterable[Program],
        policy: PolicyLike | None = None,
        *,
        max_concurrent: int | None = None,
        caller: Caller = ANYBODY,
    ) -> list[Result]:
        """Run programs side by side and return their results in the order given.

        All are checked before the first starts. A failure of the host in one of them cancels the others and
        is raised; programs that fail are results as always.

        Args:
            programs: What to run.
            policy: For all of them.
            max_concurrent: How many at once; None takes the size of a pool. No more are begun than can have
                a turn, so a batch is not refused for its own length.
            caller: Whose turns they are.

        Raises:
            ConfigError: A program cannot be run as it is, or `max_concurrent` is below 1.
            EngineError: As for `run`.
        """
        if max_concurrent is not None and max_concurrent < 1:
            raise ConfigError(f"`max_concurrent` must be at least 1, not {max_concurrent}")
        calls = [partial(self.run, program, policy, caller=caller) for program in check_batch(programs)]
        wanted = max_concurrent or self._config.pool.max_size
        return await in_order(calls, max_concurrent=min(wanted, self._most_at_once(policy)))

    def _most_at_once(self, policy: PolicyLike | None) -> int:
        """Return how many runs of a batch to begin at once, so that all find turns, or places in line."""
        effective = self._policies.resolve(policy)
        compiled = memory_compiled(effective, budget_mib=self._admission.gate.budget_mib)
        most_in_line = self._admission.at_once(compiled) + self._config.admission.max_waiting
        return min(self._admission.at_once(effective.limits.memory_mib), most_in_line)

    def stream(
        self, program: Program, policy: PolicyLike | None = None, *, caller: Caller = ANYBODY
    ) -> AsyncGenerator[Output | Result]:
        """Yield output as it comes, and the result last.

            async for event in engine.stream(program):
                match event: ...

        Leaving the loop early kills the program. How soon is up to the event loop, unless the stream is
        closed explicitly: `async with aclosing(engine.stream(program)) as events:`.

        Raises:
            EngineError: As for `run`.
        """
        self._require_open()
        return as_stream(
            lambda emit: self.run(program, policy, emit=emit, caller=caller),
            tasks=lambda: self._require_open().tasks,
        )

    def runs(self) -> list[RunInfo]:
        """Describe the runs in progress, the oldest first; cheap."""
        return self._runs.infos()

    async def kill(self, run_id: str) -> None:
        """End a run and wait until it has ended; other runs are not touched.

        Who started it gets a result with the status `cancelled`, and with what the program had written, not
        an exception.

        Args:
            run_id: As in `RunInfo.id`.

        Raises:
            RunNotFoundError: No run in progress of this engine has it.
        """
        self._require_open()
        await self._runs.kill(run_id)

    async def wait_lost(self) -> None:
        """Wait until nothing can be run any more, because the process that guards all sandboxes has died.

        Each run raises from then on, and a new engine is needed. With runtimes of one's own, that is never.
        """
        self._require_open()
        await self._lost.wait()

    async def explain(self, program: Program, policy: PolicyLike | None = None) -> list[TierDecision]:
        """Say for each runtime why it would be taken or left, in the order in which they are tried.

        Prepares all runtimes and runs nothing.

        Raises:
            ConfigError: The program cannot be run as it is.
            PolicyError: The policy is malformed or unknown.
        """
        parts = self._require_open()
        effective = self._policies.resolve(policy)
        check_program(program)
        return await parts.tiers.explain(program, effective)

    async def tiers(self) -> list[TierReport]:
        """Prepare all runtimes and say which are available, and why not."""
        return await self._require_open().tiers.report()

    def stats(self) -> EngineStats:
        """Return the counters of the engine and its pools; cheap, and still there after closing."""
        return EngineStats(
            active=self._runs.active,
            finished={status.value: count for status, count in self._runs.finished.items()},
            failed=self._runs.failed,
            pools=() if self._parts is None else self._parts.pools.stats(),
            admission=self._admission.stats(),
            paths=self._latency.stats(),
        )

    @override
    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        if self._parts is not None:
            raise PoolClosedError("this engine was closed", hint="an engine is opened once; make a new one")
        with open_listener() as listener:
            async with self._open_tiers() as tiers, open_tasks() as tasks:
                self._parts = _Parts(tiers, Pools(self._config.pool, tasks=tasks), tasks)
                self._is_open = True
                if listener is not None:
                    tasks.start_soon(serve, listener, self)
                try:
                    yield self
                finally:
                    await self._close(self._parts)

    @asynccontextmanager
    async def _open_tiers(self) -> AsyncGenerator[Tiers]:
        if self._given_runtimes is not None:
            yield Tiers(map(Tier.of, self._given_runtimes))
            return
        async with open_host(self._config) as host:
            self._lost = host.warden.lost
            yield Tiers(discover(host))

    async def _close(self, parts: _Parts) -> None:
        """End runs before sandboxes, sandboxes before runtimes; each step is shielded and bounded."""
        self._is_open = False
        self._admission.close()
        with move_on_after(CLOSE_SECONDS, shield=True):
            await self._runs.aclose()
        await parts.pools.aclose()
        await parts.tiers.aclose()

    def _require_open(self) -> _Parts:
        if self._parts is None or not self._is_open:
            raise PoolClosedError(
                "the engine is not open", hint="use it inside `async with Engine() as engine:`"
            )
        return self._parts


async def _compiled(chosen: Chosen, program: Program, policy: Policy, run: Run) -> Call:
    """Take a program that has its turn as far as a sandbox is needed."""
    run.state = "starting"
    program = await load_files(program, policy.limits)
    run.state = "compiling"
    compiled = await chosen.runtime.compile(program, policy)
    run.state = "waiting"
    return Call(program, chosen, run.called_at, compiled, time.monotonic())


async def _ran(once: Callable[[], Awaitable[Ran]], run: Run) -> Ran:
    """Run a program in a sandbox.

    One that was killed while it waited is seen to be gone when it is given the program, at the latest. The
    program has not begun then, and gets another one, once.
    """
    try:
        return await once()
    except SandboxLostError as error:
        if error.dispatched:
            raise
        run.leave()
        return await once()


async def _ran_once(pool: Pool, call: Call, policy: Policy, emit: Emit | None, run: Run, turn: Turn) -> Ran:
    turn.wait_for_sandbox()
    async with pool.acquire() as lease:
        turn.has_sandbox()
        run.enter(lease.sandbox)
        given_at = time.monotonic()
        raw = await lease.sandbox.run(call.ready, policy, emit)
    return Ran(raw, lease.warm, lease.granted_at, given_at)


async def _ran_in_session(
    session: Session, pool: Pool, call: Call, policy: Policy, emit: Emit | None, run: Run, turn: Turn
) -> Ran:
    lease, is_new = await session.lease(pool, turn)
    run.enter(lease.sandbox)
    given_at = time.monotonic()
    raw = await lease.sandbox.run_one_of_many(call.ready, policy, emit)
    return Ran(raw, lease.warm or not is_new, lease.granted_at if is_new else given_at, given_at)
