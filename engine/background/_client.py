"""A client's end of the socket: questions side by side, each with its answer."""

import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial

import anyio
import msgspec

from engine import _control_folder
from engine._control_folder import FolderError
from engine._exceptions import BackgroundError, ConfigError
from engine._runtime import Emit
from engine._tasks import open_tasks

from ._address import SOCKET, address
from ._calls import START, Call, Calls
from ._errors import from_data
from ._frames import ANSWER, MAX_FROM_ENGINE, MAX_REQUEST, OWN, REQUEST, Connection, FrameError
from ._messages import (
    VERSION,
    Answer,
    AnyAnswer,
    Cancel,
    Failed,
    Hello,
    Request,
    RunInSession,
    RunProgram,
    Welcome,
    answers,
)
from ._packing import pack

#: An engine greets between two turns of its event loop.
GREETING_SECONDS = 10.0
#: A cancelled run ends in milliseconds; an engine gives up sooner on a sandbox that cannot be closed.
STOP_SECONDS = 10.0
_CONNECT_AGAIN_SECONDS = 0.02
_BUSY = "is its process stopped, or busy?"
_ACCEPTS = {kind: MAX_FROM_ENGINE[kind] for kind in (ANSWER, OWN)}


class Client:
    """Asks a background engine.

    Attributes:
        pid: Of its process.
        max_concurrent: How many programs of a batch it is worth to send at once.
    """

    def __init__(self, connection: Connection) -> None:
        self.pid = 0
        self.max_concurrent = 1
        self._connection = connection
        self._calls = Calls()
        self._loss = ""
        self._listening = anyio.CancelScope(shield=True)

    async def ask[A: Answer](
        self, make: Callable[..., Request], expected: type[A], *, emit: Emit | None = None
    ) -> A:
        """Send a request and return its answer. Cancelling cancels what it asks for, and waits for its end.

        Args:
            make: Makes the request; it is given the number.
            expected: What answers it.
            emit: Takes what a program writes.

        Raises:
            BackgroundError: The engine has ended, or does not understand us.
            EngineError: What the engine has raised.
            PolicyError: The same.
        """
        with self._calls.open(emit) as call:
            request = make(id=call.id)
            packed = _packed(request)
            if self._loss:
                raise BackgroundError(self._loss, hint=START)
            await self._connection.send_in_turn(REQUEST, packed)
            call.dispatched = isinstance(request, RunProgram | RunInSession)
            try:
                await call.ended.wait()
            finally:
                if not call.answered.is_set() and not isinstance(request, Hello):
                    await self._stop(call)
            return _expected(call.outcome(), expected)

    async def greet(self) -> None:
        """Find out whether the engine serves us.

        Raises:
            BackgroundError: It does not, or not in time.
        """
        try:
            with anyio.fail_after(GREETING_SECONDS):
                welcome = await self.ask(partial(Hello, version=VERSION), Welcome)
        except TimeoutError:
            raise BackgroundError("the background engine does not answer", hint=_BUSY) from None
        self.pid, self.max_concurrent = welcome.pid, welcome.max_concurrent

    async def listen(self) -> None:
        """Take answers until the engine has gone; who waits then is told.

        Also while all around is cancelled: who is cancelled waits for some of them. `close` ends it.
        """
        with self._listening:
            await self._listen()

    async def _listen(self) -> None:
        try:
            while (frame := await self._connection.receive()) is not None:
                if frame.kind == OWN:
                    self.lose(frame.payload[1:].decode("utf-8", "replace"))
                    return
                self._calls.take(answers.unpack(frame.payload))
            self.lose("the background engine has ended")
        except FrameError as error:
            self.lose(f"the background engine was lost: {error}")
        except msgspec.DecodeError as error:
            self.lose(f"the background engine does not speak as we do: {error}")

    def lose(self, reason: str) -> None:
        """Give up: whoever waits is told, and nothing more is asked."""
        self._loss = self._loss or reason
        self._calls.lose(self._loss)

    def close(self) -> None:
        """Ask and listen no more."""
        self.lose("the connection to the background engine was closed")
        self._listening.cancel()

    async def _stop(self, call: Call) -> None:
        """Cancel a request, and wait for the end of what it has begun."""
        with anyio.move_on_after(STOP_SECONDS, shield=True):
            self._connection.send(REQUEST, pack(Cancel(id=call.id)))
            await call.answered.wait()


@asynccontextmanager
async def connected() -> AsyncGenerator[Client]:
    """Connect to the background engine of this user.

    Raises:
        BackgroundError: There is none, or it does not serve us.
    """
    with await _connect() as peer:
        async with Connection(peer, accepts=_ACCEPTS) as connection, open_tasks() as tasks:
            client = Client(connection)
            tasks.start_soon(client.listen)
            try:
                await client.greet()
                yield client
            finally:
                client.close()


async def _connect() -> socket.socket:
    problem = "no background engine runs"
    for path in _control_folder.candidates():
        try:
            with _control_folder.found(path) as folder:
                peer = None if folder is None else await _connect_in(folder)
        except FolderError as error:
            problem = f"no background engine can be asked: {error}"
            continue
        if peer is not None:
            return peer
    raise BackgroundError(problem, hint=START)


async def _connect_in(folder: int) -> socket.socket | None:
    """Connect to who listens in a folder; None if nobody does."""
    with ExitStack() as stack:
        peer = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        peer.setblocking(False)
        try:
            with anyio.fail_after(GREETING_SECONDS):
                await _until_connected(peer, address(folder, SOCKET))
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        except TimeoutError:
            raise BackgroundError("the background engine accepts nobody", hint=_BUSY) from None
        except OSError as error:
            raise BackgroundError(f"the background engine cannot be reached: {error.strerror}") from error
        stack.pop_all()
        return peer


async def _until_connected(peer: socket.socket, path: str) -> None:
    """Connect; again and again while as many wait to be accepted as can, since nothing tells when to."""
    while True:
        with suppress(BlockingIOError):
            return peer.connect(path)
        await anyio.sleep(_CONNECT_AGAIN_SECONDS)


def _packed(request: Request) -> bytes:
    packed = pack(request)
    if len(packed) > MAX_REQUEST:
        raise ConfigError(
            f"a request of {len(packed) >> 20:,} MiB, a background engine takes {MAX_REQUEST >> 20} MiB",
            hint="give input files by path instead of content",
        )
    return packed


def _expected[A: Answer](answer: AnyAnswer, kind: type[A]) -> A:
    if isinstance(answer, Failed):
        raise from_data(answer.error)
    if not isinstance(answer, kind):
        raise BackgroundError(f"the background engine answers with `{type(answer).__name__}`")
    return answer
