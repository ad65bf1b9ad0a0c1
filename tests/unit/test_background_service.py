"""A background engine and its clients: whatever they do, they harm themselves alone."""

import logging
import os
import socket
import struct
from contextlib import AsyncExitStack

import anyio
import anyio.lowlevel
import msgspec
import pytest

from engine import Caller, Program
from engine._peers import Peer, is_outside
from engine.background import _service as service
from engine.background._frames import REQUEST, Bounds
from engine.background._messages import (
    AskRuns,
    AskStats,
    Cancel,
    Cancelled,
    Failed,
    OpenSession,
    ProgramData,
    ToldRuns,
    ToldStats,
)
from engine.background._service import Limits
from engine.testing import FakeRuntime

from ._background import (
    COLD,
    ask,
    background,
    connection,
    dial,
    ended,
    greeted,
    hanging,
    refused,
    run,
    told,
    until_idle,
    until_running,
)
from ._pools import settle

pytestmark = pytest.mark.usefixtures("control_folder")


async def test_programs_and_sessions_of_a_client_end_with_it() -> None:
    async with hanging() as served:
        async with greeted() as peer:
            ask(peer, OpenSession(id=1, policy=None, caller=Caller()))
            for number in range(2, 6):
                ask(peer, run(number))
            await until_running(served, 4)
            assert served.activity.active == 5

        await until_idle(served)

        assert served.engine.stats().admission.running == 0
        async with greeted() as peer:  # others are served as before
            ask(peer, AskRuns(id=1))
            assert await told(peer) == ToldRuns(id=1, runs=[])


async def test_programs_of_other_clients_go_on_when_one_goes() -> None:
    async with hanging() as served, greeted() as other:
        ask(other, run(1))
        async with greeted() as peer:
            ask(peer, run(1))
            await until_running(served, 2)
        while len(served.engine.runs()) > 1:
            await anyio.lowlevel.checkpoint()

        ask(other, Cancel(id=1))

        assert await told(other) == Cancelled(id=1)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"garbage",
        b"\x00" + msgspec.msgpack.encode({"kind": "Hello", "id": 2, "version": 1}),
        b"\x00" + msgspec.msgpack.encode({"kind": "RunProgram", "id": "x"}),
    ],
)
async def test_client_that_sends_garbage_is_let_go(payload: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with hanging() as served, greeted() as peer:
        ask(peer, run(1))
        await until_running(served)

        peer.send(REQUEST, payload)

        await ended(peer)
        await until_idle(served)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_request_that_is_malformed_is_refused_by_its_number_and_others_go_on() -> None:
    async with background(), greeted() as peer:
        peer.send(REQUEST, b"\x00" + msgspec.msgpack.encode({"kind": "Kill", "id": 5, "run": "x", "more": 1}))

        failed = await told(peer)

        assert isinstance(failed, Failed)
        assert failed.id == 5
        assert failed.error.name == "ConfigError"
        assert "malformed request" in failed.error.text
        ask(peer, AskRuns(id=6))
        assert await told(peer) == ToldRuns(id=6, runs=[])


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!cI", b"Q", 0xFFFFFFFF),
        struct.pack("!cI", b"C", (4 << 20) + 1),
        struct.pack("!cI", b"o", 1) + b"x",
        struct.pack("!cI", b"I", 1) + b"x",
        struct.pack("!cI", b"K", 2) + b"15",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 1000,
        b"Q\0\0",
    ],
)
async def test_whoever_begins_wrongly_is_let_go_and_the_next_is_served(data: bytes) -> None:
    async with background():
        async with connection() as peer:
            peer._peer.send(data)
            peer._peer.shutdown(socket.SHUT_WR)
            await ended(peer)

        async with greeted():
            pass


async def test_second_request_with_a_number_in_use_ends_the_conversation() -> None:
    async with hanging() as served, greeted() as peer:
        ask(peer, run(1))
        ask(peer, run(1))

        await ended(peer)
        await until_idle(served)


async def test_silent_peer_is_let_go_in_time() -> None:
    async with background(limits=Limits(first_seconds=0.02)), connection() as peer:
        assert await ended(peer) == ""


async def test_client_that_has_been_greeted_may_be_silent() -> None:
    async with background(limits=Limits(first_seconds=0.02)), greeted() as peer:
        await anyio.sleep(0.05)
        ask(peer, AskRuns(id=1))

        assert await told(peer) == ToldRuns(id=1, runs=[])


async def test_client_that_begins_a_request_and_does_not_end_it_is_let_go() -> None:
    limits = Limits(bounds=Bounds(frame_seconds=0.02))
    async with hanging(limits) as served, greeted() as peer:
        ask(peer, run(1))
        await until_running(served)

        peer._peer.send(struct.pack("!cI", b"Q", 1000) + b"x")

        await ended(peer)
        await until_idle(served)


