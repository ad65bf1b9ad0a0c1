"""What a computation takes in a sandbox, in turns with the same program without one."""

from engine._engine import Engine
from engine._exceptions import EngineError
from engine._program import Program

from ._floor import MeasureError
from ._kernels import KERNELS
from ._record import Measurement
from ._workbench import ON_DEMAND, Subject, Workbench, checked_ok

#: Processes forked from one zygote have the same luck with where their memory lies, so there are several.
_ENGINES = 4


async def compute(bench: Workbench, subject: Subject) -> None:
    """Measure all computations that there are in the language of a runtime."""
    kernels = KERNELS.get(subject.language, {})
    if not kernels:
        bench.note(subject.name, f"compute: no computation is written in `{subject.language}`")
    if kernels and subject.language not in bench.natives:
        bench.note(subject.name, f"compute: nothing runs `{subject.language}` without a sandbox to compare")
    for name, code in kernels.items():
        bench.say(f"compute: {subject.name}, {name}")
        try:
            measurement = await _kernel(bench, subject, name, code)
        except EngineError as error:
            bench.note(subject.name, f"compute, {name}: {error}")
            continue
        bench.write(measurement)


async def _kernel(bench: Workbench, subject: Subject, name: str, code: str) -> Measurement:
    values: list[float] = []
    floors: list[float] = []
    engines = max(1, min(_ENGINES, bench.plan.rounds // 2))
    for number in range(engines):
        async with bench.engine(ON_DEMAND) as engine:
            for _ in range(number, bench.plan.rounds, engines):
                if (native := bench.natives.get(subject.language)) is not None:
                    floors.append(milliseconds(await native.output(code)))
                values.append(await _inside(engine, subject, code))
    return Measurement(
        bench="compute",
        contender=subject.name,
        variant=name,
        measure="time",
        unit="ms",
        values=tuple(values),
        floor=tuple(floors),
    )


async def _inside(engine: Engine, subject: Subject, code: str) -> float:
    # As the compiler of the other side is called.
    flags = ("-O2",) if subject.language in subject.able.compiles else ()
    program = Program(code=code, language=subject.language, flags=flags)
    return milliseconds(checked_ok(await engine.run(program, subject.policy)).stdout)


def milliseconds(said: str) -> float:
    """Return the figure that a computation printed.

    Raises:
        MeasureError: It is none.
    """
    try:
        value = float(said)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise MeasureError(f"it printed no milliseconds, but {said[:80]!r}")
    return value
