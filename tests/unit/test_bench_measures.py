"""Throughput, density and computations, over sandboxes that take no time."""

import os

import pytest

from engine import Capabilities, Output, Program, Result, Status
from engine._runtime import Emit
from engine.bench._compute import compute, milliseconds
from engine.bench._density import added_mib, density
from engine.bench._floor import MeasureError
from engine.bench._memory import Occupied, Totals, contained, occupied, processes_below
from engine.bench._native import Native
from engine.bench._throughput import throughput
from engine.testing import FakeRuntime, FakeSandbox, prints
from policies import Policy

from ._bench import Measured, answers, finished, subject, with_plan


async def test_throughput_is_measured_for_each_number_of_clients() -> None:
    measured = Measured()

    await throughput(measured.bench, subject())

    found = {one.variant: one for one in measured.measurements}
    assert list(found) == ["1", "2", "8"]
    assert [one.floor for one in found.values()] == [(100.0,), (200.0,), (800.0,)]
    assert all(one.values[0] > 10 for one in found.values())


async def test_throughput_has_the_pool_of_the_configuration() -> None:
    measured = Measured()

    await throughput(measured.bench, subject())

    assert [(config.pool.max_waiting, config.pool.fork) for config in measured.configs] == [
        (77, True),
        (77, False),
    ]


async def test_throughput_without_forks_is_measured_where_it_differs() -> None:
    paths = iter(["fork"] + ["warm"] * 100_000)
    measured = Measured(path=lambda: "cold" if not measured.configs[-1].pool.fork else next(paths))

    await throughput(with_plan(measured, clients=(2,)), subject())

    assert [(one.path, one.variant) for one in measured.measurements] == [("fork", "2"), ("cold", "2")]


async def test_throughput_counts_no_program_that_fails() -> None:
    count = iter(range(1000))
    measured = Measured(answer=lambda program: b"2\n" if next(count) < 3 else b"")

    with pytest.raises(MeasureError, match="wrote ''"):
        await throughput(with_plan(measured, slice_seconds=5.0), subject())


