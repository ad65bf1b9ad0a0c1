"""Several programs in one sandbox: a session is one trust domain, and isolated from everybody else."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import anyio

from policies import Policy

from ._admission import KeptMemory, Turn
from ._caller import Caller
from ._exceptions import ConfigError
from ._pool import Lease, Pool
from ._program import Program, Result
from ._runtime import Emit

#: Takes a program as far as a sandbox is needed, has it run by what is given, and completes the result.
type RunIn = Callable[[Program, Policy, Emit | None, "Session"], Awaitable[Result]]


class Session:
    """Runs programs one after the other in a sandbox of its own; `Engine.session` opens it.

    Files that a program leaves are there for the next one. What a program had in memory is not. After a
    program that had to be killed, that crashed, or that needs another kind of sandbox, the session goes on in
    a new sandbox, without the files.

    Attributes:
        caller: Whose turns its programs take.
        memory: What stays counted while its sandbox lives.
    """

    def __init__(self, policy: Policy, run_in: RunIn, *, memory: KeptMemory, caller: Caller) -> None:
        self.caller = caller
        self.memory = memory
        self._policy = policy
        self._run_in = run_in
        # Protects the sandbox: one program at a time has it.
        self._lock = anyio.Lock(fast_acquire=True)
        self._stack = AsyncExitStack()
        self._pool: Pool | None = None
        self._lease: Lease | None = None
        self._closed = False

    async def run(self, program: Program, *, emit: Emit | None = None) -> Result:
        """Run a program to its end; a second caller waits for the first.

        Cancelling kills the program, and with it the sandbox.

        Args:
            program: What to run.
            emit: Called with each chunk of output as it comes; must not block.

        Raises:
            ConfigError: The program cannot be run as it is, or has no runtime with sessions.
            EngineError: As for `Engine.run`.
        """
        async with self._lock:
            self._require_open()
            try:
                return await self._run_in(program, self._policy, emit, self)
            finally:
                if self._lease is None:
                    self.memory.release()

    async def make_room(self, memory_mib: int) -> None:
        """Give the sandbox back if the next program is counted with more memory than it.

        It is one of another runtime and needs another sandbox anyway. Who waits for memory may hold none.
        """
        if memory_mib > self.memory.mib:
            await self._give_back()
            self.memory.release()

    async def lease(self, pool: Pool, turn: Turn) -> tuple[Lease, bool]:
        """Return the sandbox in use if it is of this pool and fit for more, else a new one; and which."""
        self._require_open()  # while the program waited for its turn, nobody held the session open
        if self._lease is not None and self._pool is pool and self._lease.sandbox.is_reusable():
            return self._lease, False
        turn.wait_for_sandbox()
        await self._give_back()
        stack = AsyncExitStack()
        lease = await stack.enter_async_context(pool.acquire())
        if self._closed:  # meanwhile: nobody will give this one back
            await stack.aclose()
            self._require_open()
        self._stack, self._pool, self._lease = stack, pool, lease
        turn.has_sandbox()
        return lease, True

    async def aclose(self) -> None:
        """End what runs, and give the sandbox back."""
        self._closed = True
        await self._give_back()
        if not self._lock.locked():  # else the memory is in use until the program that runs has ended
            self.memory.release()

    async def _give_back(self) -> None:
        stack, self._stack, self._lease = self._stack, AsyncExitStack(), None
        await stack.aclose()

    def _require_open(self) -> None:
        if self._closed:
            raise ConfigError("the session is closed", hint="open another one")
