"""Turns: bounds on number and memory, the line, deadlines, sessions, and that nothing is ever lost."""

import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from engine import (
    AdmissionConfig,
    Caller,
    ConfigError,
    PoolClosedError,
    PoolFullError,
    PoolTimeoutError,
    Rejection,
)
from engine._admission import Admission, KeptMemory, Turn
from engine._caller import ANYBODY, MAX_NAME, Priority

from ._pools import Clock, settle

POINTS = range(12)


def admission_of(
    *,
    running: int = 2,
    memory_mib: int = 1000,
    waiting: int = 100,
    wait_seconds: float = 60.0,
    clock: Callable[[], float] | None = None,
) -> Admission:
    config = AdmissionConfig(
        max_running=running, memory_mib=memory_mib, max_waiting=waiting, wait_seconds=wait_seconds
    )
    return Admission(config, clock=clock or Clock())


class Holder:
    """Asks for a turn in a task of its own, and has it until it is told to end."""

    def __init__(self, admission: Admission, caller: Caller = ANYBODY, memory_mib: int = 100) -> None:
        self.has_turn = False
        self.error: Exception | None = None
        self.turn: Turn | None = None
        self.scope = anyio.CancelScope()
        self._admission = admission
        self._caller = caller
        self._memory_mib = memory_mib
        self._told = anyio.Event()
        self.kept: KeptMemory | None = None

    async def start(self, tasks: TaskGroup) -> "Holder":
        """Return when the turn has come, or is waited for."""
        tasks.start_soon(self._hold)
        await settle()
        return self

    async def end(self) -> None:
        self._told.set()
        await settle()

    async def _hold(self) -> None:
        try:
            with self.scope:
                async with self._admission.turn(self._caller, self._memory_mib, self.kept) as self.turn:
                    self.has_turn = True
                    await self._told.wait()
        except Exception as error:
            self.error = error
        finally:
            self.has_turn = False


async def holders(admission: Admission, tasks: TaskGroup, count: int, name: str = "") -> list[Holder]:
    return [await Holder(admission, Caller(name=name)).start(tasks) for _ in range(count)]


@asynccontextmanager
async def crowd(admission: Admission) -> AsyncGenerator[TaskGroup]:
    """Yield a task group whose tasks are cancelled in the end; then nobody has anything."""
    async with anyio.create_task_group() as tasks:
        yield tasks
        tasks.cancel_scope.cancel()
    assert_nothing_held(admission)


def assert_nothing_held(admission: Admission) -> None:
    stats = admission.stats()
    assert (stats.running, stats.waiting, stats.memory_mib) == (0, 0, 0)


async def use(admission: Admission, caller: Caller = ANYBODY, memory_mib: int = 100) -> None:
    async with admission.turn(caller, memory_mib):
        await checkpoint()


async def know_pace(admission: Admission, clock: Clock, seconds: float) -> None:
    """Let one turn take so long."""
    async with admission.turn(ANYBODY, 1):
        clock.now += seconds


def test_free_turn_is_taken_without_giving_way() -> None:
    turn = admission_of().turn(ANYBODY, 100)

    with pytest.raises(StopIteration):
        turn.__aenter__().__await__().send(None)


async def test_as_many_as_allowed_have_a_turn_and_the_next_waits_for_an_end() -> None:
    admission = admission_of(running=2)
    async with crowd(admission) as tasks:
        first, second, third = await holders(admission, tasks, 3)
        assert [one.has_turn for one in (first, second, third)] == [True, True, False]
        assert admission.stats().waiting == 1

        await first.end()

        assert (second.has_turn, third.has_turn) == (True, True)


@pytest.mark.parametrize(("memory_mib", "fits"), [(600, True), (601, False)])
async def test_memory_limits_together_stay_within_the_budget(memory_mib: int, fits: bool) -> None:
    admission = admission_of(running=8, memory_mib=1000)
    async with crowd(admission) as tasks:
        first = await Holder(admission, memory_mib=400).start(tasks)

        second = await Holder(admission, memory_mib=memory_mib).start(tasks)

        assert second.has_turn is fits
        await first.end()
        assert second.has_turn


@pytest.mark.parametrize("memory_mib", [1001, 5000])
async def test_program_larger_than_the_budget_is_refused_at_once(memory_mib: int) -> None:
    admission = admission_of(memory_mib=1000)

    with pytest.raises(ConfigError, match=f"{memory_mib} MiB is more than all .* 1000 MiB") as caught:
        admission.turn(ANYBODY, memory_mib)

    assert "admission.memory-mib" in caught.value.hint
    assert admission.stats().refused[Rejection.TOO_LARGE] == 1


