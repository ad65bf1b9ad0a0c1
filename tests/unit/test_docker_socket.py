"""The connections to a daemon, over real sockets: what ends, breaks, is late, or is cancelled badly."""

import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import httpcore
import httpx
import pytest

from runtimes.docker._daemon import Daemon
from runtimes.docker._socket import UnixBackend, UnixStream, UnixTransport

from ._pools import settle

#: More than the kernel keeps for a peer that does not read.
MUCH = bytes(4 << 20)
SOON = 0.01
LONG = 5.0


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(tmp_path / "d.sock"))
        opened.listen()
        yield opened


async def connect(listener: socket.socket, *, seconds: float = LONG) -> UnixStream:
    return await UnixBackend().connect_unix_socket(listener.getsockname(), seconds)


def accept(listener: socket.socket) -> socket.socket:
    """Return the other end of a connection that has been asked for; nothing here is waited for."""
    peer = listener.accept()[0]
    peer.settimeout(LONG)
    return peer


@asynccontextmanager
async def connected(listener: socket.socket) -> AsyncGenerator[tuple[UnixStream, socket.socket]]:
    stream = await connect(listener)
    try:
        with accept(listener) as peer:
            yield stream, peer
    finally:
        await stream.aclose()


def answer(peer: socket.socket, body: bytes = b"{}") -> bytes:
    """Answer the request that has come, and return it; the connection stays open."""
    request = peer.recv(4096)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    return request


async def cancel(scope: anyio.CancelScope) -> None:
    scope.cancel()


async def within(scope: anyio.CancelScope, function: Callable[[], Awaitable[object]]) -> None:
    with scope:
        await function()


# Bytes


async def test_bytes_go_both_ways_until_the_end(listener: socket.socket) -> None:
    async with connected(listener) as (stream, peer):
        await stream.write(b"question")
        asked = peer.recv(100)
        peer.sendall(b"answer")
        peer.shutdown(socket.SHUT_WR)
        read = [await stream.read(4), await stream.read(4), await stream.read(4)]

    assert asked == b"question"
    assert read == [b"answ", b"er", b""]


async def test_write_that_does_not_fit_at_once_is_finished(listener: socket.socket) -> None:
    def read_all(peer: socket.socket) -> int:
        count = 0
        while count < len(MUCH):
            count += len(peer.recv(1 << 20))
        return count

    async with connected(listener) as (stream, peer), anyio.create_task_group() as tasks:
        tasks.start_soon(stream.write, MUCH)
        count = await anyio.to_thread.run_sync(read_all, peer)

    assert count == len(MUCH)


async def test_connection_says_whether_something_has_come(listener: socket.socket) -> None:
    async with connected(listener) as (stream, peer):
        before = stream.get_extra_info("is_readable")
        peer.send(b"x")
        come = stream.get_extra_info("is_readable")
        await stream.read(1)
        taken = stream.get_extra_info("is_readable")
        peer.close()
        ended = stream.get_extra_info("is_readable")
        await stream.aclose()
        closed = stream.get_extra_info("is_readable")

    assert [before, come, taken, ended, closed] == [False, True, False, True, True]


async def test_connection_gives_its_socket_and_no_tls(listener: socket.socket) -> None:
    async with connected(listener) as (stream, peer):
        own = stream.get_extra_info("socket")
        assert isinstance(own, socket.socket)
        own.shutdown(socket.SHUT_WR)

        assert peer.recv(1) == b""
        assert stream.get_extra_info("ssl_object") is None


# Cancelling and closing in the iteration in which something happens. What another task does next comes before
# what the kernel has to tell: a wait has then ended when its event is delivered.


async def test_read_cancelled_as_bytes_come_ends_without_an_error_and_loses_none(
    listener: socket.socket,
) -> None:
    got: list[bytes] = []
    scope = anyio.CancelScope()

    async def read(stream: UnixStream) -> None:
        with scope:
            got.append(await stream.read(1))

    async with connected(listener) as (stream, peer):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read, stream)
            await settle()
            tasks.start_soon(cancel, scope)
            peer.send(b"x")
        if scope.cancelled_caught:
            got.append(await stream.read(1, timeout=LONG))

    assert got == [b"x"]


