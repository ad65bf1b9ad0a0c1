"""Command lines that a background engine carries out for its clients."""

import os

import anyio
import pytest

from engine.background._frames import Bounds, Frame
from engine.background._service import Channel, Limits

from ._background import background, connection, ended, greeted, refused, until_idle

pytestmark = pytest.mark.usefixtures("control_folder")


async def test_command_line_is_carried_out() -> None:
    async def command(line: bytes, channel: Channel) -> None:
        channel.send(b"o", b"out " + line)
        channel.send(b"e", b"err")
        channel.send(b"x", b"3")

    async with background(command=command) as served, connection() as peer:
        peer.send(b"C", b"\xff\0")

        assert await peer.receive() == Frame(b"o", b"out \xff\0")
        assert await peer.receive() == Frame(b"e", b"err")
        assert await peer.receive() == Frame(b"x", b"3")
        assert await peer.receive() is None
        await until_idle(served)


async def test_commands_of_one_login_session_are_one_caller() -> None:
    async def command(line: bytes, channel: Channel) -> None:
        channel.send(b"o", channel.caller.name.encode())

    async with background(command=command), connection() as peer:
        peer.send(b"C", b"")

        assert await peer.receive() == Frame(b"o", f"session {os.getsid(0)}".encode())


async def test_command_is_left_to_the_client_where_nobody_carries_it_out() -> None:
    async with background(), connection() as peer:
        peer.send(b"C", b"run")

        assert "carries out no commands" in await refused(peer)
        assert await peer.receive() is None


async def test_long_output_is_sent_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.background._channel.MAX_OUTPUT", 10)

    async def command(line: bytes, channel: Channel) -> None:
        channel.send(b"o", b"0123456789abcdefghijk")

    async with background(command=command), connection() as peer:
        peer.send(b"C", b"")

        assert [await peer.receive() for _ in range(3)] == [
            Frame(b"o", b"0123456789"),
            Frame(b"o", b"abcdefghij"),
            Frame(b"o", b"k"),
        ]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([b""], b""),
        ([b"ab", b"\0\xff", b""], b"ab\0\xff"),
        ([b"12345", b"67890", b""], b"1234567890"),
        ([b"12345", b"678901", b"2345", b"6", b""], b"12345678901"),
    ],
)
async def test_standard_input_is_asked_for_and_cut_off_above_its_bound(
    parts: list[bytes], expected: bytes
) -> None:
    async def command(line: bytes, channel: Channel) -> None:
        channel.send(b"o", b"got " + await channel.receive_input(10))
        await channel.receive_input(10)

    async with background(command=command), connection() as peer:
        peer.send(b"C", b"")
        assert await peer.receive() == Frame(b"i", b"")
        for part in parts:
            peer.send(b"I", part)

        assert await peer.receive() == Frame(b"o", b"got " + expected)
        assert await peer.receive() == Frame(b"i", b"")


async def test_ten_megabytes_of_standard_input_arrive() -> None:
    data = bytes(range(256)) * 40_000

    async def command(line: bytes, channel: Channel) -> None:
        channel.send(b"x", b"%d" % (await channel.receive_input(1 << 28) == data))

    async with background(command=command), connection() as peer:
        peer.send(b"C", b"")
        await peer.receive()
        for start in range(0, len(data), 1 << 20):
            peer.send(b"I", data[start : start + (1 << 20)])
        peer.send(b"I", b"")

        assert await peer.receive() == Frame(b"x", b"1")


async def test_standard_input_that_nobody_asked_for_ends_the_command() -> None:
    async with background(command=_waits) as served, connection() as peer:
        peer.send(b"C", b"")
        peer.send(b"I", b"x")

        await ended(peer)
        await until_idle(served)


async def _waits(line: bytes, channel: Channel) -> None:
    await anyio.sleep_forever()


@pytest.mark.parametrize("number", [2, 15])
async def test_command_is_stopped_by_a_signal(number: int) -> None:
    seen: list[int | None] = []

    async def command(line: bytes, channel: Channel) -> None:
        try:
            channel.send(b"b", b"")
            await anyio.sleep_forever()
        finally:
            seen.append(channel.stopped_by)

    async with background(command=command) as served, connection() as peer:
        peer.send(b"C", b"")
        await peer.receive()

        peer.send(b"K", b"%d" % number)

        assert await peer.receive() == Frame(b"x", b"%d" % (128 + number))
        assert await peer.receive() is None
        await until_idle(served)
    assert seen == [number]


async def test_command_that_is_stopped_may_say_how_it_ended() -> None:
    async def command(line: bytes, channel: Channel) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            channel.send(b"x", b"7")

    async with background(command=command), connection() as peer:
        peer.send(b"C", b"")
        peer.send(b"K", b"2")

        assert await peer.receive() == Frame(b"x", b"7")
        assert await peer.receive() is None


@pytest.mark.parametrize("payload", [b"", b"-1", b"0", b"65", b"x", b"9" * 16])
async def test_signal_that_is_none_ends_the_command(payload: bytes) -> None:
    async with background(command=_waits) as served, connection() as peer:
        peer.send(b"C", b"")
        peer.send(b"K", payload)

        await ended(peer)
        await until_idle(served)


async def test_command_ends_when_its_client_goes() -> None:
    seen: list[int | None] = []

    async def command(line: bytes, channel: Channel) -> None:
        try:
            channel.send(b"b", b"")
            await anyio.sleep_forever()
        finally:
            seen.append(channel.stopped_by)

    async with background(command=command) as served:
        async with connection() as peer:
            peer.send(b"C", b"")
            await peer.receive()
            assert served.activity.active == 1

        await until_idle(served)
    assert seen == [None]


async def test_command_that_fails_is_logged_and_its_client_told(caplog: pytest.LogCaptureFixture) -> None:
    async def command(line: bytes, channel: Channel) -> None:
        raise ZeroDivisionError("a mistake")

    async with background(command=command), connection() as peer:
        peer.send(b"C", b"")

        assert await peer.receive() == Frame(b"x", b"4")
    assert "a mistake" in caplog.text


async def test_reader_of_a_command_may_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever pages through output lets it wait for longer than a program may."""

    async def command(line: bytes, channel: Channel) -> None:
        channel.send(b"o", b"x" * (1 << 20))
        channel.send(b"x", b"0")

    limits = Limits(bounds=Bounds(stall_seconds=0.02))
    async with background(command=command, limits=limits), connection() as peer:
        peer.send(b"C", b"")
        await anyio.sleep(0.1)

        assert await peer.receive() == Frame(b"o", b"x" * (1 << 20))
        assert await peer.receive() == Frame(b"x", b"0")


async def test_command_line_in_the_middle_of_requests_is_refused() -> None:
    async with background(command=_waits), greeted() as peer:
        peer.send(b"C", b"run")

        await ended(peer)