async def waits(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
    """Go on after the first output, as the programs do whose memory is measured."""
    if emit is not None:
        emit(Output(stream="stdout", data=b"here\n"))
    if "here" in str(program.code):
        await sandbox.closed.wait()
    return finished(sandbox, answers(program), "cold")


def totals(below: tuple[float, int], new: tuple[float, int], unreadable: int = 0) -> Totals:
    return Totals(Occupied(*below, unreadable), Occupied(*new, unreadable))


def test_memory_is_what_each_process_below_us_added() -> None:
    assert added_mib(totals((10, 2), (11, 3)), totals((40, 8), (99, 12)), 3) == 10


def test_memory_of_containers_is_that_of_their_processes() -> None:
    assert added_mib(totals((10, 2), (20, 5)), totals((10.5, 2), (80, 9)), 2) == 30


def test_memory_of_processes_that_nobody_sees_is_not_made_up() -> None:
    with pytest.raises(MeasureError, match="no process"):
        added_mib(totals((10, 2), (10, 2)), totals((12, 2), (12, 2)), 2)


def test_memory_that_may_not_be_read_is_said_to_be_so() -> None:
    with pytest.raises(MeasureError, match="as root"):
        added_mib(totals((10, 2), (10, 2)), totals((12, 4), (12, 4), unreadable=2), 2)


async def test_density_is_that_of_each_added_sandbox() -> None:
    measured = Measured(behaviour=waits)
    waiting = [totals((100, 4), (0, 0)), totals((130, 8), (0, 0))]
    running = [totals((100, 4), (0, 0)), totals((140, 8), (0, 0))]
    measured.totals = [*waiting, *running]

    await density(measured.bench, subject())

    found = [(one.variant, one.path, one.values, one.floor) for one in measured.measurements]
    assert found == [("waiting", "cold", (15.0,), (7.0,)), ("running", "cold", (20.0,), (7.0,))]
    assert measured.notes == []


async def test_density_of_a_program_that_does_not_wait_leaves_a_note() -> None:
    measured = Measured()

    await density(measured.bench, subject())

    assert measured.notes[-1] == "fake: density, running: a program that waits ended with `ok`"


async def test_density_of_sandboxes_without_processes_leaves_notes() -> None:
    measured = Measured(behaviour=waits)

    await density(measured.bench, subject())

    assert measured.measurements == []
    assert [note.partition(": ")[2].partition(":")[0] for note in measured.notes] == [
        "density, waiting",
        "density, running",
    ]


def test_processes_that_have_ended_occupy_nothing() -> None:
    assert occupied([1 << 30]) == Occupied(0.0, 0, 0)


def test_memory_of_a_process_can_be_read() -> None:
    found = occupied([os.getpid()])

    assert found.mib > 5
    assert (found.processes, found.unreadable) == (1, 0)


def test_ordinary_processes_are_no_containers() -> None:
    assert not {os.getpid(), os.getppid()} & set(contained(set()))


def test_processes_that_have_ended_have_nobody_below_them() -> None:
    assert processes_below(1 << 30) == []


class FakeNative(Native):
    """Says that everything takes 2 ms."""

    async def output(self, code: str) -> str:
        return "2.0\n"


async def test_computation_takes_turns_with_the_same_without_a_sandbox() -> None:
    measured = Measured(answer=lambda program: b"3.5\n")
    bench = with_plan(measured, rounds=5)._replace(natives={"python": FakeNative()})

    await compute(bench, subject())

    assert [(one.variant, one.values, one.floor) for one in measured.measurements] == [
        (name, (3.5,) * 5, (2.0,) * 5) for name in ("loop", "numpy")
    ]
    assert len(measured.configs) == 2 * 2  # engines


async def test_computation_without_anything_to_compare_has_no_floor_and_says_so() -> None:
    measured = Measured(answer=lambda program: b"3.5\n")

    await compute(measured.bench, subject())

    assert [one.floor for one in measured.measurements] == [(), ()]
    assert measured.notes == ["fake: compute: nothing runs `python` without a sandbox to compare"]


async def test_computation_that_fails_leaves_a_note_and_the_others() -> None:
    def answer(program: Program) -> bytes:
        return b"oops\n" if "numpy" in str(program.code) else b"1.5\n"

    measured = Measured(answer=answer)

    await compute(measured.bench, subject())

    assert [one.variant for one in measured.measurements] == ["loop"]
    assert "fake: compute, numpy: it printed no milliseconds, but 'oops\\n'" in measured.notes


async def test_computation_is_told_to_optimise_where_a_compiler_can_be_told() -> None:
    able = Capabilities(languages=frozenset({"c"}), compiles=frozenset({"c"}))
    runtime = FakeRuntime(behaviour=prints(b"1.5\n"), capabilities=able)
    measured = Measured(runtime)

    await compute(measured.bench, subject(able, "c"))

    assert {program.flags for sandbox in runtime.sandboxes for program in sandbox.programs} == {("-O2",)}


async def test_failed_program_is_quoted_in_the_note() -> None:
    runtime = FakeRuntime(behaviour=prints(b"", b"first\nNameError: x\n", status=Status.ERROR))
    runtime.advice = "try again"
    measured = Measured(runtime)

    await compute(measured.bench, subject())

    assert measured.notes[-1] == (
        "fake: compute, numpy: the program ended with `error`, `exit-nonzero`: NameError: x; try again"
    )


@pytest.mark.parametrize("said", ["", "0", "-1", "nan", "inf", "1e99", "3.5 ms"])
def test_what_is_no_time_is_refused(said: str) -> None:
    with pytest.raises(MeasureError):
        milliseconds(said)


@pytest.mark.parametrize(("said", "expected"), [("3.5\n", 3.5), ("1e-3", 0.001), ("999999999", 999999999.0)])
def test_time_is_read(said: str, expected: float) -> None:
    assert milliseconds(said) == expected
