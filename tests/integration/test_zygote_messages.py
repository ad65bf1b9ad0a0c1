"""What the maker does with messages that are no orders, over the socket that is otherwise the warden's."""

import os
import resource
import select
import signal
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from errno import EALREADY, EBADMSG, ETOOMANYREFS

import anyio
import pytest

from runtimes.guest.order import LAYOUT
from tests.support.machine import until
from tests.support.zygote_line import (
    Line,
    open_line,
    order,
    ready_frame,
    some_descriptors,
    streams,
    written_until_closed,
)

pytestmark = [pytest.mark.jail, pytest.mark.slow]

#: The most that the kernel passes with one message.
MOST_DESCRIPTORS = 253


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def line(anyio_backend: str) -> AsyncGenerator[Line]:
    async with open_line() as opened:
        await opened.assert_serves()
        yield opened


@pytest.fixture
async def before(line: Line) -> tuple[int, int, int]:
    """What the jail holds when it waits for orders."""
    await until(lambda: line.holdings()[2] == 1, what="only the init of the next sandbox is there")
    return line.holdings()


NO_ORDERS = {
    "empty": b"",
    "one byte": b"I",
    "truncated": order(1)[:-1],
    "one byte more": order(1) + b"\0",
    "two at once": order(1) * 2,
    "oversized": order(1) + bytes(100_000),
    "of another version": order(1, magic=b"ISO2"),
    "zeros": bytes(LAYOUT.size),
    "ones": b"\xff" * LAYOUT.size,
    "json": b'{"kind":"fork","number":1}',
}


@pytest.mark.parametrize("count", [0, 5, 16])
@pytest.mark.parametrize("message", NO_ORDERS.values(), ids=NO_ORDERS)
async def test_message_that_is_no_order_is_refused_and_its_descriptors_are_closed(
    line: Line, before: tuple[int, int, int], message: bytes, count: int
) -> None:
    with some_descriptors(count) as (reader, copies):
        line.send(message, copies)
        answer = await line.answer()

        assert (answer.number, answer.problem, answer.init) == (0, EBADMSG, -1)
        assert await written_until_closed(reader, copies) == b""
    assert line.holdings() == before
    await line.assert_serves()


@pytest.mark.parametrize("count", [0, 1, 4, 6, 15, 16, 17, 64, MOST_DESCRIPTORS])
async def test_order_with_missing_or_surplus_descriptors_is_refused_and_they_are_closed(
    line: Line, before: tuple[int, int, int], count: int
) -> None:
    number = line.next()
    with some_descriptors(count) as (reader, copies):
        line.send(order(number), copies)
        answer = await line.answer()

        # Of more than fit nothing is looked at, not even the number.
        assert (answer.number, answer.problem) == (number if count <= 16 else 0, EBADMSG)
        assert await written_until_closed(reader, copies) == b""
    assert line.holdings() == before
    await line.assert_serves()


@pytest.mark.parametrize(
    ("groups", "into", "count"), [(1, 0, 5), (0, 1, 5), (0, 2, 7), (11, 1, 16), (2**32 - 1, 1, 5), (2, 1, 7)]
)
async def test_order_that_announces_other_descriptors_than_it_has_is_refused(
    line: Line, before: tuple[int, int, int], groups: int, into: int, count: int
) -> None:
    number = line.next()
    with some_descriptors(count) as (reader, copies):
        line.send(order(number, groups=groups, into=into), copies)
        answer = await line.answer()

        assert (answer.number, answer.problem) == (number, EBADMSG)
        assert await written_until_closed(reader, copies) == b""
    assert line.holdings() == before
    await line.assert_serves()


@pytest.mark.parametrize("back", [0, 1])
async def test_order_whose_number_was_used_is_refused(
    line: Line, before: tuple[int, int, int], back: int
) -> None:
    await line.assert_serves()
    await line.assert_serves()
    await until(lambda: line.holdings() == before, what="the sandboxes have gone")
    number = line.next() - 1 - back
    with some_descriptors(5) as (reader, copies):
        line.send(order(number), copies)
        answer = await line.answer()

        assert (answer.number, answer.problem, answer.init) == (number, EALREADY, -1)
        assert await written_until_closed(reader, copies) == b""
    assert line.holdings() == before
    await line.assert_serves()


