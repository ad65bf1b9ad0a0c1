"""A refill that fails is tried again later and later, and never by itself."""

from collections import deque

import anyio
import pytest

from engine._refill import FIRST_BACK_OFF_SECONDS, MAX_BACK_OFF_SECONDS, Refill

from ._pools import Clock, settle


class Source:
    """Adds one sandbox, after the errors that it was given."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = deque(errors)
        self.has_room = True
        self.tries = 0
        self.added = 0

    def wanted(self) -> bool:
        return self.added == 0

    async def add(self) -> bool:
        self.tries += 1
        if self.errors:
            raise self.errors.popleft()
        if not self.has_room:
            return False
        self.added += 1
        return True


async def end_lease(refill: Refill) -> None:
    refill.lease_ended()
    await settle()


async def test_failure_does_not_escape_and_is_kept() -> None:
    source = Source(ValueError("bad luck"))
    async with anyio.create_task_group() as tasks:
        refill = Refill(source.wanted, source.add, tasks=tasks)

        await end_lease(refill)

    assert refill.failures == 1
    assert refill.last_error == "ValueError: bad luck"


async def test_nothing_is_tried_before_the_back_off_is_over() -> None:
    source, clock = Source(ValueError()), Clock()
    async with anyio.create_task_group() as tasks:
        refill = Refill(source.wanted, source.add, tasks=tasks, clock=clock)
        await end_lease(refill)

        clock.now += FIRST_BACK_OFF_SECONDS * 0.99
        await end_lease(refill)
        assert source.tries == 1

        clock.now += FIRST_BACK_OFF_SECONDS * 0.01
        await end_lease(refill)
        assert source.added == 1


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (1, FIRST_BACK_OFF_SECONDS),
        (2, FIRST_BACK_OFF_SECONDS * 2),
        (3, FIRST_BACK_OFF_SECONDS * 4),
        (12, MAX_BACK_OFF_SECONDS),
    ],
)
async def test_back_off_doubles_up_to_its_maximum(failures: int, seconds: float) -> None:
    source, clock = Source(*(ValueError() for _ in range(failures))), Clock()
    async with anyio.create_task_group() as tasks:
        refill = Refill(source.wanted, source.add, tasks=tasks, clock=clock)
        for _ in range(failures):
            clock.now += MAX_BACK_OFF_SECONDS
            await end_lease(refill)

        clock.now += seconds * 0.99
        await end_lease(refill)
        assert source.added == 0

        clock.now += seconds * 0.02
        await end_lease(refill)
        assert source.added == 1


async def test_refill_without_room_is_left_until_asked_again_and_does_not_back_off() -> None:
    source, clock = Source(), Clock()
    source.has_room = False
    async with anyio.create_task_group() as tasks:
        refill = Refill(source.wanted, source.add, tasks=tasks, clock=clock)
        await end_lease(refill)
        tries_without_room = source.tries

        source.has_room = True
        refill.nudge()
        await settle()

    assert tries_without_room == 1
    assert refill.failures == 0
    assert source.added == 1


async def test_nudge_lets_a_refill_wait_for_the_end_of_the_lease() -> None:
    source = Source()
    async with anyio.create_task_group() as tasks:
        refill = Refill(source.wanted, source.add, tasks=tasks, delay_seconds=60)
        refill.lease_began()
        await settle()

        refill.nudge()
        await settle()
        assert source.added == 0

        await end_lease(refill)
        assert source.added == 1


async def test_success_elsewhere_ends_the_back_off() -> None:
    source, clock = Source(ValueError()), Clock()
    async with anyio.create_task_group() as tasks:
        refill = Refill(source.wanted, source.add, tasks=tasks, clock=clock)
        await end_lease(refill)

        refill.start_succeeded()
        await end_lease(refill)

    assert source.added == 1
