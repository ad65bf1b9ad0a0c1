"""The compile stage: before a sandbox is leased, and instead of one if it fails."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from engine import (
    Capabilities,
    ConfigError,
    Engine,
    EngineConfig,
    File,
    IsolationInfo,
    Output,
    PoolConfig,
    Program,
    Reason,
    Result,
    SandboxStartError,
    Stage,
    Status,
    Timing,
)
from engine._runtime import Compiled
from engine.testing import FakeRuntime, prints

from ._pools import settle

SOURCE = Program(code="source", check=True)
TRANSLATED = Program(code=b"\0asm")
PASSED = Compiled(program=TRANSLATED, stage=Stage(status=Status.OK, milliseconds=7.0, output="a warning"))
FAILED = Compiled(
    program=SOURCE,
    stage=Stage(status=Status.ERROR, exit_code=1, output="line 1: no"),
    failure=Result(
        status=Status.ERROR,
        reason=Reason.COMPILE_FAILED,
        exit_code=1,
        stderr_bytes=b"line 1: no",
        isolation=IsolationInfo(runtime="fake", path="cold"),
    ),
)


def compiling(compiled: Compiled) -> FakeRuntime:
    able = Capabilities(languages=frozenset({"python"}), checks=frozenset({"python"}))
    runtime = FakeRuntime(behaviour=prints(b"out", timing=Timing(started=1.0, ran=2.0)), capabilities=able)
    runtime.compiled = {"source": compiled}
    return runtime


def engine_with(runtime: FakeRuntime) -> Engine:
    return Engine(EngineConfig(pool=PoolConfig(warm=0, max_warm=0)), runtimes=[runtime])


async def test_compiled_program_is_what_the_sandbox_gets() -> None:
    runtime = compiling(PASSED)
    async with engine_with(runtime) as engine:
        result = await engine.run(SOURCE)

    assert result.ok
    assert runtime.sandboxes[0].programs == [TRANSLATED]
    assert result.stages["compile"] == PASSED.stage


async def test_program_that_needs_no_compiling_has_no_such_stage() -> None:
    async with engine_with(compiling(PASSED)) as engine:
        result = await engine.run(Program(code="another"))

    assert "compile" not in result.stages
    assert result.timing.compiled == 0.0


async def test_compile_stage_counts_in_the_timing() -> None:
    async with engine_with(compiling(PASSED)) as engine:
        timing = (await engine.run(SOURCE)).timing

    assert 0 < timing.compiled <= timing.queued <= timing.started <= timing.ran


async def test_failing_compile_stage_is_a_result_and_starts_no_sandbox() -> None:
    runtime = compiling(FAILED)
    runtime.advice = "look at line 1"
    async with engine_with(runtime) as engine:
        result = await engine.run(SOURCE)

        assert engine.stats().finished == {"error": 1}
    assert runtime.sandboxes == []
    assert (result.status, result.reason, result.stderr) == ("error", "compile-failed", "line 1: no")
    assert result.stages == {"compile": FAILED.stage}
    assert result.isolation.why == "the lightest that covers policy and program"
    assert result.hint == "look at line 1"


async def test_failing_compile_stage_has_the_times_of_what_was_done() -> None:
    async with engine_with(compiling(FAILED)) as engine:
        timing = (await engine.run(SOURCE)).timing

    assert 0 < timing.compiled <= timing.total
    assert (timing.queued, timing.started, timing.ran, timing.collected) == (0, 0, 0, 0)


async def test_diagnostics_of_a_failing_compile_stage_are_emitted() -> None:
    seen: list[Output] = []
    async with engine_with(compiling(FAILED)) as engine:
        await engine.run(SOURCE, emit=seen.append)

    assert seen == [Output(stream="stderr", data=b"line 1: no")]


async def test_stream_of_a_program_that_does_not_compile_ends_with_its_result() -> None:
    async with engine_with(compiling(FAILED)) as engine:
        events = [event async for event in engine.stream(SOURCE)]

    assert events[0] == Output(stream="stderr", data=b"line 1: no")
    assert isinstance(events[1], Result)
    assert events[1].reason is Reason.COMPILE_FAILED


async def test_compile_stage_sees_the_content_of_input_files() -> None:
    seen: list[Program] = []

    class Recording(FakeRuntime):
        async def compile(self, program: Program, policy: object) -> Compiled | None:
            seen.append(program)
            await checkpoint()
            return None

    async with engine_with(Recording()) as engine:
        await engine.run(Program(code="1", files=(File(name="a", path=__file__),)))

    assert seen[0].files[0].data is not None


async def test_host_failure_in_the_compile_stage_is_an_exception_and_safe_to_retry() -> None:
    class Broken(FakeRuntime):
        async def compile(self, program: Program, policy: object) -> Compiled | None:
            await checkpoint()
            raise SandboxStartError("no namespaces")

    async with engine_with(Broken()) as engine:
        with pytest.raises(SandboxStartError) as caught:
            await engine.run(Program(code="1"))

        assert engine.stats().failed == 1
    assert not caught.value.dispatched


async def test_cancelling_while_it_compiles_leaves_nothing() -> None:
    runtime = compiling(PASSED)
    runtime.compile_gate = anyio.Event()
    async with engine_with(runtime) as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run, SOURCE)
            await settle()
            tasks.cancel_scope.cancel()

        assert engine.stats().active == 0
    assert runtime.sandboxes == []


async def test_check_that_no_runtime_can_do_is_refused() -> None:
    async with engine_with(FakeRuntime()) as engine:
        with pytest.raises(ConfigError, match="no runtime can type-check `python`"):
            await engine.run(SOURCE)


@pytest.mark.parametrize("check", [None, 1, "yes"])
async def test_check_is_true_or_false(check: object) -> None:
    async with engine_with(compiling(PASSED)) as engine:
        with pytest.raises(ConfigError, match="`check` must be `bool`"):
            await engine.run(Program(code="1", check=check))  # type: ignore[arg-type]