async def test_program_as_large_as_the_budget_has_a_turn() -> None:
    await use(admission_of(memory_mib=1000), memory_mib=1000)


async def test_small_ones_do_not_pass_a_large_one_that_waits_for_memory() -> None:
    admission = admission_of(running=8, memory_mib=1000)
    async with crowd(admission) as tasks:
        first = await Holder(admission, memory_mib=500).start(tasks)
        large = await Holder(admission, memory_mib=900).start(tasks)
        small = await Holder(admission, memory_mib=100).start(tasks)
        assert (large.has_turn, small.has_turn) == (False, False)

        await first.end()

        assert (large.has_turn, small.has_turn) == (True, True)


async def test_those_behind_a_large_one_go_on_when_it_gives_up() -> None:
    admission = admission_of(running=8, memory_mib=1000)
    async with crowd(admission) as tasks:
        await Holder(admission, memory_mib=500).start(tasks)
        large = await Holder(admission, memory_mib=900).start(tasks)
        small = await Holder(admission, memory_mib=100).start(tasks)

        large.scope.cancel()
        await settle()

        assert small.has_turn


async def test_single_request_waits_for_one_of_a_burst() -> None:
    admission = admission_of(running=1)
    async with crowd(admission) as tasks:
        first, *burst = await holders(admission, tasks, 8, "burst")
        single = await Holder(admission, Caller(name="single")).start(tasks)

        await first.end()
        await burst[0].end()

        assert single.has_turn


async def test_higher_priority_has_its_turn_first() -> None:
    admission = admission_of(running=1)
    order: tuple[Priority, ...] = ("low", "normal", "high")
    async with crowd(admission) as tasks:
        first = await Holder(admission).start(tasks)
        low, normal, high = [await Holder(admission, Caller(priority=one)).start(tasks) for one in order]

        seen = []
        for one in (first, high, normal):
            await one.end()
            seen.append((low.has_turn, normal.has_turn, high.has_turn))

    assert seen == [(False, False, True), (False, True, False), (True, False, False)]


@pytest.mark.parametrize("waiting", [0, 3])
async def test_line_is_bounded(waiting: int) -> None:
    admission = admission_of(running=1, waiting=waiting)
    async with crowd(admission) as tasks:
        admitted = await holders(admission, tasks, 1 + waiting)
        assert [one.error for one in admitted] == [None] * len(admitted)

        with pytest.raises(PoolFullError, match=f"{waiting} callers already wait") as caught:
            await use(admission)

        assert admission.stats().waiting == waiting
        assert admission.stats().refused[Rejection.FULL] == 1
        assert caught.value.retry_after_seconds > 0
        assert f"try again in about {caught.value.retry_after_seconds:g} s" in caught.value.hint
        assert not caught.value.dispatched


async def test_client_that_fills_the_line_makes_room_for_another() -> None:
    admission = admission_of(running=1, waiting=4)
    async with crowd(admission) as tasks:
        burst = await holders(admission, tasks, 5, "burst")

        single = await Holder(admission, Caller(name="single")).start(tasks)

        assert isinstance(burst[-1].error, PoolFullError)
        assert [one.error for one in burst[:-1]] == [None] * 4
        assert (single.error, admission.stats().waiting) == (None, 4)
        await burst[0].end()
        await burst[1].end()
        assert single.has_turn


async def test_turn_that_comes_too_late_is_refused_at_once_and_told_when_it_would_not() -> None:
    clock = Clock()
    admission = admission_of(running=2, clock=clock)
    await know_pace(admission, clock, 2.0)
    impatient = Caller(name="impatient", priority="low", within_seconds=3.0)
    async with crowd(admission) as tasks:
        line = await holders(admission, tasks, 12)
        with pytest.raises(
            PoolFullError, match=r"come in about 11 s, after 10 others, not within 3 s"
        ) as caught:
            await use(admission, impatient)
        assert caught.value.retry_after_seconds == pytest.approx(8.0, rel=0.3)

        # Each takes two seconds, and two have a turn at once.
        passed = 0.0
        while passed < caught.value.retry_after_seconds:
            clock.now += 2.0
            passed += 2.0
            for one in [one for one in line if one.has_turn]:
                await one.end()

        late = await Holder(admission, impatient).start(tasks)
        assert late.error is None
        assert admission.stats().refused[Rejection.LATE] == 1


@pytest.mark.parametrize(("within_seconds", "is_refused"), [(1.99, True), (2.01, False)])
async def test_turn_is_refused_only_if_it_would_come_later_than_asked(
    within_seconds: float, is_refused: bool
) -> None:
    clock = Clock()
    admission = admission_of(running=1, clock=clock)
    await know_pace(admission, clock, 2.0)
    async with crowd(admission) as tasks:
        await Holder(admission).start(tasks)

        asking = await Holder(admission, Caller(within_seconds=within_seconds)).start(tasks)

        assert isinstance(asking.error, PoolFullError) is is_refused


