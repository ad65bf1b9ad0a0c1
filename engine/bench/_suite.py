"""All benchmarks of a plan, one after the other: nothing else runs while one measures."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from engine._exceptions import ConfigError, EngineError

from ._compute import compute
from ._density import density
from ._machine import this_machine
from ._peers import Containers, chosen, measure_peer
from ._record import Bench
from ._startup import startup
from ._throughput import throughput
from ._workbench import ON_DEMAND, Subject, Workbench, subjects

type Measure = Callable[[Workbench, Subject], Awaitable[None]]

_MEASURES: dict[Bench, Measure] = {
    "startup": startup,
    "throughput": throughput,
    "density": density,
    "compute": compute,
}


class Surroundings(NamedTuple):
    """What the engine does not know by itself.

    Attributes:
        versions: Of what takes part.
        containers: How containers are started.
    """

    versions: Mapping[str, str] = {}
    containers: Containers = Containers()


async def measure(bench: Workbench, surroundings: Surroundings) -> None:
    """Measure what the plan names; what cannot be measured becomes a note.

    Raises:
        ConfigError: A runtime or peer that the plan names does not exist.
    """
    peers = chosen(bench.plan.peers, surroundings.containers)
    found = await _subjects(bench, surroundings)
    for name in bench.plan.benches:
        for subject in found:
            await _guarded(bench, subject, name)
        if name == "startup":
            for peer in peers:
                await measure_peer(bench, peer)


async def _subjects(bench: Workbench, surroundings: Surroundings) -> list[Subject]:
    """Write what the machine is, and find the runtimes."""
    async with bench.engine(ON_DEMAND) as engine:
        reports = await engine.tiers()
    known = [report.runtime for report in reports]
    for name in bench.plan.tiers:
        if name not in known:
            raise ConfigError(f"there is no runtime `{name}`", hint=f"runtimes: {', '.join(known)}")
    bench.write(this_machine(surroundings.versions, quick=bench.plan.quick))
    return subjects(bench, reports)


async def _guarded(bench: Workbench, subject: Subject, name: Bench) -> None:
    try:
        await _MEASURES[name](bench, subject)
    except EngineError as error:
        hint = f"; {error.hint}" if error.hint else ""
        bench.note(subject.name, f"{name}: {error}{hint}")
