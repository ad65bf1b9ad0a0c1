"""Frames: what goes in comes out, and a peer that breaks the rules harms only its own connection."""

import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.lowlevel import checkpoint

from engine.background import _frames as frames
from engine.background._frames import MAX_FRAME, Bounds, Connection, Frame, FrameError, encode

ACCEPTS = {b"C": 100, b"K": 16}


@asynccontextmanager
async def pair(bounds: Bounds | None = None) -> AsyncGenerator[tuple[Connection, socket.socket]]:
    """Yield a connection and the bare socket at its other end."""
    own, other = socket.socketpair()
    other.setblocking(False)
    with anyio.fail_after(10), other:
        async with Connection(own, accepts=ACCEPTS, bounds=bounds) as connection:
            yield connection, other


@asynccontextmanager
async def both() -> AsyncGenerator[tuple[Connection, Connection]]:
    """Yield two connections to each other that accept everything."""
    own, other = socket.socketpair()
    with anyio.fail_after(10):
        async with Connection(own, accepts=MAX_FRAME) as one, Connection(other, accepts=MAX_FRAME) as two:
            yield one, two


async def fill(connection: Connection, other: socket.socket) -> int:
    """Send until the kernel takes no more; return how many bytes it took."""
    sent = 0
    while not connection._outgoing:
        connection.send(b"o", b"x" * 1000)
        sent += 1005
    return sent - len(connection._outgoing[0])


@pytest.mark.parametrize("kind", sorted(MAX_FRAME))
async def test_frame_of_each_kind_arrives(kind: bytes) -> None:
    payload = bytes(range(16))[: MAX_FRAME[kind]]
    async with both() as (one, two):
        one.send(kind, payload)
        two.send(kind, b"")

        assert await two.receive() == Frame(kind, payload)
        assert await one.receive() == Frame(kind, b"")


async def test_ten_megabytes_arrive_whole_and_in_order() -> None:
    data = bytes(range(256)) * 40_000
    async with both() as (one, two):
        one.send(b"I", data)
        one.send(b"I", b"end")

        first, second = await two.receive(), await two.receive()

        assert first is not None
        assert first.payload == data
        assert second == Frame(b"I", b"end")


async def test_many_frames_in_one_go_keep_their_order() -> None:
    async with both() as (one, two):
        for number in range(2000):
            one.send(b"o", b"%d" % number)

        received = [await two.receive() for _ in range(2000)]

        assert [frame.payload for frame in received if frame] == [b"%d" % number for number in range(2000)]


async def test_frame_in_single_bytes_is_put_together() -> None:
    async with pair() as (connection, other), anyio.create_task_group() as tasks:

        async def trickle() -> None:
            for byte in encode(b"C", b"abc"):
                other.send(bytes([byte]))
                await checkpoint()

        tasks.start_soon(trickle)

        assert await connection.receive() == Frame(b"C", b"abc")


@pytest.mark.parametrize("kind", sorted(MAX_FRAME))
def test_payload_is_refused_above_its_bound_and_not_before(
    kind: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME", {kind: 7})

    assert len(encode(kind, b"x" * 7)) == 12
    with pytest.raises(ValueError, match="8 bytes in a frame"):
        encode(kind, b"x" * 8)


async def test_length_is_refused_above_the_bound_and_not_before() -> None:
    async with pair() as (connection, other):
        other.send(struct.pack("!cI", b"C", 100) + b"x" * 100 + struct.pack("!cI", b"C", 101))

        assert await connection.receive() == Frame(b"C", b"x" * 100)
        with pytest.raises(FrameError, match="101 bytes, allowed are 100"):
            await connection.receive()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (struct.pack("!cI", b"C", 0xFFFFFFFF), "4,294,967,295 bytes"),
        (struct.pack("!cI", b"Q", 1) + b"x", "unknown kind b'Q'"),
        (b"\0\0\0\0\0", "unknown kind"),
        (b"GET / HTTP/1.1\r\n\r\n", "unknown kind b'G'"),
        (b"C", "went in the middle"),
        (struct.pack("!cI", b"C", 5) + b"1234", "went in the middle"),
    ],
)
async def test_garbage_is_refused(data: bytes, problem: str) -> None:
    async with pair() as (connection, other):
        other.send(data)
        other.shutdown(socket.SHUT_WR)

        with pytest.raises(FrameError, match=problem):
            await connection.receive()


async def test_memory_is_taken_for_what_has_come_not_for_what_is_announced() -> None:
    own, other = socket.socketpair()
    with other:
        async with Connection(own, accepts={b"Q": 1 << 32}, bounds=Bounds(frame_seconds=0.02)) as connection:
            other.send(struct.pack("!cI", b"Q", 0xFFFFFFFF) + b"x" * 1000)

            with pytest.raises(FrameError, match="in time"):
                await connection.receive()

            assert len(connection._incoming) == 1005


async def test_end_between_frames_is_orderly() -> None:
    async with pair() as (connection, other):
        other.send(encode(b"K", b"15"))
        other.close()

        assert await connection.receive() == Frame(b"K", b"15")
        assert await connection.receive() is None
        assert connection.loss == ""


