"""Requests of one client, any number of them side by side, each answered when it is ready."""

import logging
import os

import anyio
import msgspec
from anyio import CancelScope
from anyio.abc import TaskGroup

from engine._caller import Caller
from engine._exceptions import BackgroundError, ConfigError, EngineError, PoolFullError
from engine._peers import Peer
from engine._program import Output, Result
from engine._runtime import Emit
from engine._session import Session
from engine._tasks import open_tasks
from policies import PolicyError

from ._errors import to_data
from ._frames import ANSWER, MAX_ANSWER, REQUEST, Connection, Frame, FrameError
from ._messages import (
    VERSION,
    Accepted,
    AnyAnswer,
    AnyRequest,
    AskRuns,
    AskStats,
    AskTiers,
    Cancel,
    Cancelled,
    CloseSession,
    Done,
    Explain,
    Explained,
    Failed,
    Hello,
    Kill,
    Number,
    OpenSession,
    RunInSession,
    RunProgram,
    Shutdown,
    ToldRuns,
    ToldStats,
    ToldTiers,
    Welcome,
    Wrote,
    requests,
)
from ._packing import Unpacker, pack
from ._served import Served

#: What is worth sending of a batch at once, as many as one pool holds by default.
MAX_CONCURRENT = 8

_log = logging.getLogger("isorun.background")


class _Numbered(msgspec.Struct):
    """What can be told of a request that is malformed."""

    id: Number


