"""Checks of the life of a run: its times, its cancellation, its neighbours, what it leaves."""

import time

import anyio

from engine import Reason, Result, Status

from ._check import PATIENCE_SECONDS, Subject, cancel_at_first_output, check, expect, expect_ok, require

_SIDE_BY_SIDE = 12


async def _still_usable(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("streams")))
    expect("stdout of the next run", result.stdout, "out\n")
    expect("active runs", subject.engine.stats().active, 0)


@check("streams")
async def moments_of_a_run_come_in_order(subject: Subject) -> None:
    timing = expect_ok(await subject.run(subject.program("streams"))).timing

    moments = (0.0, timing.queued, timing.started, timing.ran, timing.collected, timing.total)
    require(f"the moments rise: {moments}", list(moments) == sorted(moments))
    require("the program took time", timing.started < timing.ran)


@check("streams")
async def use_of_cpu_and_memory_is_reported(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("streams")))

    if not result.isolation.degraded:  # without cgroups nothing counts
        require("cpu time was counted", result.usage.cpu_ms)
        require("memory was counted", result.usage.peak_memory_mib)


@check("streams")
async def result_says_where_the_program_ran(subject: Subject) -> None:
    isolation = expect_ok(await subject.run(subject.program("streams"))).isolation

    require("the runtime is named", isolation.runtime)
    require("so is the way it started", isolation.path in ("cold", "warm", "fork", "snapshot"))


@check("streams")
async def run_cancelled_before_it_begins_leaves_the_engine_usable(subject: Subject) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await subject.run(subject.program("streams"))

    require("the run was cancelled", scope.cancelled_caught)
    await _still_usable(subject)


@check("wait", "streams")
async def run_cancelled_while_it_starts_leaves_the_engine_usable(subject: Subject) -> None:
    for delay in (0.001, 0.005, 0.02, 0.05):
        with anyio.move_on_after(delay) as scope:
            await subject.run(subject.program("wait"))

        require("the run was cancelled", scope.cancelled_caught)
    await _still_usable(subject)


@check("wait", "streams")
async def run_cancelled_while_it_waits_leaves_the_engine_usable(subject: Subject) -> None:
    await cancel_at_first_output(subject, subject.program("wait"))

    await _still_usable(subject)


@check("flood", "streams")
async def run_cancelled_while_it_prints_leaves_the_engine_usable(subject: Subject) -> None:
    await cancel_at_first_output(subject, subject.program("flood"))

    await _still_usable(subject)


@check("wait", "streams")
async def killed_run_gives_a_result_with_its_output(subject: Subject) -> None:
    ready = anyio.Event()
    results: list[Result] = []
    with anyio.move_on_after(PATIENCE_SECONDS):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_kill, subject, ready)
            results.append(await subject.run(subject.program("wait"), emit=lambda output: ready.set()))
            tasks.cancel_scope.cancel()

    expect("how many runs have ended", len(results), 1)
    expect("status", (results[0].status, results[0].reason), (Status.CANCELLED, Reason.CANCELLED))
    if results[0].isolation.path:  # the sandbox has done it, not the engine in its place
        expect("stdout", results[0].stdout.rstrip(), "ready")  # the end of its line may have been on its way
    await _still_usable(subject)


async def _kill(subject: Subject, ready: anyio.Event) -> None:
    await ready.wait()
    for info in subject.engine.runs():
        await subject.engine.kill(info.id)


@check("echo")
async def runs_side_by_side_do_not_mix(subject: Subject) -> None:
    programs = [subject.program("echo", stdin=f"run {number}".encode()) for number in range(_SIDE_BY_SIDE)]
    results = await subject.engine.run_many(programs)

    expect("outputs", [result.stdout for result in results], [f"run {n}" for n in range(_SIDE_BY_SIDE)])


@check("daemon")
async def process_left_behind_ends_with_the_program(subject: Subject) -> None:
    begin = time.monotonic()
    result = expect_ok(await subject.run(subject.program("daemon")))

    expect("stdout", result.stdout, "done\n")
    require("nobody waits for what was left behind", time.monotonic() - begin < PATIENCE_SECONDS)


CHECKS = (
    moments_of_a_run_come_in_order,
    use_of_cpu_and_memory_is_reported,
    result_says_where_the_program_ran,
    run_cancelled_before_it_begins_leaves_the_engine_usable,
    run_cancelled_while_it_starts_leaves_the_engine_usable,
    run_cancelled_while_it_waits_leaves_the_engine_usable,
    run_cancelled_while_it_prints_leaves_the_engine_usable,
    killed_run_gives_a_result_with_its_output,
    runs_side_by_side_do_not_mix,
    process_left_behind_ends_with_the_program,
)