async def test_write_cancelled_as_the_peer_reads_ends_without_an_error(listener: socket.socket) -> None:
    scope = anyio.CancelScope()
    async with connected(listener) as (stream, peer):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(within, scope, lambda: stream.write(MUCH))
            await settle()
            tasks.start_soon(cancel, scope)
            assert peer.recv(len(MUCH), socket.MSG_WAITALL | socket.MSG_DONTWAIT)

    assert scope.cancelled_caught


async def test_connection_closed_as_bytes_come_ends_the_read(listener: socket.socket) -> None:
    async def read(stream: UnixStream) -> None:
        with suppress(httpcore.ReadError):  # or the bytes were first
            await stream.read(1)

    async with connected(listener) as (stream, peer):
        with anyio.fail_after(LONG):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read, stream)
                await settle()
                tasks.start_soon(stream.aclose)
                peer.send(b"x")

    with pytest.raises(httpcore.ReadError, match="closed"):
        await stream.read(1)


async def test_request_cancelled_as_its_answer_comes_leaves_the_client_in_order(
    listener: socket.socket,
) -> None:
    scope = anyio.CancelScope()
    async with Daemon(Path(listener.getsockname())) as daemon:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(within, scope, lambda: daemon.wait("x"))
            await settle()
            with accept(listener) as peer:
                tasks.start_soon(cancel, scope)
                answer(peer)
                await settle()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(daemon.info)
            await settle()
            with accept(listener) as peer:
                answer(peer)
                await settle()


async def test_waiting_read_of_a_closed_connection_does_not_end_the_wait_of_a_new_one(
    listener: socket.socket,
) -> None:
    async def read(stream: UnixStream) -> None:
        with pytest.raises(httpcore.ReadError):
            await stream.read(1)

    async with connected(listener) as (first, _), anyio.create_task_group() as tasks:
        tasks.start_soon(read, first)
        await settle()
        await first.aclose()
        async with connected(listener) as (second, peer):
            peer.send(b"x")
            got = await second.read(1, timeout=LONG)

    assert got == b"x"


# Closing


async def test_closing_ends_a_read_that_waits_and_the_peer_sees_the_end(listener: socket.socket) -> None:
    async def read(stream: UnixStream) -> None:
        with pytest.raises(httpcore.ReadError, match="closed"):
            await stream.read(1)

    async with connected(listener) as (stream, peer):
        with anyio.fail_after(LONG):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read, stream)
                await settle()
                await stream.aclose()

        assert peer.recv(1) == b""


async def test_closing_ends_a_write_that_waits(listener: socket.socket) -> None:
    async def write(stream: UnixStream) -> None:
        with pytest.raises(httpcore.WriteError, match="closed"):
            await stream.write(MUCH)

    async with connected(listener) as (stream, _), anyio.create_task_group() as tasks:
        tasks.start_soon(write, stream)
        await settle()
        with anyio.fail_after(LONG):
            await stream.aclose()
            await settle()


async def test_closing_twice_is_no_error_and_using_it_then_is_one(listener: socket.socket) -> None:
    async with connected(listener) as (stream, _):
        await stream.aclose()
        await stream.aclose()

        with pytest.raises(httpcore.ReadError, match="closed"):
            await stream.read(1)
        with pytest.raises(httpcore.WriteError, match="closed"):
            await stream.write(b"x")


# Peers that are late


async def test_read_of_nothing_is_late_and_what_comes_later_is_not_lost(listener: socket.socket) -> None:
    async with connected(listener) as (stream, peer):
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(1, timeout=SOON)
        peer.send(b"x")

        assert await stream.read(1, timeout=LONG) == b"x"


async def test_write_that_nobody_reads_is_late(listener: socket.socket) -> None:
    async with connected(listener) as (stream, _):
        await stream.write(b"x", timeout=LONG)  # it fits

        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(MUCH, timeout=SOON)


@pytest.fixture
def crowd(listener: socket.socket) -> Iterator[list[socket.socket]]:
    """Fill the queue of the listener."""
    listener.listen(0)
    waiting: list[socket.socket] = []
    try:
        with suppress(BlockingIOError):
            while True:
                waiting.append(socket.socket(socket.AF_UNIX))
                waiting[-1].setblocking(False)
                waiting[-1].connect(listener.getsockname())
        yield waiting
    finally:
        for connection in waiting:
            connection.close()


