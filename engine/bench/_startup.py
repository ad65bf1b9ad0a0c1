"""From the request to the first byte and to the result, by each way to a sandbox.

- `first`: an engine is opened for this run; opening it counts. It has what is on the disk, and in its cache.
- `cold`, `snapshot`, `fork`: the engine is open, and no sandbox waits. One is started for the program.
- `warm`: a sandbox waits. It is used once, and the next is ready before the next run.
- `session`: the sandbox has run programs of the same session before.
"""

import time
from contextlib import AsyncExitStack
from functools import partial

import anyio
import msgspec

from engine._config import PoolConfig
from engine._engine import Engine
from engine._exceptions import EngineError
from engine._program import Result
from engine._runtime import Emit

from ._turns import Series, Timed, by_engine, in_turns, timed, until_ready
from ._workbench import ON_DEMAND, Subject, Workbench
from ._works import Work, nothing, works

KEPT_READY = PoolConfig(warm=1, max_warm=1)


async def startup(bench: Workbench, subject: Subject) -> None:
    """Measure all ways of a runtime."""
    all_works = works(subject, bench.packages.get(subject.language))
    few_works = all_works[:1] if bench.plan.quick else all_works
    await _first(bench, subject)
    seen: set[str] = set()
    for fork in (False, True):
        await _on_demand(bench, subject, few_works, seen, fork=fork)
    await _kept_ready(bench, subject, all_works)
    if subject.language in subject.able.sessions:
        await _session(bench, subject)


async def _first(bench: Workbench, subject: Subject) -> None:
    work = nothing(subject)
    bench.say(f"startup: {subject.name}, first, {work.variant}")
    run = partial(_first_run, bench, work)
    settled = partial(anyio.sleep, bench.plan.settle_seconds)
    series = await in_turns(bench, run, settled, path=None, runs=bench.plan.first_runs)
    _keep(bench, subject, work, series, "first")


async def _first_run(bench: Workbench, work: Work) -> Timed:
    """Open an engine and run in it. How it is closed is not measured."""
    async with AsyncExitStack() as stack:

        async def opened(emit: Emit) -> Result:
            engine = await stack.enter_async_context(bench.engine(ON_DEMAND))
            return await engine.run(work.program, work.policy, emit=emit)

        done = await timed(opened)
        work.checked(done.result)
        return done


async def _on_demand(
    bench: Workbench, subject: Subject, all_works: list[Work], seen: set[str], *, fork: bool
) -> None:
    """Measure sandboxes that are started for their program; without forks, or where there are, with them."""
    pool = msgspec.structs.replace(ON_DEMAND, fork=fork)
    async with bench.engine(pool) as engine:
        work = nothing(subject)
        result = work.checked(await engine.run(work.program, work.policy))
        path = result.isolation.path
        if path in seen:
            if result.isolation.fallback:
                bench.note(subject.name, f"nothing is forked: {result.isolation.fallback}")
            return
        seen.add(path)
        for number, work in enumerate(all_works):
            warm_up = bench.plan.warm_up - (number == 0)  # the run above was one
            await _series(bench, subject, engine, work, path=path, warm_up=warm_up)


async def _kept_ready(bench: Workbench, subject: Subject, all_works: list[Work]) -> None:
    async with bench.engine(KEPT_READY) as engine:
        begin = time.monotonic()
        await _series(bench, subject, engine, all_works[0], path="warm", warm_up=bench.plan.warm_up)
        if time.monotonic() - begin > bench.plan.slow_seconds:
            names = ", ".join(work.variant for work in all_works[1:])
            bench.note(subject.name, f"startup, warm: too slow to measure {names} in a minute")
            return
        for work in all_works[1:]:
            await _series(bench, subject, engine, work, path="warm", warm_up=bench.plan.warm_up)


async def _series(
    bench: Workbench, subject: Subject, engine: Engine, work: Work, *, path: str, warm_up: int
) -> None:
    """Measure a program in an open engine; what cannot be measured becomes a note."""
    bench.say(f"startup: {subject.name}, {path}, {work.variant}")
    idle = 1 if path == "warm" else 0
    try:
        for _ in range(warm_up):
            work.checked(await engine.run(work.program, work.policy))
        run = partial(_run, engine, work)
        series = await in_turns(
            bench, run, partial(until_ready, engine, idle), path=path, runs=bench.plan.runs
        )
    except EngineError as error:
        bench.note(subject.name, f"startup, {path}, {work.variant}: {error}")
        return
    _keep(bench, subject, work, series, path)


async def _run(engine: Engine, work: Work) -> Timed:
    done = await timed(by_engine(engine, work.program, work.policy))
    work.checked(done.result)
    return done


async def _session(bench: Workbench, subject: Subject) -> None:
    work = nothing(subject)
    bench.say(f"startup: {subject.name}, session, {work.variant}")
    async with bench.engine(ON_DEMAND) as engine, engine.session(work.policy) as session:

        async def run() -> Timed:
            done = await timed(lambda emit: session.run(work.program, emit=emit))
            work.checked(done.result)
            return done

        for _ in range(bench.plan.warm_up):
            await run()
        settled = partial(anyio.sleep, bench.plan.settle_seconds)
        series = await in_turns(bench, run, settled, path="warm", runs=bench.plan.runs)
    _keep(bench, subject, work, series, "session")


def _keep(bench: Workbench, subject: Subject, work: Work, series: Series, path: str) -> None:
    """Write what a series gave, and say which of its runs do not count."""
    for measurement in series.measurements(subject.name, path, work.variant):
        bench.write(measurement)
    for other, count in series.strays.items():
        came = f"came as `{other}`" if other else "came without a sandbox"
        bench.note(subject.name, f"startup, {path}, {work.variant}: {count} runs {came} and are left out")
