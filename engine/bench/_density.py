"""How much memory one more sandbox takes, while it waits and while its program does.

It is the difference between two totals over the processes below the engine. Those of containers are not below
it, but new to the machine and in a process namespace. The engine's own memory is not in it; it hardly grows.
"""

import anyio
import msgspec
from anyio.abc import TaskGroup

from engine._config import PoolConfig
from engine._engine import Engine
from engine._exceptions import EngineError
from engine._program import Output, Program
from engine._tasks import open_tasks

from ._floor import MeasureError
from ._memory import Totals
from ._record import Measurement
from ._turns import READY_SECONDS, until_ready
from ._workbench import ON_DEMAND, Subject, Workbench
from ._works import WAITING, nothing

#: Times the settling of a turn: pages that are written once at the start of a process are in the total then.
_SETTLINGS = 5


async def density(bench: Workbench, subject: Subject) -> None:
    """Measure waiting sandboxes, and running ones."""
    paths: list[str] = []
    for variant, measure in (("waiting", _waiting_mib), ("running", _running_mib)):
        bench.say(f"density: {subject.name}, {variant}")
        values: list[float] = []
        floors: list[float] = []
        try:
            for _ in range(bench.plan.memory_rounds):
                floors.append(await bench.floor.memory_mib())
                values.append(await measure(bench, subject, paths))
        except EngineError as error:
            bench.note(subject.name, f"density, {variant}: {error}")
        if values:
            bench.write(_measurement(subject, paths[0] if paths else "", variant, values, floors))


def added_mib(before: Totals, after: Totals, sandboxes: int) -> float:
    """Return what each of some sandboxes added.

    Raises:
        MeasureError: No process appeared that we may look at.
    """
    is_below = after.below.processes > before.below.processes
    first, last = (before.below, after.below) if is_below else (before.new, after.new)
    if last.unreadable > first.unreadable:
        raise MeasureError("the memory of its processes may not be read; it can as root")
    if last.processes <= first.processes:
        raise MeasureError("no process of its sandboxes can be seen")
    return (last.mib - first.mib) / sandboxes


async def _waiting_mib(bench: Workbench, subject: Subject, paths: list[str]) -> float:
    """Measure waiting sandboxes, and add how they are made to `paths`."""
    work = nothing(subject)
    totals: list[Totals] = []
    for idle in (1, 1 + bench.plan.sandboxes):
        take = bench.watch()
        async with bench.engine(PoolConfig(warm=idle, max_warm=idle, max_size=idle + 1)) as engine:
            result = work.checked(await engine.run(work.program, work.policy))
            paths.append(result.isolation.path)  # the pool is new, so this was made for the program
            await until_ready(engine, idle)
            await anyio.sleep(_SETTLINGS * bench.plan.settle_seconds)
            totals.append(take())
    return added_mib(totals[0], totals[1], bench.plan.sandboxes)


async def _running_mib(bench: Workbench, subject: Subject, paths: list[str]) -> float:
    """Measure running sandboxes; they are made in the same way."""
    code = WAITING.get(subject.language)
    if code is None:
        raise MeasureError(f"there is no program in `{subject.language}` that waits")
    program = Program(code=code, language=subject.language)
    pool = msgspec.structs.replace(ON_DEMAND, max_size=2 + bench.plan.sandboxes)
    take = bench.watch()
    async with bench.engine(pool) as engine, open_tasks() as tasks:
        totals: list[Totals] = []
        for count in (1, bench.plan.sandboxes):
            await _running(engine, subject, program, tasks, count)
            await anyio.sleep(_SETTLINGS * bench.plan.settle_seconds)
            totals.append(take())
        return added_mib(totals[0], totals[1], bench.plan.sandboxes)


async def _running(engine: Engine, subject: Subject, program: Program, tasks: TaskGroup, count: int) -> None:
    """Start so many programs, and wait until each has written something; they run on.

    Raises:
        MeasureError: One does not come so far.
    """
    begun = [anyio.Event() for _ in range(count)]
    ended: list[str] = []

    async def run(event: anyio.Event) -> None:
        def emit(output: Output) -> None:
            event.set()

        result = await engine.run(program, subject.policy, emit=emit)
        ended.append(result.status.value)
        event.set()

    for event in begun:
        tasks.start_soon(run, event)
    with anyio.move_on_after(READY_SECONDS) as scope:
        for event in begun:
            await event.wait()
    if scope.cancelled_caught or ended:
        raise MeasureError(f"a program that waits ended with `{ended[0]}`" if ended else "it does not begin")


def _measurement(
    subject: Subject, path: str, variant: str, values: list[float], floors: list[float]
) -> Measurement:
    return Measurement(
        bench="density",
        contender=subject.name,
        path=path,
        variant=variant,
        measure="memory",
        unit="MiB",
        values=tuple(values),
        floor=tuple(floors[: len(values)]),
    )
