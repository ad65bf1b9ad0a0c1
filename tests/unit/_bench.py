"""A workbench over fake sandboxes: no process, no floor that takes time."""

from collections.abc import Callable
from typing import override

import msgspec

from engine import (
    Artifact,
    Capabilities,
    Engine,
    EngineConfig,
    Output,
    PoolConfig,
    Program,
    Reason,
    Result,
    Status,
)
from engine._runtime import Emit, isolation_of
from engine.bench._floor import Floor
from engine.bench._memory import Occupied, Totals
from engine.bench._plan import Plan
from engine.bench._record import Line, Measurement, Note
from engine.bench._workbench import Subject, Workbench
from engine.testing import Behaviour, FakeRuntime, FakeSandbox
from policies import Policy

PYTHON = Capabilities(languages=frozenset({"python"}))
#: Few runs, short slices.
PLAN = Plan(
    runs=4,
    first_runs=2,
    slices=1,
    slice_seconds=0.01,
    floor_starts=1,
    sandboxes=2,
    memory_rounds=1,
    rounds=1,
    settle_seconds=0,
)


NOBODY = Totals(Occupied(0.0, 0, 0), Occupied(0.0, 0, 0))


class FakeFloor(Floor):
    """Takes no time; its values tell the calls apart."""

    def __init__(self) -> None:
        self.starts = 0

    @override
    async def start_ms(self) -> float:
        self.starts += 1
        return float(self.starts)

    @override
    async def starts_per_second(self, clients: int, starts: int) -> float | None:
        return 100.0 * clients

    @override
    async def memory_mib(self) -> float:
        return 7.0


type Answer = Callable[[Program], bytes]


def answers(program: Program) -> bytes:
    """What the programs of a benchmark print."""
    code = str(program.code)
    if "pandas" in code:
        return b"6\n"
    return b"4950\n" if "numbers.txt" in code else b"2\n"


class Measured:
    """A workbench over fake sandboxes, and what it wrote.

    Args:
        runtimes: Instead of one that behaves as the programs of a benchmark.
        plan: What is measured.
        answer: What a program prints.
        path: How its sandboxes come; a function is asked each time.
        able: What the runtime can do.
        with_files: Whether what a program writes is collected.
        behaviour: Of the sandboxes, instead of all that.

    Attributes:
        lines: What was written.
        said: What was told.
        configs: Of the engines that were made.
        totals: What processes are said to occupy, one after the other; none by default.
    """

    def __init__(
        self,
        *runtimes: FakeRuntime,
        plan: Plan = PLAN,
        answer: Answer = answers,
        path: str | Callable[[], str] = "cold",
        able: Capabilities = PYTHON,
        with_files: bool = True,
        behaviour: Behaviour | None = None,
    ) -> None:
        self.lines: list[Line] = []
        self.said: list[str] = []
        self.configs: list[EngineConfig] = []
        self.totals: list[Totals] = []
        self.floor = FakeFloor()
        self._runtimes = runtimes
        self._answer = answer
        self._path = path
        self._able = able
        self._with_files = with_files
        self._behaviour = behaviour or self.behave
        self.bench = Workbench(
            plan=plan,
            config=EngineConfig(pool=PoolConfig(max_waiting=77)),
            write=self.lines.append,
            say=self.said.append,
            open_engine=self.open,
            floor=self.floor,
            watch=lambda: self._total,
        )

    @property
    def measurements(self) -> list[Measurement]:
        return [line for line in self.lines if isinstance(line, Measurement)]

    @property
    def notes(self) -> list[str]:
        return [f"{line.contender}: {line.text}" for line in self.lines if isinstance(line, Note)]

    @property
    def paths(self) -> set[str]:
        return {measurement.path for measurement in self.measurements}

    def _total(self) -> Totals:
        return self.totals.pop(0) if self.totals else NOBODY

    def open(self, config: EngineConfig) -> Engine:
        self.configs.append(config)
        fake = FakeRuntime(behaviour=self._behaviour, capabilities=self._able)
        return Engine(config, runtimes=self._runtimes or [fake])

    async def behave(
        self, sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
    ) -> Result:
        said = self._answer(program)
        if emit is not None:
            emit(Output(stream="stdout", data=said))
        path = self._path if isinstance(self._path, str) else self._path()
        with_file = self._with_files and "sum.txt" in str(program.code)
        return finished(sandbox, said, path, with_file=with_file)


def finished(sandbox: FakeSandbox, stdout: bytes, path: str, *, with_file: bool = False) -> Result:
    """Return the result of a program that ended well."""
    return Result(
        status=Status.OK,
        reason=Reason.EXIT_ZERO,
        stdout_bytes=stdout,
        files=(Artifact(name="sum.txt", data=stdout, size=len(stdout)),) if with_file else (),
        isolation=isolation_of(sandbox.template, path=path),
    )


def subject(able: Capabilities = PYTHON, language: str = "python") -> Subject:
    return Subject("fake", language, able)


def with_plan(measured: Measured, **changes: object) -> Workbench:
    return measured.bench._replace(plan=msgspec.structs.replace(measured.bench.plan, **changes))
