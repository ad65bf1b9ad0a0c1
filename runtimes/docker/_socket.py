"""HTTP over a unix socket, for `httpx`: a read may be cancelled, or its connection closed, at any moment.

httpx would use anyio's streams. Those over unix sockets raise an error into asyncio's loop, which logs it,
when bytes come in the very iteration in which a read is cancelled or closed. `anyio.wait_readable` does not.
"""

import select
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import override

import anyio
import httpcore
import httpx

#: Until the next try when the queue of the listener is full; the kernel does not tell when it has room again.
_CONNECT_AGAIN_SECONDS = 0.01
_LIMITS = httpx.Limits(max_connections=None)


class UnixTransport(httpx.AsyncHTTPTransport):
    """Carries the requests of a client to one unix socket.

    Args:
        path: The socket. It need not be there before the first request.
    """

    def __init__(self, path: Path) -> None:
        # Nothing is encrypted here; an empty context spares reading the certificates of all authorities.
        unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        super().__init__(verify=unused, uds=str(path), limits=_LIMITS)
        # httpx has no parameter for the backend of its pool, but what it wraps around the pool is wanted: the
        # translation of requests, answers and errors. Under another name the pool above would go on to serve.
        self._pool = httpcore.AsyncConnectionPool(
            uds=str(path),
            max_connections=_LIMITS.max_connections,
            max_keepalive_connections=_LIMITS.max_keepalive_connections,
            keepalive_expiry=_LIMITS.keepalive_expiry,
            network_backend=UnixBackend(),
        )


class UnixBackend(httpcore.AsyncNetworkBackend):
    """Connects to unix sockets, and to nothing else."""

    @override
    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> "UnixStream":
        """Connect; a listener whose queue is full is waited for. Options are not set: our pool has none.

        Raises:
            httpcore.ConnectError: Nobody listens there, or we may not ask.
            httpcore.ConnectTimeout: The queue of the listener stayed full.
        """
        errors = _errors(httpcore.ConnectError, httpcore.ConnectTimeout)
        with errors, anyio.fail_after(timeout), ExitStack() as unfinished:
            connection = unfinished.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            connection.setblocking(False)
            while not _connected(connection, path):  # noqa: ASYNC110 - no event says it
                await anyio.sleep(_CONNECT_AGAIN_SECONDS)
            unfinished.pop_all()
        return UnixStream(connection)

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait, before a connection is tried again."""
        await anyio.sleep(seconds)


class UnixStream(httpcore.AsyncNetworkStream):
    """One connection. One task may read while another writes.

    Args:
        connection: Connected and not blocking; the stream closes it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._closed = False
        self._waiting = 0

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, at least one byte; nothing at the end.

        Raises:
            httpcore.ReadError: The connection broke, or was closed by us.
            httpcore.ReadTimeout: Nothing came in time.
        """
        with _errors(httpcore.ReadError, httpcore.ReadTimeout), anyio.fail_after(timeout):
            while True:
                await self._until(anyio.wait_readable)
                with suppress(BlockingIOError):
                    return self._socket.recv(max_bytes)

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send everything. When this fails a part may have been sent.

        Raises:
            httpcore.WriteError: Nobody reads any more, or the connection was closed by us.
            httpcore.WriteTimeout: The peer did not read all of it in time.
        """
        left = memoryview(buffer)
        with _errors(httpcore.WriteError, httpcore.WriteTimeout), anyio.fail_after(timeout):
            while left:
                await self._until(anyio.wait_writable)
                with suppress(BlockingIOError):
                    left = left[self._socket.send(left) :]

    @override
    async def aclose(self) -> None:
        """Close; who reads or writes meanwhile gets an error. Closing twice is none."""
        if not self._closed:
            self._closed = True
            anyio.notify_closing(self._socket)
            self._release()

    @override
    def get_extra_info(self, info: str) -> object:
        """Return the `socket`, or whether it `is_readable` at once; None for all that a unix socket lacks."""
        match info:
            case "socket":
                return self._socket
            case "is_readable":
                return self._closed or _is_readable(self._socket)
            case _:
                return None

    async def _until(self, ready: Callable[[socket.socket], Awaitable[None]]) -> None:
        if self._closed:
            raise anyio.ClosedResourceError
        self._waiting += 1
        try:
            await ready(self._socket)
        finally:
            self._waiting -= 1
            self._release()

    def _release(self) -> None:
        """Close the socket of a closed stream when the last that waited has left.

        The number of the descriptor stays taken until then. If a new socket got it, who leaves would end the
        wait of somebody else.
        """
        if self._closed and not self._waiting:
            self._socket.close()


@contextmanager
def _errors(broken: type[httpcore.NetworkError], late: type[httpcore.TimeoutException]) -> Iterator[None]:
    """Raise as httpcore's errors what a socket and a deadline raise."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except anyio.ClosedResourceError as error:
        raise broken("the connection is closed") from error
    except OSError as error:
        raise broken(str(error)) from error


def _connected(connection: socket.socket, path: str) -> bool:
    """Connect at once; False if the queue of the listener is full."""
    try:
        connection.connect(path)
    except BlockingIOError:
        return False
    return True


def _is_readable(connection: socket.socket) -> bool:
    """Whether bytes or the end have come."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
