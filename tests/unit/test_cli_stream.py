import os
import pty
import tty
from collections.abc import Iterator

import anyio
import pytest

from engine.cli._standard import OutputError
from engine.cli._stream import LiveOutput, write_all


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            pass


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ends = pty.openpty()
    tty.setraw(ends[1])
    yield ends
    for end in ends:
        os.close(end)


def _read(descriptor: int, count: int) -> str:
    """Read exactly this many bytes; a terminal hands them out in pieces."""
    data = b""
    while len(data) < count:
        data += os.read(descriptor, count - len(data))
    return data.decode()


async def test_pipe_gets_bytes_unchanged(pipe: tuple[int, int]) -> None:
    live = LiveOutput(stdout=pipe[1], stderr=pipe[1])

    await live.write("stdout", b"\x1b[0m\xc3")
    await live.finish()

    assert os.read(pipe[0], 100) == b"\x1b[0m\xc3"
    assert live.wrote == {"stdout"}


async def test_terminal_gets_visible_text_and_a_last_line_end(terminal: tuple[int, int]) -> None:
    live = LiveOutput(stdout=terminal[1], stderr=terminal[1])

    await live.write("stdout", b"a\x1b[2J\xc3")
    await live.write("stdout", b"\xa4\xff")
    await live.finish()

    assert _read(terminal[0], 13) == "a␛[2Jä\ufffd\n"


async def test_half_a_character_is_shown_at_the_end(terminal: tuple[int, int]) -> None:
    live = LiveOutput(stdout=terminal[1], stderr=terminal[1])

    await live.write("stderr", b"a\n\xe2\x82")
    await live.finish()

    assert _read(terminal[0], 6) == "a\n\ufffd\n"


async def test_slow_reader_does_not_block_the_loop(pipe: tuple[int, int]) -> None:
    data = os.urandom(1 << 20)
    read = bytearray()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write_all, pipe[1], data)
        await anyio.wait_all_tasks_blocked()
        while len(read) < len(data):
            await anyio.wait_readable(pipe[0])
            read += os.read(pipe[0], 1 << 16)

    assert bytes(read) == data


async def test_write_to_a_full_pipe_can_be_cancelled(pipe: tuple[int, int]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write_all, pipe[1], bytes(1 << 20))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()

    assert tasks.cancel_scope.cancelled_caught


async def test_pipe_without_reader_is_told(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])

    with pytest.raises(BrokenPipeError):
        await LiveOutput(stdout=pipe[1]).write("stdout", b"x")


async def test_full_disk_is_told() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)

    try:
        with pytest.raises(OutputError):
            await write_all(descriptor, b"x")
    finally:
        os.close(descriptor)