async def test_order_of_a_number_in_the_future_is_served_and_the_ones_below_are_used(line: Line) -> None:
    line._number += 1000

    await line.assert_serves()

    with streams() as (_, theirs):
        line.send(order(line._number - 1), theirs)
        assert (await line.answer()).problem == EALREADY
    await line.assert_serves()


async def test_descriptors_of_another_kind_cost_one_sandbox_only(
    line: Line, before: tuple[int, int, int]
) -> None:
    for groups, into in ((0, 0), (3, 0), (0, 1), (3, 1)):
        with some_descriptors(5 + groups + into) as (reader, copies):
            number = line.next()
            line.send(order(number, groups=groups, into=into), copies)
            answer = await line.answer()

            assert (answer.number, answer.problem) == (number, 0)
            await written_until_closed(reader, copies)
        answer.close()
    await until(lambda: line.holdings() == before, what="the sandboxes have gone")
    await line.assert_serves()


async def test_order_for_an_unknown_user_fails_in_the_child(line: Line, before: tuple[int, int, int]) -> None:
    with streams() as (pipes, theirs):
        line.send(order(line.next(), uid=2**31), theirs)
        answer = await line.answer()
        await anyio.wait_readable(pipes.control)

        assert b'"failed"' in ready_frame(pipes)
    answer.close()
    await until(lambda: line.holdings() == before, what="the sandbox has gone")
    await line.assert_serves()


async def test_flood_of_messages_is_answered_one_by_one(line: Line, before: tuple[int, int, int]) -> None:
    """Who does not read the answers makes the maker wait, and it waits without losing any."""
    sent = line.flood()

    answers = [await line.answer() for _ in range(sent)]

    assert {answer.problem for answer in answers} == {EBADMSG}
    assert line.holdings() == before
    await line.assert_serves()


async def test_many_orders_at_once_are_all_served(line: Line, before: tuple[int, int, int]) -> None:
    numbers = [line.next() for _ in range(20)]
    with ExitStack() as stack:
        opened = [stack.enter_context(streams()) for _ in numbers]
        for number, (_, theirs) in zip(numbers, opened, strict=True):
            line.send(order(number), theirs)
        answers = [await line.answer() for _ in numbers]
        for pipes, _ in opened:
            await anyio.wait_readable(pipes.control)
            assert b'"ready"' in ready_frame(pipes)

    assert [(answer.number, answer.problem) for answer in answers] == [(number, 0) for number in numbers]
    for answer in answers:
        answer.close()
    await until(lambda: line.holdings() == before, what="the sandboxes have gone")


@pytest.mark.parametrize("words", [b"?", b"x", b"?" * 100, b"x" * 4096])
async def test_nothing_that_is_said_on_the_line_of_a_run_ends_it(
    line: Line, before: tuple[int, int, int], words: bytes
) -> None:
    with streams() as (pipes, theirs):
        line.send(order(line.next()), theirs)
        answer = await line.answer()
        await anyio.wait_readable(pipes.control)
        assert b'"ready"' in ready_frame(pipes)

        os.write(answer.over, words)
        await line.assert_serves()
        assert select.select([answer.over], [], [], 0)[0] == []
    await anyio.wait_readable(answer.over)

    assert os.read(answer.over, 2) == b"."
    answer.close()
    await until(lambda: line.holdings() == before, what="the sandboxes have gone")


async def test_order_that_cannot_be_passed_on_leaves_no_namespace(
    line: Line, before: tuple[int, int, int]
) -> None:
    """The kernel lets only so many descriptors be on their way: here those that the zygote does not take."""
    _, maker, zygote = line.family
    usual = resource.prlimit(maker, resource.RLIMIT_NOFILE)
    resource.prlimit(maker, resource.RLIMIT_NOFILE, (26, usual[1]))
    os.kill(zygote, signal.SIGSTOP)
    problems: dict[int, int] = {}
    try:
        while not any(problems.values()):
            with streams() as (_, theirs):
                line.send(order(line.next()), theirs)
            answer = await line.answer()
            problems[answer.number] = answer.problem
            answer.close()
    finally:
        os.kill(zygote, signal.SIGCONT)
        resource.prlimit(maker, resource.RLIMIT_NOFILE, usual)

    assert set(problems.values()) == {0, ETOOMANYREFS}
    await until(lambda: line.holdings() == before, what="the sandboxes have gone")
    await line.assert_serves()
