"""The client of a daemon, against a server on a unix socket that answers as it is told."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketStream

from runtimes.docker._daemon import Daemon, DaemonError


class Server:
    """Answers each connection with the same bytes, and keeps what it was asked.

    Attributes:
        asked: The requests.
        ended: Set when a peer has closed its sending half.
    """

    def __init__(self, answer: bytes, *, hangs_up: bool = True) -> None:
        self.asked: list[bytes] = []
        self.ended = anyio.Event()
        self._answer = answer
        self._hangs_up = hangs_up

    async def serve(self, stream: SocketStream) -> None:
        async with stream:
            self.asked.append(await stream.receive())
            await stream.send(self._answer)
            if self._hangs_up:
                return
            try:
                while True:
                    self.asked.append(await stream.receive())
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                self.ended.set()


@asynccontextmanager
async def served(path: Path, server: Server) -> AsyncGenerator[Daemon]:
    async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, server.serve)
        async with Daemon(path) as daemon:
            yield daemon
        tasks.cancel_scope.cancel()


def answer(status: str, body: bytes = b"", kind: str = "application/json") -> bytes:
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


async def test_answer_is_returned(tmp_path: Path) -> None:
    server = Server(answer("200 OK", b'{"ServerVersion": "1"}'))
    async with served(tmp_path / "d.sock", server) as daemon:
        assert await daemon.info() == {"ServerVersion": "1"}

    assert server.asked[0].startswith(b"GET /info HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("body", "said"),
    [(b'{"message": "no such image"}', "no such image"), (b"<html>", "<html>"), (b"", "Not Found")],
)
async def test_refusal_has_its_status_and_its_words(tmp_path: Path, body: bytes, said: str) -> None:
    async with served(tmp_path / "d.sock", Server(answer("404 Not Found", body))) as daemon:
        with pytest.raises(DaemonError, match=said) as raised:
            await daemon.image("x")

    assert raised.value.status == 404


@pytest.mark.parametrize("status", ["404 Not Found", "409 Conflict"])
async def test_container_that_is_gone_or_going_need_not_be_removed(tmp_path: Path, status: str) -> None:
    server = Server(answer(status, b"{}"))
    async with served(tmp_path / "d.sock", server) as daemon:
        await daemon.remove("x")

    assert [request.partition(b" ")[0] for request in server.asked] == [b"DELETE"]


@pytest.mark.parametrize(
    "data",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b"nonsense\r\n\r\n"],
    ids=["none", "half", "other"],
)
async def test_answer_that_does_not_come_is_an_error_without_status(tmp_path: Path, data: bytes) -> None:
    async with served(tmp_path / "d.sock", Server(data)) as daemon:
        with pytest.raises(DaemonError, match="does not answer") as raised:
            await daemon.info()

    assert raised.value.status == 0


async def test_socket_that_is_not_there_is_an_error_without_status(tmp_path: Path) -> None:
    async with Daemon(tmp_path / "none.sock") as daemon:
        with pytest.raises(DaemonError) as raised:
            await daemon.info()

    assert raised.value.status == 0


UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"


async def test_attached_connection_carries_bytes_both_ways_and_its_end(tmp_path: Path) -> None:
    server = Server(UPGRADED + b"output", hangs_up=False)
    async with served(tmp_path / "d.sock", server) as daemon, await daemon.attach("x") as attached:
        first = await attached.receive()
        await attached.send(b"input")
        with anyio.fail_after(5):
            await server.ended.wait()

    assert first == b"output"
    assert server.asked[1:] == [b"input"]


async def test_attached_connection_ends_when_the_daemon_dies(tmp_path: Path) -> None:
    async with served(tmp_path / "d.sock", Server(UPGRADED)) as daemon, await daemon.attach("x") as attached:
        assert await attached.receive() == b""
        await attached.send(b"nobody reads this")


async def test_container_that_cannot_be_attached_to_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path / "d.sock", Server(answer("404 Not Found", b'{"message": "gone"}'))) as daemon:
        with pytest.raises(DaemonError, match="gone"):
            await daemon.attach("x")


async def test_proxies_of_the_environment_are_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:9")
    async with served(tmp_path / "d.sock", Server(answer("200 OK", b"[]"))) as daemon:
        assert await daemon.containers("x") == []
