"""What a benchmark writes and a report reads: one JSON object in each line."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from engine._exceptions import ConfigError

type Bench = Literal["startup", "throughput", "density", "compute"]


class Machine(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="machine"):
    """The first line: where and with what it was measured.

    Attributes:
        cpu: Name of the processor.
        cores: Processors that we may use.
        memory_mib: Of the machine.
        kernel: Version of the kernel.
        python: Version of the interpreter.
        versions: Name -> version of what takes part: isorun, nsjail, deno, wasmtime, docker, and so on.
        commit: Of a checkout; empty without one.
        measured_at: Seconds since 1970.
        quick: Whether the numbers come from few runs.
    """

    cpu: str
    cores: int
    memory_mib: int
    kernel: str
    python: str
    versions: dict[str, str] = {}
    commit: str = ""
    measured_at: float = 0.0
    quick: bool = False


class Measurement(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="measurement"):
    """One figure of one contender: all its values, and those of the floor that took turns with it.

    Attributes:
        bench: Which benchmark.
        contender: A runtime's name, or that of a peer.
        is_peer: Whether it is something that a user would take instead of isorun.
        path: How its sandboxes come: `first` (an engine is opened for it), `cold`, `fork`, `warm`,
            `snapshot`, `session`, or empty.
        variant: What was asked for: `nothing`, `packages`, `files`, `policy`; `1`, `2`, `8` clients;
            `waiting`, `running`; or the name of a computation.
        measure: What was measured: `first byte`, `result`, `runs per second`, `memory`, `time`.
        unit: `ms`, `runs/s`, `MiB` or `s`.
        values: One for each run, or each sandbox.
        floor: The same of the floor, in turns with them; empty where there is none.
    """

    bench: Bench
    contender: str
    is_peer: bool = False
    path: str = ""
    variant: str = ""
    measure: str
    unit: Literal["ms", "runs/s", "MiB", "s"]
    values: tuple[float, ...]
    floor: tuple[float, ...] = ()


class Note(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="note"):
    """What was left out, and why."""

    contender: str
    text: str


type Line = Machine | Measurement | Note


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """All lines of one file."""

    machine: Machine
    measurements: tuple[Measurement, ...]
    notes: tuple[Note, ...] = ()


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def encode(line: Line) -> str:
    """Return a line as it stands in a file, with its end."""
    return _encoder.encode(line).decode() + "\n"


def read(path: Path) -> Records:
    """Read a file of records.

    Raises:
        ConfigError: It cannot be read, or is none.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return gathered(_decoder.decode(line) for line in text.splitlines() if line.strip())
    except OSError as error:
        raise ConfigError(f"`{path}` cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ConfigError(f"`{path}` holds no records of `isorun bench`: {error}") from error


def gathered(lines: Iterable[Line]) -> Records:
    """Sort lines by their kind.

    Raises:
        ConfigError: None says what the machine is.
    """
    found = list(lines)
    machine = next(_of(found, Machine), None)
    if machine is None:
        raise ConfigError("these records do not say where they were measured")
    return Records(
        machine=machine, measurements=tuple(_of(found, Measurement)), notes=tuple(_of(found, Note))
    )


def _of[Kind](lines: Iterable[Line], kind: type[Kind]) -> Iterator[Kind]:
    return (line for line in lines if isinstance(line, kind))