@pytest.mark.usefixtures("crowd")
async def test_listener_that_accepts_nobody_is_late(listener: socket.socket) -> None:
    with pytest.raises(httpcore.ConnectTimeout):
        await connect(listener, seconds=SOON)


@pytest.mark.usefixtures("crowd")
async def test_listener_that_accepts_again_is_connected_to(listener: socket.socket) -> None:
    async def arrive() -> None:
        await (await connect(listener)).aclose()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(arrive)
        await settle()
        accept(listener).close()


# Peers that are not there


async def test_socket_on_which_nobody_listens_refuses(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "d.sock"))

        with pytest.raises(httpcore.ConnectError, match="refused"):
            await connect(dead)


@pytest.mark.parametrize(("name", "said"), [("none.sock", "No such file"), ("x" * 120, "too long")])
async def test_path_that_is_no_socket_is_said(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(httpcore.ConnectError, match=said):
        await UnixBackend().connect_unix_socket(str(tmp_path / name))


async def test_socket_of_another_is_said(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)  # root may connect to all of them

    with pytest.raises(httpcore.ConnectError, match="Permission denied"):
        await connect(listener)


async def test_no_address_of_a_network_is_connected_to() -> None:
    with pytest.raises(NotImplementedError):
        await UnixBackend().connect_tcp("127.0.0.1", 9)


async def test_peer_that_went_away_is_an_error_to_write_to(listener: socket.socket) -> None:
    async with connected(listener) as (stream, peer):
        peer.close()

        with pytest.raises(httpcore.WriteError):
            await stream.write(b"x")


async def test_peer_that_went_away_with_bytes_unread_is_an_error_to_read_from(
    listener: socket.socket,
) -> None:
    async with connected(listener) as (stream, peer):
        await stream.write(b"x")
        peer.close()

        with pytest.raises(httpcore.ReadError, match="reset"):
            await stream.read(1)


# HTTP


async def test_connection_serves_again_until_the_server_ends_it(listener: socket.socket) -> None:
    requests: list[bytes] = []
    async with Daemon(Path(listener.getsockname())) as daemon:

        async def ask() -> None:
            for path in ("a", "b", "c"):
                await daemon.image(path)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await settle()
            with accept(listener) as peer:
                requests.append(answer(peer))
                await settle()
                requests.append(peer.recv(4096))
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                peer.shutdown(socket.SHUT_RDWR)
                await settle()
            with accept(listener) as peer:
                requests.append(answer(peer))
                await settle()

    assert [request.split()[1] for request in requests] == [
        b"/images/a/json",
        b"/images/b/json",
        b"/images/c/json",
    ]


async def test_answer_comes_in_pieces_as_they_are_sent(listener: socket.socket) -> None:
    pieces: list[bytes] = []

    async def ask() -> None:
        async with httpx.AsyncClient(transport=UnixTransport(Path(listener.getsockname()))) as client:
            async with client.stream("GET", "http://daemon/") as response:
                coming = response.aiter_raw()
                pieces.append(await anext(coming))
                pieces.append(await anext(coming))
                pieces.append(await anext(coming, b"end"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await settle()
        with accept(listener) as peer:
            peer.recv(4096)
            peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in (b"one", b"other"):
                peer.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                await settle()
            before_the_end = list(pieces)
            peer.sendall(b"0\r\n\r\n")
            await settle()

    assert before_the_end == [b"one", b"other"]
    assert pieces == [b"one", b"other", b"end"]


async def test_answer_that_is_late_is_an_error_of_the_client(listener: socket.socket) -> None:
    async with httpx.AsyncClient(
        transport=UnixTransport(Path(listener.getsockname())), timeout=SOON
    ) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("http://daemon/")


async def test_client_closed_while_it_waits_ends_the_wait(listener: socket.socket) -> None:
    async def ask(client: httpx.AsyncClient) -> None:
        with pytest.raises(httpx.ReadError):
            await client.get("http://daemon/", timeout=None)

    async with anyio.create_task_group() as tasks:
        client = httpx.AsyncClient(transport=UnixTransport(Path(listener.getsockname())))
        tasks.start_soon(ask, client)
        await settle()
        with anyio.fail_after(LONG):
            await client.aclose()
            await settle()