async def test_caller_that_does_not_say_waits_as_long_as_configured() -> None:
    clock = Clock()
    admission = admission_of(running=1, wait_seconds=1.0, clock=clock)
    await know_pace(admission, clock, 2.0)
    async with crowd(admission) as tasks:
        await Holder(admission).start(tasks)

        with pytest.raises(PoolFullError, match="not within 1 s"):
            await use(admission)


async def test_without_an_estimate_nobody_is_refused_and_time_decides() -> None:
    admission = admission_of(running=1)
    async with crowd(admission) as tasks:
        await Holder(admission).start(tasks)

        with pytest.raises(PoolTimeoutError, match=r"no turn came within 0\.01 s") as caught:
            await use(admission, Caller(within_seconds=0.01))

        assert not caught.value.dispatched
        assert (admission.stats().waiting, admission.stats().refused[Rejection.TIMEOUT]) == (0, 1)


async def test_free_turn_is_had_by_who_cannot_wait_at_all() -> None:
    clock = Clock()
    admission = admission_of(running=1, clock=clock)
    await know_pace(admission, clock, 2.0)

    await use(admission, Caller(within_seconds=0.0))


async def test_clock_that_is_set_back_refuses_nobody() -> None:
    clock = Clock()
    admission = admission_of(running=1, clock=clock)
    async with crowd(admission) as tasks:
        first = await Holder(admission).start(tasks)
        second = await Holder(admission, Caller(within_seconds=5.0)).start(tasks)
        clock.now -= 500.0
        await first.end()

        third = await Holder(admission, Caller(within_seconds=5.0)).start(tasks)

        assert second.turn is not None
        assert (second.has_turn, second.turn.waited_seconds) == (True, 0.0)
        assert third.error is None


async def test_waiting_is_measured() -> None:
    clock = Clock()
    admission = admission_of(running=1, clock=clock)
    async with crowd(admission) as tasks:
        first = await Holder(admission).start(tasks)
        second = await Holder(admission).start(tasks)
        clock.now += 7.0

        await first.end()

        assert first.turn is not None
        assert second.turn is not None
        assert (first.turn.waited_seconds, second.turn.waited_seconds) == (0.0, 7.0)


async def test_turn_ends_with_the_exception_of_its_block() -> None:
    admission = admission_of()

    with pytest.raises(KeyError, match="mine"):
        async with admission.turn(ANYBODY, 100):
            raise KeyError("mine")

    assert_nothing_held(admission)


async def test_cancelled_waiter_leaves_at_once() -> None:
    admission = admission_of(running=1)
    async with crowd(admission) as tasks:
        first, second, third = await holders(admission, tasks, 3)

        second.scope.cancel()
        await settle()
        assert admission.stats().waiting == 1
        await first.end()

        assert third.has_turn


async def test_turn_granted_to_a_cancelled_waiter_goes_to_the_next() -> None:
    admission = admission_of(running=1)
    async with crowd(admission) as tasks:
        first, second, third = await holders(admission, tasks, 3)

        first._told.set()
        second.scope.cancel()
        await settle()

        assert not second.has_turn
        assert third.has_turn


async def cancel_after(points: int, admission: Admission, memory_mib: int) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use, admission, ANYBODY, memory_mib)
        for _ in range(points):
            await checkpoint()
        tasks.cancel_scope.cancel()


async def test_crowd_with_every_other_caller_cancelled_leaves_nothing() -> None:
    for points in POINTS:
        admission = admission_of(running=2, memory_mib=1000)
        async with anyio.create_task_group() as tasks:
            for number in range(10):
                memory_mib = 100 + 200 * (number % 4)
                if number % 2:
                    tasks.start_soon(cancel_after, points + number % 3, admission, memory_mib)
                else:
                    tasks.start_soon(use, admission, ANYBODY, memory_mib)

        assert_nothing_held(admission)
        await use(admission)


async def test_closing_ends_the_wait_and_admits_nobody() -> None:
    admission = admission_of(running=1)
    async with crowd(admission) as tasks:
        first, second = await holders(admission, tasks, 2)

        admission.close()
        await settle()

        assert first.has_turn
        assert isinstance(second.error, PoolClosedError)
        with pytest.raises(PoolClosedError, match="closed"):
            await use(admission)


async def session_run(
    admission: Admission, tasks: TaskGroup, kept: KeptMemory, memory_mib: int = 500
) -> Holder:
    holder = Holder(admission, memory_mib=memory_mib)
    holder.kept = kept
    return await holder.start(tasks)


