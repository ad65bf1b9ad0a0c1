"""Bytes between descriptors and the host: all of them, in order, and bounded in what is kept."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import anyio
import pytest
from anyio.lowlevel import checkpoint

from engine._pump import Capture, Pump

#: More than a pipe holds, which is 64 KiB.
LARGE = bytes(range(256)) * 2048


class Pipes:
    """Makes pipes with non-blocking ends and closes what the test leaves open."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def make(self) -> tuple[int, int]:
        ends = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._open |= {*ends}
        return ends

    def close(self, descriptor: int) -> None:
        self._open.remove(descriptor)
        os.close(descriptor)

    def close_all(self) -> None:
        for descriptor in list(self._open):
            self.close(descriptor)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def pipes(stack: ExitStack) -> Pipes:
    made = Pipes()
    stack.callback(made.close_all)
    return made


@pytest.fixture
def pump(stack: ExitStack) -> Pump:
    made = Pump()
    stack.callback(made.close)
    return made


def nothing() -> None:
    """Stand for a caller that is not interested."""


def read_all(descriptor: int) -> bytes:
    data = b""
    while True:
        try:
            chunk = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return data
        if not chunk:
            return data
        data += chunk


async def test_what_arrives_is_handed_over_until_end_of_file(pump: Pump, pipes: Pipes) -> None:
    reader, writer = pipes.make()
    received: list[bytes] = []
    pump.read(reader, received.append)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pump.run)
        for part in (b"one", b"two", b"three"):
            os.write(writer, part)
            while b"".join(received).endswith(part) is False:
                await checkpoint()
        pipes.close(writer)

    assert received == [b"one", b"two", b"three"]


async def test_run_ends_when_there_is_nothing_to_watch(pump: Pump) -> None:
    await pump.run()


async def test_more_than_a_pipe_holds_goes_through_both_ways(pump: Pump, pipes: Pipes) -> None:
    reader, writer = pipes.make()
    received: list[bytes] = []
    pump.read(reader, received.append)
    pump.write(writer, LARGE, lambda: pipes.close(writer))

    await pump.run()

    assert b"".join(received) == LARGE


async def test_several_descriptors_are_kept_apart(pump: Pump, pipes: Pipes) -> None:
    received: dict[int, bytes] = {}

    def receiver(number: int) -> Callable[[bytes], None]:
        return lambda data: received.update({number: received.get(number, b"") + data})

    for number in range(5):
        reader, writer = pipes.make()
        pump.read(reader, receiver(number))
        pump.write(writer, bytes([number]) * (number * 50_000), lambda end=writer: pipes.close(end))  # type: ignore[misc]

    await pump.run()

    assert received == {number: bytes([number]) * (number * 50_000) for number in range(1, 5)}


async def test_socket_is_read_and_written_at_once(pump: Pump, stack: ExitStack) -> None:
    ours, theirs = socket.socketpair()
    for end in (stack.enter_context(ours), stack.enter_context(theirs)):
        end.setblocking(False)
    received: dict[str, bytes] = {"ours": b"", "theirs": b""}

    def receive(end: socket.socket, name: str, data: bytes) -> None:
        received[name] += data
        if len(received[name]) == len(LARGE):
            # Its peer has everything; now it sees the end.
            end.shutdown(socket.SHUT_RD)

    pump.read(ours.fileno(), lambda data: receive(ours, "ours", data))
    pump.read(theirs.fileno(), lambda data: receive(theirs, "theirs", data))
    pump.write(ours.fileno(), LARGE, nothing)
    pump.write(theirs.fileno(), LARGE[::-1], nothing)

    await pump.run()

    assert received == {"ours": LARGE[::-1], "theirs": LARGE}


def test_small_write_is_done_at_once(pump: Pump, pipes: Pipes) -> None:
    reader, writer = pipes.make()
    done: list[str] = []

    pump.write(writer, b"small", lambda: done.append("done"))

    assert (done, os.read(reader, 100)) == (["done"], b"small")


def test_empty_write_is_done_at_once(pump: Pump, pipes: Pipes) -> None:
    _, writer = pipes.make()
    done: list[str] = []

    pump.write(writer, b"", lambda: done.append("done"))

    assert done == ["done"]


@pytest.mark.parametrize("size", [1, len(LARGE)])
async def test_reader_that_closed_before_counts_as_done(size: int, pump: Pump, pipes: Pipes) -> None:
    reader, writer = pipes.make()
    pipes.close(reader)
    done: list[str] = []

    pump.write(writer, LARGE[:size], lambda: done.append("done"))
    await pump.run()

    assert done == ["done"]


