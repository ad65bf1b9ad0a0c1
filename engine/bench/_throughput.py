"""How many programs a second: clients that never pause, each run in a sandbox of its own."""

import time

import msgspec

from engine._concurrency import in_order
from engine._engine import Engine

from ._record import Measurement
from ._workbench import Subject, Workbench
from ._works import Work, nothing


async def throughput(bench: Workbench, subject: Subject) -> None:
    """Measure a runtime with the pool as it is configured; without forks too, unless it has to be quick."""
    work = nothing(subject)
    seen: set[str] = set()
    for fork in (True,) if bench.plan.quick else (True, False):
        pool = msgspec.structs.replace(bench.config.pool, fork=fork)
        async with bench.engine(pool) as engine:
            # The pool is new, so this one tells how its sandboxes are made.
            path = work.checked(await engine.run(work.program, work.policy)).isolation.path
            if path in seen:
                continue
            seen.add(path)
            for clients in bench.plan.clients:
                await _clients(bench, subject, engine, work, path, clients)


async def _clients(
    bench: Workbench, subject: Subject, engine: Engine, work: Work, path: str, clients: int
) -> None:
    bench.say(f"throughput: {subject.name}, {path}, {clients} at once")
    values: list[float] = []
    floors: list[float] = []
    for _ in range(bench.plan.slices):
        starts = bench.plan.floor_starts * clients
        floor = await bench.floor.starts_per_second(clients, starts)
        if floor is not None:
            floors.append(floor)
        values.append(await runs_per_second(engine, work, clients, bench.plan.slice_seconds))
    bench.write(
        Measurement(
            bench="throughput",
            contender=subject.name,
            path=path,
            variant=str(clients),
            measure="runs per second",
            unit="runs/s",
            values=tuple(values),
            floor=tuple(floors),
        )
    )


async def runs_per_second(engine: Engine, work: Work, clients: int, seconds: float) -> float:
    """Let clients run a program again and again; each finishes the run that it has begun.

    Raises:
        MeasureError: A run gave something else than it should.
    """
    done = 0
    begin = time.monotonic()

    async def client() -> None:
        nonlocal done
        while True:
            work.checked(await engine.run(work.program, work.policy))
            done += 1
            if time.monotonic() - begin >= seconds:
                return

    await in_order([client] * clients, max_concurrent=clients)
    return done / (time.monotonic() - begin)
