"""Who compiles what: each source once, the same source for all who want it."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup

from engine import Artifact, Compiled, IsolationInfo, Program, Reason, Result, Status
from policies import Compile, Policy
from runtimes.wasm._build import Source
from runtimes.wasm._builder import Builder
from runtimes.wasm._store import Store

PROGRAM = Program(code="int main(void) { return 0; }", language="c")


class Compiler:
    """Stands for the jail.

    Attributes:
        policies: Of the builds so far.
        most: How many builds there were at once.
        outcome: What they come to.
    """

    def __init__(self) -> None:
        self.policies: list[Policy] = []
        self.most = 0
        self.outcome = built()
        self._now = 0

    async def run(self, source: Source, policy: Policy) -> Result:
        self.policies.append(policy)
        self._now += 1
        self.most = max(self.most, self._now)
        for _ in range(3):
            await anyio.lowlevel.checkpoint()
        self._now -= 1
        return self.outcome


def built(*, stderr: bytes = b"", code: bytes = b"machine code") -> Result:
    files = (
        Artifact(name=".isorun/main.wasm", size=6, data=b"module"),
        Artifact(name=".isorun/main.cwasm", size=len(code), data=code),
    )
    return done(files=files, stderr_bytes=stderr)


def done(**fields: Any) -> Result:
    isolation = IsolationInfo(runtime="wasm", path="cold")
    return Result(**{"status": Status.OK, "reason": Reason.EXIT_ZERO, "isolation": isolation, **fields})


@pytest.fixture
def compiler() -> Compiler:
    return Compiler()


@pytest.fixture
async def tasks() -> AsyncGenerator[TaskGroup]:
    async with anyio.create_task_group() as group:
        yield group


@pytest.fixture
def builder(compiler: Compiler, tasks: TaskGroup, tmp_path: Path) -> Builder:
    return Builder(Store(tmp_path), compiler.run, tasks)


async def compiled(builder: Builder, name: str = "a" * 64, policy: Policy | None = None) -> Compiled:
    return await builder.compile(Source.of(PROGRAM, None), name, policy or Policy())


async def test_machine_code_takes_the_place_of_the_source(builder: Builder) -> None:
    outcome = await compiled(builder)

    assert outcome.program.code == b"machine code"
    assert (outcome.stage.status, outcome.stage.cached, outcome.failure) == (Status.OK, False, None)


async def test_second_time_nothing_is_compiled_and_warnings_are_said_again(
    builder: Builder, compiler: Compiler
) -> None:
    compiler.outcome = built(stderr=b"warning: x\n")
    await compiled(builder)

    again = await compiled(builder)

    assert len(compiler.policies) == 1
    assert (again.program.code, again.stage.cached, again.stage.output) == (
        b"machine code",
        True,
        "warning: x\n",
    )


async def test_another_engine_finds_it_on_disk(compiler: Compiler, tmp_path: Path) -> None:
    async with anyio.create_task_group() as tasks:
        await compiled(Builder(Store(tmp_path), compiler.run, tasks))
    async with anyio.create_task_group() as tasks:
        again = await compiled(Builder(Store(tmp_path), compiler.run, tasks))

    assert again.stage.cached
    assert len(compiler.policies) == 1


async def test_same_source_asked_for_at_once_is_compiled_once(builder: Builder, compiler: Compiler) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(compiled, builder)

    assert len(compiler.policies) == 1


async def test_two_are_compiled_side_by_side(builder: Builder, compiler: Compiler) -> None:
    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(compiled, builder, f"{number}" * 64)

    assert (len(compiler.policies), compiler.most) == (5, 2)


async def test_bounds_are_those_of_the_compile_clause(builder: Builder, compiler: Compiler) -> None:
    await compiled(builder, policy=Policy(compile=Compile(wall_seconds=7, memory_mib=500)))

    [policy] = compiler.policies
    assert (policy.limits.wall_seconds, policy.limits.memory_mib) == (7, 500)


async def test_failure_is_kept_for_nobody(builder: Builder, compiler: Compiler) -> None:
    text = b"main.c:3:1: error: no\n"
    compiler.outcome = done(status=Status.ERROR, reason=Reason.EXIT_NONZERO, exit_code=1, stderr_bytes=text)

    first, second = await compiled(builder), await compiled(builder)

    assert len(compiler.policies) == 2
    assert first.failure is not None
    assert first.failure.error is not None
    assert (first.failure.reason, first.failure.error.line) == (Reason.COMPILE_FAILED, 3)
    assert second.failure is not None


async def test_module_that_was_too_large_to_hand_over_is_told(builder: Builder, compiler: Compiler) -> None:
    skipped = Artifact(name=".isorun/main.cwasm", size=1 << 30, skipped="too large")
    module = Artifact(name=".isorun/main.wasm", size=6, data=b"module")
    compiler.outcome = done(files=(module, skipped))

    outcome = await compiled(builder)

    assert outcome.failure is not None
    assert (outcome.failure.status, outcome.failure.reason) == (Status.DISK, Reason.FILE_SIZE)
    assert "too large" in outcome.stage.output