async def test_reader_that_closes_half_way_counts_as_done(pump: Pump, pipes: Pipes) -> None:
    reader, writer = pipes.make()
    done: list[str] = []
    pump.write(writer, LARGE, lambda: done.append("done"))
    assert done == []

    pipes.close(reader)
    await pump.run()

    assert done == ["done"]


async def test_stop_before_run_makes_it_return_at_once(pump: Pump, pipes: Pipes) -> None:
    reader, _ = pipes.make()
    pump.read(reader, lambda data: None)

    pump.stop()
    await pump.run()


async def test_stop_ends_a_run_that_waits(pump: Pump, pipes: Pipes) -> None:
    reader, _ = pipes.make()
    pump.read(reader, lambda data: None)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pump.run)
        await checkpoint()
        pump.stop()


async def test_bytes_left_in_the_pipe_at_a_stop_are_drained(pump: Pump, pipes: Pipes) -> None:
    reader, writer = pipes.make()
    received: list[bytes] = []
    pump.read(reader, received.append)
    os.write(writer, b"last words")

    pump.stop()
    await pump.run()
    pump.drain()

    assert b"".join(received) == b"last words"


def test_drain_takes_what_is_there_and_does_not_wait_for_a_writer(pump: Pump, pipes: Pipes) -> None:
    reader, writer = pipes.make()
    received: list[bytes] = []
    pump.read(reader, received.append)
    written = os.write(writer, LARGE)

    pump.drain()

    assert b"".join(received) == LARGE[:written]


async def test_descriptor_for_the_end_is_left_alone_until_drain(pump: Pump, pipes: Pipes) -> None:
    reader, writer = pipes.make()
    received: list[bytes] = []
    pump.read_at_end(reader, received.append)
    os.write(writer, b"exit")

    await pump.run()
    assert received == []
    pump.drain()

    assert received == [b"exit"]


async def test_deferred_rest_stays_in_the_pipe_until_drain(pump: Pump, pipes: Pipes) -> None:
    first, second = pipes.make(), pipes.make()
    received: list[bytes] = []

    def report(data: bytes) -> None:
        received.append(data)
        os.write(second[1], b"rest")
        pump.defer_rest()

    pump.read(first[0], report)
    pump.read(second[0], received.append)
    os.write(first[1], b"report")

    await pump.run()
    assert received == [b"report"]
    pump.drain()

    assert received == [b"report", b"rest"]


async def test_deferring_does_not_stop_a_write(pump: Pump, pipes: Pipes) -> None:
    reader, writer = pipes.make()
    done: list[str] = []
    pump.write(writer, LARGE, lambda: done.append("done"))
    pump.defer_rest()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pump.run)
        received = b""
        while len(received) < len(LARGE):
            received += read_all(reader)
            await checkpoint()

    assert (received, done) == (LARGE, ["done"])


def test_close_is_idempotent_and_a_late_stop_harmless() -> None:
    before = os.listdir("/proc/self/fd")
    pump = Pump()

    pump.close()
    pump.close()
    pump.stop()

    assert os.listdir("/proc/self/fd") == before


class Overflow:
    """Counts how often a capture says that something did not fit."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.mark.parametrize(("size", "kept", "dropped"), [(9, 9, 0), (10, 10, 0), (11, 10, 1), (30, 10, 20)])
@pytest.mark.parametrize("chunk", [1, 4, 100])
def test_capture_keeps_the_head_and_counts_the_rest_exactly(
    size: int, kept: int, dropped: int, chunk: int
) -> None:
    data = bytes(range(size))
    overflow = Overflow()
    capture = Capture(10, overflow)

    returned = [capture.add("stdout", data[start : start + chunk]) for start in range(0, size, chunk)]

    assert capture.content("stdout") == b"".join(returned) == data[:kept]
    assert capture.dropped("stdout") == dropped
    assert (overflow.count > 0) is capture.overflowed is (dropped > 0)


def test_capture_shares_its_limit_between_the_streams() -> None:
    overflow = Overflow()
    capture = Capture(10, overflow)

    kept = [capture.add("stdout", b"12345"), capture.add("stderr", b"123456"), capture.add("stdout", b"6")]

    assert kept == [b"12345", b"12345", b""]
    assert (capture.content("stdout"), capture.content("stderr")) == (b"12345", b"12345")
    assert (capture.dropped("stdout"), capture.dropped("stderr"), overflow.count) == (1, 1, 2)


def test_capture_of_nothing_is_empty() -> None:
    capture = Capture(10, nothing)

    assert (capture.content("stdout"), capture.dropped("stderr")) == (b"", 0)
