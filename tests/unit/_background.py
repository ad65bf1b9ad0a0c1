"""What the tests of the background engine share."""

import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial

import anyio
import anyio.lowlevel

from engine import Caller, Engine, EngineConfig, PoolConfig, Program
from engine._control_folder import candidates
from engine.background._address import SOCKET
from engine.background._channel import CommandHandler
from engine.background._frames import (
    ANSWER,
    MAX_FRAME,
    OWN,
    REQUEST,
    Bounds,
    Connection,
    FrameError,
)
from engine.background._listener import listening
from engine.background._messages import VERSION, AnyAnswer, Hello, ProgramData, Request, RunProgram, answers
from engine.background._packing import pack
from engine.background._served import Activity, Limits
from engine.background._service import serve
from engine.testing import FakeRuntime, hangs

PROGRAM = ProgramData.of(Program(code="1"))
COLD = EngineConfig(pool=PoolConfig(warm=0, max_warm=0))
#: Ends a test that hangs long before the time-out of all tests does.
PATIENCE_SECONDS = 10.0


class Background:
    """A background engine of a test.

    Attributes:
        engine: What it serves.
        runtime: What programs run in.
        activity: What goes on.
        shutdown: Set when a client has asked for its end.
    """

    def __init__(self, engine: Engine, runtime: FakeRuntime) -> None:
        self.engine = engine
        self.runtime = runtime
        self.activity = Activity()
        self.shutdown = anyio.Event()
        self.scope = anyio.CancelScope()

    def stop(self) -> None:
        """End it from one moment to the next."""
        self.scope.cancel()


@asynccontextmanager
async def background(
    runtime: FakeRuntime | None = None,
    *,
    command: CommandHandler | None = None,
    limits: Limits | None = None,
    config: EngineConfig | None = None,
    kind: type[Engine] = Engine,
) -> AsyncGenerator[Background]:
    """Serve an engine of fake sandboxes where the clients of this test look for it."""
    runtime = runtime or FakeRuntime()
    with anyio.fail_after(PATIENCE_SECONDS), listening() as listener:
        async with kind(config or EngineConfig(), runtimes=[runtime]) as engine:
            served = Background(engine, runtime)
            serving = partial(
                serve,
                listener,
                engine,
                command=command,
                on_shutdown=served.shutdown.set,
                activity=served.activity,
                limits=limits,
            )
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_within, served.scope, serving)
                yield served
                tasks.cancel_scope.cancel()


async def _within(scope: anyio.CancelScope, serving: Callable[[], object]) -> None:
    with scope:
        result = serving()
        assert hasattr(result, "__await__")
        await result


def dial() -> socket.socket:
    """Connect to the background engine, and say nothing."""
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.connect(str(candidates()[0] / SOCKET))
    peer.setblocking(False)
    return peer


@asynccontextmanager
async def connection() -> AsyncGenerator[Connection]:
    """Connect to the background engine, to send whatever a test likes."""
    async with Connection(dial(), accepts=MAX_FRAME, bounds=Bounds(outgoing_bytes=1 << 30)) as peer:
        yield peer


@asynccontextmanager
async def greeted() -> AsyncGenerator[Connection]:
    """Connect, and be served."""
    async with connection() as peer:
        ask(peer, Hello(id=0, version=VERSION))
        await told(peer)
        yield peer


def ask(peer: Connection, request: Request) -> None:
    """Send a request."""
    peer.send(REQUEST, pack(request))


async def told(peer: Connection) -> AnyAnswer:
    """Return the next answer."""
    frame = await peer.receive()
    assert frame is not None, "the conversation was ended"
    assert frame.kind == ANSWER
    return answers.unpack(frame.payload)


def run(number: int, *, want_output: bool = False, caller: Caller | None = None) -> RunProgram:
    return RunProgram(
        id=number, program=PROGRAM, policy=None, caller=caller or Caller(), want_output=want_output
    )


@asynccontextmanager
async def hanging(limits: Limits | None = None) -> AsyncGenerator[Background]:
    """Serve an engine whose programs do not end; those that are left are killed at the end."""
    async with background(FakeRuntime(behaviour=hangs), config=COLD, limits=limits) as served:
        yield served


async def until_running(served: Background, count: int = 1) -> None:
    """Wait until so many programs have been handed to sandboxes."""
    while sum(info.state == "running" for info in served.engine.runs()) < count:
        await anyio.lowlevel.checkpoint()


async def until_idle(served: Background) -> None:
    """Wait until nothing goes on."""
    while served.activity.active or served.engine.runs() or served.runtime.live:
        await anyio.lowlevel.checkpoint()


async def ended(peer: Connection) -> str:
    """Return how the engine ended a conversation; empty if in order."""
    try:
        while await peer.receive() is not None:
            pass
    except FrameError as error:
        return str(error)
    return ""


async def refused(peer: Connection) -> str:
    """Return why the engine does not serve a peer."""
    frame = await peer.receive()
    assert frame is not None
    assert frame.kind == OWN
    assert frame.payload[:1] == b"0"
    return frame.payload[1:].decode()
