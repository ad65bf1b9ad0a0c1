"""Records of `isorun bench` for tests, without measuring."""

from collections.abc import Sequence

from engine.bench._record import Machine, Measurement, Note, Records

MACHINE = Machine(cpu="Abacus", cores=2, memory_mib=4096, kernel="6.1", python="3.12.1")
FLOOR = (10.0, 10.2, 9.9, 10.1, 10.0, 9.8, 10.3)
VALUES = (5.0, 5.1, 4.9, 5.2, 5.3, 4.8, 9.0)


def startup(contender: str = "nsjail", **fields: object) -> Measurement:
    """Return a figure of `startup`, by default one that is about half its floor."""
    plain: dict[str, object] = {
        "bench": "startup",
        "path": "warm",
        "variant": "nothing",
        "measure": "result",
        "unit": "ms",
        "values": VALUES,
        "floor": FLOOR,
    }
    return Measurement(contender=contender, **{**plain, **fields})  # type: ignore[arg-type]


def throughput(contender: str, clients: str, values: Sequence[float], **fields: object) -> Measurement:
    plain: dict[str, object] = {"bench": "throughput", "measure": "runs per second", "unit": "runs/s"}
    return startup(contender, variant=clients, values=tuple(values), **{**plain, **fields})


def density(contender: str, state: str, values: Sequence[float], **fields: object) -> Measurement:
    plain: dict[str, object] = {"bench": "density", "measure": "memory", "unit": "MiB", "floor": ()}
    return startup(contender, variant=state, values=tuple(values), **{**plain, **fields})


def compute(contender: str, kernel: str, values: Sequence[float], **fields: object) -> Measurement:
    plain: dict[str, object] = {"bench": "compute", "measure": "time", "unit": "s", "path": ""}
    return startup(contender, variant=kernel, values=tuple(values), **{**plain, **fields})


def records(*measurements: Measurement, machine: Machine = MACHINE, notes: Sequence[Note] = ()) -> Records:
    return Records(machine=machine, measurements=measurements, notes=tuple(notes))


def of_everything() -> Records:
    """Return records with all benchmarks, tiers and a peer."""
    return records(
        startup(),
        startup(path="fork", values=(7.0, 7.5, 7.1, 7.7, 7.2, 9.9)),
        startup("pyodide", path="cold", values=(3900.0, 4100.0)),
        startup("docker run", path="", is_peer=True, values=(470.0, 480.0, 475.0)),
        startup(measure="first byte", values=(4.0, 4.1)),
        startup(variant="packages", values=(6.0, 6.1)),
        throughput("nsjail", "1", (90.0, 91.0, 92.0)),
        throughput("nsjail", "8", (150.0, 151.0, 152.0)),
        throughput("docker run", "8", (4.0, 4.1), path="", is_peer=True),
        density("nsjail", "waiting", (1.2, 1.3)),
        density("nsjail", "running", (2.4, 2.5)),
        compute("nsjail", "python loop", (10.1, 10.0, 10.2, 9.9, 10.3, 10.0, 10.1)),
        compute("pyodide", "python loop", (26.0, 27.0)),
        notes=[Note(contender="eryx", text="not installed")],
    )