async def test_client_that_does_not_read_is_let_go_and_its_programs_end() -> None:
    async def floods(sandbox: object, program: object, policy: object, emit: object) -> None:
        from engine import Output

        assert callable(emit)
        while True:
            emit(Output(stream="stdout", data=b"x" * 100_000))
            await anyio.lowlevel.checkpoint()

    runtime = FakeRuntime(behaviour=floods)  # type: ignore[arg-type]
    limits = Limits(bounds=Bounds(outgoing_bytes=1 << 20))
    async with background(runtime, limits=limits, config=COLD) as served, greeted() as peer:
        ask(peer, run(1, want_output=True))
        while not served.engine.runs():
            await anyio.lowlevel.checkpoint()

        await until_idle(served)  # nobody reads


async def test_clients_at_once_are_bounded_and_more_are_told() -> None:
    limits = Limits(clients=5)
    async with background(limits=limits), AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(greeted()) for _ in range(5)]

        async with connection() as late:
            assert await refused(late) == "the background engine serves 5 clients already"

        ask(peers[0], AskRuns(id=1))
        assert await told(peers[0]) == ToldRuns(id=1, runs=[])


async def test_place_of_a_client_that_goes_is_free() -> None:
    async with background(limits=Limits(clients=1)):
        for _ in range(20):
            async with greeted():
                pass
            await settle()


@pytest.mark.slow
async def test_flood_of_connections_is_survived() -> None:
    async with background():
        silent = [dial() for _ in range(256)]
        await settle()
        try:
            async with AsyncExitStack() as stack:
                for _ in range(44):
                    assert "256 clients" in await refused(await stack.enter_async_context(connection()))
        finally:
            for peer in silent:
                peer.close()
        await settle()

        async with greeted():
            pass


async def test_requests_of_a_client_are_bounded_and_more_are_told() -> None:
    async with hanging(Limits(requests=3)) as served, greeted() as peer:
        for number in range(1, 4):
            ask(peer, run(number))
        await until_running(served, 3)

        ask(peer, run(4))

        failed = await told(peer)
        assert isinstance(failed, Failed)
        assert (failed.id, failed.error.name) == (4, "PoolFullError")
        ask(peer, Cancel(id=1))  # is heard however many there are
        assert await told(peer) == Cancelled(id=1)
        ask(peer, run(5))
        await until_running(served, 3)


@pytest.mark.slow
async def test_flood_of_requests_is_survived() -> None:
    async with hanging() as served, greeted() as peer:
        for number in range(1, 2001):
            ask(peer, run(number))

        refusals = [await told(peer) for _ in range(2000 - 1024)]

        assert all(isinstance(answer, Failed) for answer in refusals)
        await peer.flush()
        assert served.activity.active == 1024
        async with greeted() as other:
            ask(other, AskStats(id=1))
            assert isinstance(await told(other), ToldStats)


async def test_bytes_of_all_requests_together_are_bounded() -> None:
    async with hanging(Limits(held_bytes=2500)) as served, greeted() as peer:
        large = ProgramData.of(Program(code="x" * 1000))
        for number in (1, 2, 3):
            ask(peer, msgspec.structs.replace(run(number), program=large))

        failed = await told(peer)

        assert isinstance(failed, Failed)
        assert (failed.id, failed.error.name) == (3, "PoolFullError")
        ask(peer, Cancel(id=1))
        assert await told(peer) == Cancelled(id=1)
        ask(peer, msgspec.structs.replace(run(4), program=large))
        await until_running(served, 2)


def test_own_processes_outside_of_jails_are_served_and_nobody_else() -> None:
    own = Peer(os.getpid(), os.geteuid(), os.getegid())

    assert service._problem(own) == ""
    assert "its own user" in service._problem(own._replace(uid=own.uid + 1))
    assert "user namespace" in service._problem(own._replace(pid=1 << 22))
    assert not is_outside(own._replace(pid=1 << 22))


async def test_engine_that_ends_ends_all_conversations() -> None:
    async with hanging() as served, greeted() as peer, greeted() as other:
        ask(peer, run(1))
        await until_running(served)

        served.stop()

        await ended(peer)
        await ended(other)
        await until_idle(served)


async def test_activity_is_what_goes_on_and_when_that_was() -> None:
    async with hanging() as served, greeted() as peer:
        before = served.activity.last
        assert served.activity.active == 0  # a client that asks nothing needs nothing

        ask(peer, run(1))
        await until_running(served)
        assert served.activity.active == 1
        began = served.activity.last
        assert began > before

        ask(peer, Cancel(id=1))
        await told(peer)
        assert served.activity.active == 0
        assert served.activity.last > began