async def test_silent_peer_is_waited_for_as_long_as_told() -> None:
    async with pair() as (connection, other):
        with pytest.raises(FrameError, match="in time"):
            await connection.receive(within=0.02)
        other.send(encode(b"K", b""))

        assert await connection.receive(within=5) == Frame(b"K", b"")


@pytest.mark.parametrize("beginning", [b"C", struct.pack("!cI", b"C", 5) + b"1234"])
async def test_frame_that_does_not_end_is_given_up_in_time(beginning: bytes) -> None:
    async with pair(Bounds(frame_seconds=0.02)) as (connection, other):
        other.send(beginning)

        with pytest.raises(FrameError, match="in time"):
            await connection.receive()


async def test_frame_survives_that_its_receiver_is_cancelled() -> None:
    async with pair() as (connection, other):
        other.send(encode(b"C", b"abc")[:6])
        with anyio.move_on_after(0.02):
            await connection.receive()
        other.send(encode(b"C", b"abc")[6:])

        assert await connection.receive() == Frame(b"C", b"abc")


async def test_peer_that_reads_nothing_is_given_up_in_time() -> None:
    async with pair(Bounds(stall_seconds=0.02)) as (connection, other):
        await fill(connection, other)

        await connection.flush()

        assert connection.loss == "the peer does not read what it is sent"
        with pytest.raises(FrameError, match="does not read"):
            await connection.receive()


async def test_peer_that_reads_slowly_is_not_given_up() -> None:
    async with pair(Bounds(stall_seconds=5)) as (connection, other), anyio.create_task_group() as tasks:
        expected = await fill(connection, other) + connection._outgoing_bytes
        tasks.start_soon(connection.flush)

        received = 0
        while received < expected:
            await anyio.wait_readable(other)
            received += len(other.recv(1000))

        assert connection.loss == ""


async def test_peer_is_borne_with_for_longer_when_asked_to() -> None:
    async with pair(Bounds(stall_seconds=0.02)) as (connection, other):
        connection.bear(5)
        await fill(connection, other)
        with anyio.move_on_after(0.05):
            await connection.flush()

        assert connection.loss == ""


async def test_what_may_wait_for_a_peer_is_bounded() -> None:
    async with pair(Bounds(outgoing_bytes=10_000)) as (connection, other):
        await fill(connection, other)
        while connection._outgoing_bytes <= 10_000:
            assert connection.loss == ""
            connection.send(b"o", b"x" * 1000)

        connection.send(b"o", b"one more")

        assert connection.loss == "the peer does not read what it is sent"
        assert connection._outgoing_bytes == 0


async def test_what_must_not_be_lost_waits_until_there_is_room() -> None:
    async with pair(Bounds(outgoing_bytes=2_000)) as (connection, other), anyio.create_task_group() as tasks:
        taken = await fill(connection, other)
        connection.send(b"o", b"x" * 1000)
        done = anyio.Event()

        async def send() -> None:
            for _ in range(10):
                await connection.send_in_turn(b"o", b"y" * 1000)
            done.set()

        tasks.start_soon(send)
        await anyio.wait_all_tasks_blocked()
        assert not done.is_set()
        received = 0
        while received < taken or not done.is_set():
            await anyio.wait_readable(other)
            received += len(other.recv(100_000))

        assert connection.loss == ""


async def test_sending_to_a_peer_that_has_gone_is_no_error() -> None:
    async with pair() as (connection, other):
        other.close()

        connection.send(b"o", b"x")
        connection.send(b"o", b"x")
        await connection.flush()
        await connection.send_in_turn(b"o", b"x")

        assert connection.loss
        with pytest.raises(FrameError, match="has gone"):
            await connection.receive()


async def test_who_waits_for_a_connection_that_is_given_up_is_told_why() -> None:
    async with pair() as (connection, other), anyio.create_task_group() as tasks:

        async def give_up() -> None:
            await anyio.wait_all_tasks_blocked()
            connection.drop("we are tired of it")
            connection.drop("another reason")

        tasks.start_soon(give_up)

        with pytest.raises(FrameError, match="we are tired of it"):
            await connection.receive()

        assert other.recv(1) == b""


@pytest.mark.parametrize("flush", [True, False])
async def test_what_has_not_been_sent_at_the_end_is_dropped_unless_one_waits_for_it(flush: bool) -> None:
    own, other = socket.socketpair()
    other.setblocking(False)
    received = 0
    with other:
        async with anyio.create_task_group() as tasks, Connection(own, accepts={}) as connection:
            sent = await fill(connection, other) + connection._outgoing_bytes
            if flush:

                async def read() -> None:
                    nonlocal received
                    while received < sent:
                        await anyio.wait_readable(other)
                        received += len(other.recv(1 << 20))

                tasks.start_soon(read)
                await connection.flush()
        if not flush:
            while part := other.recv(1 << 20):
                received += len(part)

    assert (received == sent) is flush
