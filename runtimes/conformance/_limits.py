"""Checks of limits: each is reached once, and once it is not."""

from engine import Result
from policies import Limits

from ._check import Subject, check, expect, expect_ok, require

_KIB = 1024
_MIB = 1 << 20


def _expect_end(result: Result, status: str, reason: str) -> None:
    expect("status and reason", (str(result.status), str(result.reason)), (status, reason))


@check("sleep")
async def program_is_ended_at_the_wall_limit(subject: Subject) -> None:
    result = await subject.run(subject.program("sleep", 60), Limits(wall_seconds=0.5))

    _expect_end(result, "timeout", "wall-limit")
    require("it ends soon after the limit", 450 < result.timing.ran < 10_000)


@check("sleep")
async def program_may_wait_until_just_below_the_wall_limit(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("sleep", 0.5), Limits(wall_seconds=2)))

    expect("stdout", result.stdout, "awake\n")


@check("burn")
async def program_is_ended_at_the_cpu_limit(subject: Subject) -> None:
    result = await subject.run(subject.program("burn", 60), Limits(cpu_seconds=0.5))

    _expect_end(result, "timeout", "cpu-limit")


@check("burn")
async def program_may_burn_until_just_below_the_cpu_limit(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("burn", 0.6), Limits(cpu_seconds=1)))

    expect("stdout", result.stdout, "burnt\n")


@check("sleep")
async def waiting_costs_no_cpu_time(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("sleep", 1), Limits(cpu_seconds=0.5)))

    expect("stdout", result.stdout, "awake\n")


@check("allocate")
async def program_cannot_have_more_memory_than_the_limit(subject: Subject) -> None:
    roof = 128 + subject.language.own_memory_mib
    result = await subject.run(subject.program("allocate", roof), Limits(memory_mib=roof))

    require(f"the run did not succeed ({result.status})", not result.ok)
    if not result.isolation.degraded:  # else the program's own allocation fails, an error like any other
        _expect_end(result, "memory", "memory-limit")


@check("allocate")
async def program_may_use_memory_below_the_limit(subject: Subject) -> None:
    limits = Limits(memory_mib=128 + subject.language.own_memory_mib)
    result = expect_ok(await subject.run(subject.program("allocate", 96), limits))

    expect("stdout", result.stdout, "allocated\n")


@check("children")
async def program_cannot_have_more_processes_than_the_limit(subject: Subject) -> None:
    result = await subject.run(subject.program("children", 8), Limits(pids=8))

    require(f"the run did not succeed ({result.status})", not result.ok)
    if not result.isolation.degraded:
        _expect_end(result, "pids", "pids-limit")


@check("children")
async def program_may_have_as_many_processes_as_the_limit(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("children", 7), Limits(pids=8)))

    expect("stdout", result.stdout, "started\n")


@check("print")
async def output_above_the_limit_ends_the_run_and_is_counted(subject: Subject) -> None:
    size = 64 * _KIB
    result = await subject.run(subject.program("print", size + 1), Limits(output_kib=64))

    _expect_end(result, "output", "output-limit")
    expect("kept", len(result.stdout_bytes), size)
    require("the rest is counted", result.stdout_truncated and result.stdout_dropped_bytes >= 1)


@check("print")
async def output_as_large_as_the_limit_is_complete(subject: Subject) -> None:
    size = 64 * _KIB
    result = expect_ok(await subject.run(subject.program("print", size), Limits(output_kib=64)))

    expect("kept", result.stdout_bytes, b"x" * size)
    expect("truncated", (result.stdout_truncated, result.stdout_dropped_bytes), (False, 0))


@check("flood")
async def endless_output_is_ended(subject: Subject) -> None:
    result = await subject.run(subject.program("flood"), Limits(output_kib=256))

    _expect_end(result, "output", "output-limit")
    expect("kept", len(result.stdout_bytes), 256 * _KIB)


@check("write")
async def program_cannot_write_more_than_the_disk_limit(subject: Subject) -> None:
    result = await subject.run(subject.program("write", 5, _MIB), Limits(disk_mib=4))

    _expect_end(result, "disk", "disk-bytes")


@check("write")
async def program_may_write_until_just_below_the_disk_limit(subject: Subject) -> None:
    # The rest is for the source and for folders.
    result = expect_ok(await subject.run(subject.program("write", 4, _MIB - 64 * _KIB), Limits(disk_mib=4)))

    expect("written", sum(len(artifact.data) for artifact in result.files), 4 * (_MIB - 64 * _KIB))


@check("write")
async def program_cannot_make_more_files_than_the_limit(subject: Subject) -> None:
    result = await subject.run(subject.program("write", 32, 0), Limits(file_count=32))

    _expect_end(result, "disk", "disk-files")


@check("write")
async def program_may_make_files_until_just_below_the_limit(subject: Subject) -> None:
    # The rest is for the source and for folders.
    result = expect_ok(await subject.run(subject.program("write", 24, 0), Limits(file_count=32)))

    expect("files", len(result.files), 24)


@check("open")
async def program_cannot_open_more_descriptors_than_the_limit(subject: Subject) -> None:
    count = 64 + subject.language.own_descriptors
    result = await subject.run(subject.program("open", count), Limits(open_files=64))

    _expect_end(result, "error", "exit-nonzero")


@check("open")
async def program_may_open_descriptors_until_just_below_the_limit(subject: Subject) -> None:
    # The rest is for the standard streams and for the language itself.
    result = expect_ok(await subject.run(subject.program("open", 56), Limits(open_files=64)))

    expect("stdout", result.stdout, "opened\n")


CHECKS = (
    program_is_ended_at_the_wall_limit,
    program_may_wait_until_just_below_the_wall_limit,
    program_is_ended_at_the_cpu_limit,
    program_may_burn_until_just_below_the_cpu_limit,
    waiting_costs_no_cpu_time,
    program_cannot_have_more_memory_than_the_limit,
    program_may_use_memory_below_the_limit,
    program_cannot_have_more_processes_than_the_limit,
    program_may_have_as_many_processes_as_the_limit,
    output_above_the_limit_ends_the_run_and_is_counted,
    output_as_large_as_the_limit_is_complete,
    endless_output_is_ended,
    program_cannot_write_more_than_the_disk_limit,
    program_may_write_until_just_below_the_disk_limit,
    program_cannot_make_more_files_than_the_limit,
    program_may_make_files_until_just_below_the_limit,
    program_cannot_open_more_descriptors_than_the_limit,
    program_may_open_descriptors_until_just_below_the_limit,
)