class _OpenSession:
    """A session that a client has opened."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.closing = anyio.Event()
        self.closed = anyio.Event()


_numbered: Unpacker[_Numbered] = Unpacker(_Numbered)


class Conversation:
    """What one client asks, and is answered.

    Args:
        served: What clients share.
        client: The way to it.
        peer: Its process: as a caller of the engine it is one, however many requests it has.
    """

    def __init__(self, served: Served, client: Connection, peer: Peer) -> None:
        self._served = served
        self._client = client
        self._name = f"process {peer.pid}"
        self._scopes: dict[int, CancelScope] = {}
        self._sessions: dict[int, _OpenSession] = {}

    async def hold(self, first: Frame) -> None:
        """Answer until the client ends the conversation; what is in progress then is cancelled.

        Raises:
            FrameError: The client has broken the rules, or was lost.
        """
        self._greet(first)
        async with open_tasks() as tasks:
            while (frame := await self._client.receive()) is not None:
                self._take(frame, tasks)

    def _greet(self, frame: Frame) -> None:
        hello = self._unpacked(frame)
        if not isinstance(hello, Hello):
            raise FrameError("a request before the greeting")
        if hello.version == VERSION:
            most = max(1, min(MAX_CONCURRENT, self._served.engine.stats().admission.max_running))
            self._send(Welcome(id=hello.id, pid=os.getpid(), max_concurrent=most))
            return
        error = BackgroundError(
            f"the background engine speaks version {VERSION} of its protocol, not {hello.version}",
            hint="`isorun down`, then `isorun up`, starts one of this version",
        )
        self._send(Failed(id=hello.id, error=to_data(error)))

    def _take(self, frame: Frame, tasks: TaskGroup) -> None:
        request = self._unpacked(frame)
        if request is None:
            return
        if isinstance(request, Cancel):
            if request.id in self._scopes:
                self._scopes[request.id].cancel()
        elif isinstance(request, Hello):
            raise FrameError("a second greeting")
        elif request.id in self._scopes:
            raise FrameError(f"a second request with the number {request.id}")
        elif len(self._scopes) >= self._served.limits.requests:
            error = PoolFullError(
                f"this client has {len(self._scopes)} requests in progress", hint="send fewer at once"
            )
            self._send(Failed(id=request.id, error=to_data(error)))
        else:
            self._scopes[request.id] = CancelScope()
            tasks.start_soon(self._attend, request, len(frame.payload))

    def _unpacked(self, frame: Frame) -> AnyRequest | None:
        """Return a request; None if it is malformed, which the client has been told then."""
        if frame.kind != REQUEST:
            raise FrameError(f"a frame {frame.kind!r} among requests")
        try:
            return requests.unpack(frame.payload)
        except msgspec.DecodeError as error:
            problem = ConfigError(f"malformed request: {error}")
            self._send(Failed(id=_number_in(frame.payload), error=to_data(problem)))
            return None

    async def _attend(self, request: AnyRequest, size: int) -> None:
        try:
            with self._served.activity.ongoing():
                answer = await self._outcome(request, size)
            if answer is not None:
                await self._client.send_in_turn(ANSWER, _packed(answer))
            if isinstance(request, Shutdown):
                await self._client.flush()
                self._shut_down()
        finally:
            del self._scopes[request.id]

    async def _outcome(self, request: AnyRequest, size: int) -> AnyAnswer | None:
        """Return what there is to say about a request; None if that has been said."""
        answer: AnyAnswer | None = Cancelled(id=request.id)
        try:
            with self._scopes[request.id], self._served.holding(size):
                answer = await self._answer(request)
        except (EngineError, PolicyError) as error:
            return Failed(id=request.id, error=to_data(error))
        except Exception:  # the edge of the request: the client has to be told that it is over
            _log.exception("a request failed")
            problem = EngineError(
                "internal error of the background engine", hint="see its log", dispatched=True
            )
            return Failed(id=request.id, error=to_data(problem))
        return answer

    async def _answer(self, request: AnyRequest) -> AnyAnswer | None:
        engine = self._served.engine
        match request:
            case RunProgram():
                return Done(id=request.id, result=await self._run(request))
            case RunInSession():
                return Done(id=request.id, result=await self._run_in_session(request))
            case OpenSession():
                await self._hold_session(request)
                return None
            case CloseSession():
                await self._close_session(request.session)
                return Accepted(id=request.id)
            case Explain():
                decisions = await engine.explain(request.program.program(), request.policy)
                return Explained(id=request.id, decisions=decisions)
            case AskTiers():
                return ToldTiers(id=request.id, tiers=await engine.tiers())
            case AskStats():
                return ToldStats(id=request.id, stats=engine.stats())
            case AskRuns():
                return ToldRuns(id=request.id, runs=engine.runs())
            case Kill():
                await engine.kill(request.run)
                return Accepted(id=request.id)
            case Shutdown():
                if self._served.on_shutdown is None:
                    raise ConfigError("this background engine is not ended by its clients")
                return Accepted(id=request.id)
            case Hello() | Cancel():
                raise AssertionError("taken before")

    async def _run(self, request: RunProgram) -> Result:
        emit = self._emit(request.id) if request.want_output else None
        return await self._served.engine.run(
            request.program.program(), request.policy, emit=emit, caller=self._named(request.caller)
        )

    async def _run_in_session(self, request: RunInSession) -> Result:
        emit = self._emit(request.id) if request.want_output else None
        session = self._session(request.session).session
        return await session.run(request.program.program(), emit=emit)

    async def _hold_session(self, request: OpenSession) -> None:
        """Keep a session open until the client closes it, or goes."""
        if len(self._sessions) >= self._served.limits.sessions:
            raise PoolFullError(f"this client has {len(self._sessions)} sessions open", hint="close some")
        caller = self._named(request.caller)
        async with self._served.engine.session(request.policy, caller=caller) as session:
            opened = self._sessions[request.id] = _OpenSession(session)
            try:
                self._send(Accepted(id=request.id))
                await opened.closing.wait()
            finally:
                del self._sessions[request.id]
        opened.closed.set()

    async def _close_session(self, number: int) -> None:
        opened = self._session(number)
        opened.closing.set()
        await opened.closed.wait()

    def _named(self, caller: Caller) -> Caller:
        """Return a caller under the name that the kernel has told, not the one that it gives itself."""
        return msgspec.structs.replace(caller, name=self._name)

    def _session(self, number: int) -> _OpenSession:
        if number not in self._sessions:
            raise ConfigError("the session is closed", hint="open another one")
        return self._sessions[number]

    def _shut_down(self) -> None:
        if self._served.on_shutdown is not None:
            self._served.on_shutdown()

    def _emit(self, number: int) -> Emit:
        def emit(output: Output) -> None:
            self._send(Wrote(id=number, stream=output.stream, data=output.data))

        return emit

    def _send(self, answer: AnyAnswer) -> None:
        self._client.send(ANSWER, _packed(answer))


def _packed(answer: AnyAnswer) -> bytes:
    """Return an answer as bytes; one that cannot be sent is replaced by a word about that."""
    packed = _pack(answer)
    if len(packed) <= MAX_ANSWER:
        return packed
    error = EngineError(
        f"an answer of {len(packed) >> 20:,} MiB, a background engine sends {MAX_ANSWER >> 20} MiB at most",
        hint="an engine of your own has no such limit: `async with Engine() as engine:`",
        dispatched=True,
    )
    return pack(Failed(id=answer.id, error=to_data(error)))


def _pack(answer: AnyAnswer) -> bytes:
    try:
        return pack(answer)
    except (RecursionError, TypeError) as error:
        if not isinstance(answer, Done):
            raise
        result = msgspec.structs.replace(
            answer.result, value=None, value_omitted=f"not expressible in an answer: {error}"
        )
        return pack(Done(id=answer.id, result=result))


def _number_in(payload: bytes) -> int:
    try:
        return _numbered.unpack(payload).id
    except msgspec.DecodeError as error:
        raise FrameError(f"malformed request: {error}") from error