async def session(admission: Admission, tasks: TaskGroup, memory_mib: int = 500) -> KeptMemory:
    """Return what a session keeps after its first run."""
    kept = KeptMemory(admission.gate)
    await (await session_run(admission, tasks, kept, memory_mib)).end()
    return kept


async def test_session_keeps_its_memory_and_not_its_turn() -> None:
    admission = admission_of(running=1, memory_mib=1000)
    async with crowd(admission) as tasks:
        kept = await session(admission, tasks)
        assert (admission.stats().running, admission.stats().memory_mib) == (0, 500)
        waiting = await Holder(admission, memory_mib=501).start(tasks)
        assert not waiting.has_turn

        kept.release()
        kept.release()
        await settle()

        assert waiting.has_turn
        assert admission.stats().memory_mib == 501


async def test_run_of_a_session_passes_those_that_wait_for_its_memory() -> None:
    admission = admission_of(running=2, memory_mib=1000)
    async with crowd(admission) as tasks:
        one, other = await session(admission, tasks), await session(admission, tasks)
        waiting = await Holder(admission, memory_mib=100).start(tasks)
        assert not waiting.has_turn

        runs = [await session_run(admission, tasks, kept) for kept in (one, other)]

        assert [run.has_turn for run in runs] == [True, True]
        assert admission.stats().memory_mib == 1000
        for run in runs:
            await run.end()
        one.release()
        await settle()
        assert waiting.has_turn
        other.release()


async def test_run_of_a_session_waits_for_a_turn_like_others() -> None:
    admission = admission_of(running=1)
    async with crowd(admission) as tasks:
        kept = await session(admission, tasks)
        first, second = await holders(admission, tasks, 2)
        run = await session_run(admission, tasks, kept)
        assert not run.has_turn

        await first.end()
        assert second.has_turn
        await second.end()

        assert run.has_turn
        await run.end()
        kept.release()


async def test_session_goes_on_while_all_that_have_turns_wait_for_its_sandbox() -> None:
    admission = admission_of(running=2)
    async with crowd(admission) as tasks:
        one, other = await session(admission, tasks, 100), await session(admission, tasks, 100)
        first, second = await holders(admission, tasks, 2)
        assert first.turn is not None
        assert second.turn is not None
        first.turn.wait_for_sandbox()
        runs = [await session_run(admission, tasks, kept, 100) for kept in (one, other)]
        assert [run.has_turn for run in runs] == [False, False]

        second.turn.wait_for_sandbox()
        await settle()
        assert [run.has_turn for run in runs] == [True, False]
        await runs[0].end()

        assert runs[1].has_turn
        assert admission.stats().running == 3
        await runs[1].end()
        one.release()
        other.release()


@pytest.mark.parametrize(("processors", "most"), [(1, 8), (2, 8), (3, 12), (64, 256)])
def test_number_follows_from_the_processors(processors: int, most: int) -> None:
    admission = Admission(AdmissionConfig(), processors=processors, memory_mib=1000)

    assert admission.stats().max_running == most
    assert admission.stats().budget_mib == 750


def test_configuration_goes_before_the_machine() -> None:
    stats = Admission(AdmissionConfig(max_running=3, memory_mib=50), processors=9, memory_mib=9).stats()

    assert (stats.max_running, stats.budget_mib) == (3, 50)


def test_machine_is_asked_when_nothing_is_given() -> None:
    stats = Admission(AdmissionConfig()).stats()

    assert stats.max_running >= 8
    assert stats.budget_mib > 100


@pytest.mark.parametrize(("memory_mib", "most"), [(100, 4), (300, 3), (1000, 1), (2000, 1)])
def test_as_many_run_at_once_as_number_and_memory_allow(memory_mib: int, most: int) -> None:
    assert admission_of(running=4, memory_mib=1000).at_once(memory_mib) == most


@pytest.mark.parametrize("within_seconds", [-0.1, math.inf, math.nan])
def test_caller_with_a_time_that_is_none_is_refused(within_seconds: float) -> None:
    with pytest.raises(ConfigError, match="within_seconds"):
        Caller(within_seconds=within_seconds)


def test_caller_with_an_unknown_priority_is_refused() -> None:
    with pytest.raises(ConfigError, match="one of low, normal, high, not 'urgent'"):
        Caller(priority="urgent")  # type: ignore[arg-type]


def test_name_of_a_caller_is_bounded() -> None:
    assert Caller(name="x" * MAX_NAME).priority == "normal"
    with pytest.raises(ConfigError, match="characters"):
        Caller(name="x" * (MAX_NAME + 1))
