"""A process beside the engine: it starts, says something, and is gone when it should be."""

import os
import socket
from contextlib import suppress

import anyio
import pytest

from engine._process import Companion
from tests.support.machine import descriptors, is_running, until

#: Sends back what it gets, until nobody is there.
ECHO = """
import socket, sys
line = socket.socket(fileno=int(sys.argv[1]))
while data := line.recv(100):
    line.sendall(data)
"""


async def received(companion: Companion, size: int) -> bytes:
    data = b""
    with anyio.fail_after(10):
        while len(data) < size:
            await anyio.wait_readable(companion.connection)
            data += companion.connection.recv(size - len(data))
    return data


async def said(code: str) -> str:
    """Return the last words of a process that ends by itself."""
    companion = Companion(code)
    try:
        with anyio.fail_after(10):
            await companion.wait()
        return companion.last_words()
    finally:
        await companion.aclose()


async def test_companion_speaks_over_its_socket() -> None:
    companion = Companion(ECHO)
    try:
        companion.connection.send(b"hello")

        assert await received(companion, 5) == b"hello"
        assert not companion.has_ended
    finally:
        await companion.aclose()


async def test_companion_has_the_environment_that_it_is_given_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET", "1")
    code = "import os, sys\nos.write(int(sys.argv[1]), repr(dict(os.environ)).encode())"
    companion = Companion(code, env={"LC_CTYPE": "C.UTF-8", "GIVEN": "2"})
    try:
        expected = repr({"LC_CTYPE": "C.UTF-8", "GIVEN": "2"}).encode()

        assert await received(companion, len(expected)) == expected
    finally:
        await companion.aclose()


async def test_companion_has_no_descriptor_but_its_socket_and_the_standard_ones() -> None:
    ours, theirs = socket.socketpair()
    code = "import os, sys\nos.write(int(sys.argv[1]), ' '.join(os.listdir('/proc/self/fd')).encode() + b'.')"
    with ours, theirs:
        os.set_inheritable(theirs.fileno(), True)
        companion = Companion(code)
        try:
            with anyio.fail_after(10):
                await companion.wait()
            numbers = companion.connection.recv(1000).removesuffix(b".").split()
        finally:
            await companion.aclose()

    # One is of the listing itself.
    assert len(numbers) == 5
    assert str(theirs.fileno()).encode() not in numbers


async def test_closing_kills_a_companion_that_does_not_listen() -> None:
    companion = Companion(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"
    )
    pid = companion.pid

    await companion.aclose()

    assert companion.has_ended
    assert not is_running(pid)


async def test_closing_twice_is_once() -> None:
    companion = Companion(ECHO)
    await companion.aclose()
    reader, writer = os.pipe()

    await companion.aclose()

    os.close(reader)  # these would be gone if it closed numbers that are somebody else's by now
    os.close(writer)
    assert companion.last_words() == ""


async def test_closing_wakes_who_waits_for_a_word() -> None:
    companion = Companion(ECHO)
    woken = anyio.Event()

    async def listen() -> None:
        with suppress(anyio.ClosedResourceError):
            await anyio.wait_readable(companion.connection)
        woken.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        await anyio.wait_all_tasks_blocked()
        await companion.aclose()
        with anyio.fail_after(5):
            await woken.wait()


async def test_companion_ends_when_its_socket_is_closed() -> None:
    companion = Companion(ECHO)
    try:
        companion.connection.close()

        with anyio.fail_after(10):
            await companion.wait()
    finally:
        await companion.aclose()

    assert not is_running(companion.pid)


async def test_last_words_are_the_end_of_what_it_wrote_to_stderr() -> None:
    words = await said("import sys\nsys.stderr.write('x' * 5000 + 'the end')")

    assert words.endswith("the end")
    assert len(words) == 1000


async def test_last_words_name_the_signal() -> None:
    words = await said("import os\nos.write(2, b'oh')\nos.abort()")

    assert words.startswith("ended by SIGABRT; oh")


async def test_companion_that_ended_well_says_nothing() -> None:
    assert await said("") == ""


async def test_waiting_for_one_that_has_ended_returns_at_once() -> None:
    companion = Companion("")
    try:
        await until(lambda: companion.has_ended, what="it has ended")

        with anyio.fail_after(1):
            await companion.wait()
    finally:
        await companion.aclose()


async def test_nothing_is_left_of_a_companion() -> None:
    await said("")  # what the event loop opens once
    before = descriptors()

    await said("")
    companion = Companion(ECHO)
    await companion.aclose()

    assert descriptors() == before
