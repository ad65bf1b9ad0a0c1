"""Who gets a module for a program: from the store, or by a build, of which there are few at once."""

from collections.abc import Awaitable, Callable

import anyio
import msgspec
from anyio.abc import TaskGroup

from engine import Compiled, Program, Reason, Result, Stage, Status
from policies import Policy
from runtimes.jails import failure_of, said, stage_of, stage_policy

from ._build import Source, built_of, failure
from ._store import Built, Store

#: Builds side by side: each keeps one core busy.
_MAX_BUILDS = 2

#: Runs a build in a jail of its own.
type RunJail = Callable[[Source, Policy], Awaitable[Result]]


class Builder:
    """Compiles programs, each source once.

    Args:
        store: Where modules are kept.
        run_jail: Runs a build.
        tasks: Where modules are written to disk, while their program runs already.
    """

    def __init__(self, store: Store, run_jail: RunJail, tasks: TaskGroup) -> None:
        self._store = store
        self._run_jail = run_jail
        self._tasks = tasks
        self._under_way: dict[str, anyio.Event] = {}
        self._limiter = anyio.CapacityLimiter(_MAX_BUILDS)

    async def compile(self, source: Source, name: str, policy: Policy) -> Compiled:
        """Return what came of a source, whose content is named `name`."""
        while (built := await self._stored(name)) is None and name in self._under_way:
            await self._under_way[name].wait()
        if built is not None:
            return _cached(source.program, built)
        self._under_way[name] = anyio.Event()
        try:
            async with self._limiter:
                return await self._build(source, name, policy)
        finally:
            self._under_way.pop(name).set()

    async def _stored(self, name: str) -> Built | None:
        held = self._store.held(name)
        if held is not None:
            return held
        loaded = await anyio.to_thread.run_sync(self._store.load, name)
        return loaded or self._store.held(name)  # by somebody who was done meanwhile

    async def _build(self, source: Source, name: str, policy: Policy) -> Compiled:
        result = await self._run_jail(source, stage_policy(policy.compile))
        stage = stage_of(result, said(result))
        if not result.ok:
            return Compiled(program=source.program, stage=stage, failure=failure(result, source))
        outputs = built_of(result)
        if outputs is None:
            return _too_large(source.program, result)
        module, built = outputs
        self._store.hold(name, built)
        self._tasks.start_soon(self._save, name, module, built)
        return _compiled(source.program, built, stage)

    async def _save(self, name: str, module: bytes, built: Built) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._store.save, name, module, built)


def _cached(program: Program, built: Built) -> Compiled:
    return _compiled(program, built, Stage(status=Status.OK, output=built.output, cached=True))


def _compiled(program: Program, built: Built, stage: Stage) -> Compiled:
    return Compiled(program=msgspec.structs.replace(program, code=built.code), stage=stage)


def _too_large(program: Program, result: Result) -> Compiled:
    """A module that was built and cannot be handed over."""
    text = "error: the module is too large to be run here\n"
    failed = msgspec.structs.replace(result, status=Status.DISK, reason=Reason.FILE_SIZE)
    return Compiled(program=program, stage=stage_of(failed, text), failure=failure_of(failed, text))
