"""What a client of a background engine may send: frames, messages, and whole conversations."""

import socket
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress

import anyio
import anyio.lowlevel
import msgspec
import pytest
from hypothesis import strategies as st

from engine import Caller, ConfigError, File, Program
from engine._check import check_program
from engine.background._frames import (
    ANSWER,
    COMMAND,
    INPUT,
    MAX_FROM_CLIENT,
    OWN,
    REQUEST,
    Connection,
    Frame,
    FrameError,
)
from engine.background._messages import (
    AskRuns,
    AskStats,
    AskTiers,
    Cancel,
    CloseSession,
    Done,
    Explain,
    Hello,
    Kill,
    OpenSession,
    ProgramData,
    Request,
    RunInSession,
    RunProgram,
    Shutdown,
    answers,
    requests,
)
from engine.background._packing import pack
from policies import Limits, Mount, Policy
from tests.unit._background import (
    COLD,
    Background,
    ask,
    background,
    connection,
    greeted,
    run,
    told,
    until_idle,
)

from .hostile import CUTS, Target, changed, pieces

_HEADER = 5
_ACCEPTS = {COMMAND: 32, REQUEST: 64}
_PATIENCE_SECONDS = 10.0

_FRAMES = st.lists(
    st.builds(
        lambda kind, payload: kind + len(payload).to_bytes(4, "big") + payload,
        st.sampled_from([COMMAND, REQUEST, REQUEST, INPUT, ANSWER, OWN]),
        st.binary(max_size=34),
    ),
    max_size=5,
).map(b"".join)


def frames_are_received_as_they_were_sent(stream: bytes, cuts: Sequence[int], backend: str) -> None:
    """A connection gives the frames before the first violation, and says how the conversation ended."""
    expected = _reference(stream)

    found = anyio.run(_received, stream, cuts, backend=backend)

    assert found == expected


async def _received(stream: bytes, cuts: Sequence[int]) -> tuple[list[Frame], bool]:
    ours, theirs = socket.socketpair()
    found: list[Frame] = []
    with anyio.fail_after(_PATIENCE_SECONDS), theirs:
        async with Connection(ours, accepts=_ACCEPTS) as peer, anyio.create_task_group() as tasks:
            tasks.start_soon(_send, theirs, stream, cuts)
            try:
                while (frame := await peer.receive()) is not None:
                    found.append(frame)
            except FrameError:
                return found, False
    return found, True


async def _send(peer: socket.socket, stream: bytes, cuts: Sequence[int]) -> None:
    with suppress(BrokenPipeError):  # it has been given up
        for piece in pieces(stream, cuts):
            peer.sendall(piece)
            await anyio.lowlevel.checkpoint()
    with suppress(OSError):
        peer.shutdown(socket.SHUT_WR)


def _reference(stream: bytes) -> tuple[list[Frame], bool]:
    """Return the frames, and whether the conversation ends in order."""
    frames: list[Frame] = []
    while stream:
        kind, length = stream[:1], int.from_bytes(stream[1:_HEADER], "big")
        end = _HEADER + length
        if len(stream) < _HEADER or length > _ACCEPTS.get(kind, -1) or len(stream) < end:
            return frames, False
        frames.append(Frame(kind, stream[_HEADER:end]))
        stream = stream[end:]
    return frames, True


_PROGRAM = ProgramData.of(
    Program(
        code="print('ä')",
        args=("a", "ü"),
        stdin=b"\0\xff",
        files=(File(name="a/b", data=b"x"),),
        env={"A": "\ud800"},
        flags=("-O2",),
    )
)
_POLICY = Policy(limits=Limits(wall_seconds=1.5), mounts=(Mount(source="/srv", target="/mnt/a"),), gpu=("0",))
_NUMBERS = st.integers(0, 4)
_CALLERS = st.sampled_from([Caller(), Caller(name="n", priority="high", within_seconds=0.5)])


def _requests() -> st.SearchStrategy[Request]:
    programs, policies = st.just(_PROGRAM), st.sampled_from([None, _POLICY])
    numbered: list[Callable[..., Request]] = [AskTiers, AskStats, AskRuns, Shutdown, Cancel]
    return st.one_of(
        st.builds(Hello, id=_NUMBERS, version=st.sampled_from([0, 1, 1 << 62])),
        st.builds(
            RunProgram,
            id=_NUMBERS,
            program=programs,
            policy=policies,
            caller=_CALLERS,
            want_output=st.booleans(),
        ),
        st.builds(OpenSession, id=_NUMBERS, policy=policies, caller=_CALLERS),
        st.builds(RunInSession, id=_NUMBERS, session=_NUMBERS, program=programs, want_output=st.booleans()),
        st.builds(CloseSession, id=_NUMBERS, session=_NUMBERS),
        st.builds(Explain, id=_NUMBERS, program=programs, policy=policies),
        st.builds(Kill, id=_NUMBERS, run=st.text("0123456789abcdef\ud800", max_size=9)),
        *(st.builds(kind, id=_NUMBERS) for kind in numbered),
    )


def only_messages_are_unpacked(data: bytes) -> None:
    """Bytes are a message that survives packing, or refused; its program is one, or refused too."""
    for unpacker in (requests, answers):
        try:
            message = unpacker.unpack(data)
        except msgspec.DecodeError:
            continue
        assert repr(unpacker.unpack(pack(message))) == repr(message)
        if isinstance(message, RunProgram | RunInSession | Explain):
            with suppress(ConfigError):
                check_program(message.program.program())


_SENT = st.lists(
    _requests().map(lambda request: (REQUEST, pack(request)))
    | st.tuples(st.just(REQUEST), changed(_requests().map(pack)))
    | st.tuples(st.sampled_from([COMMAND, INPUT, REQUEST]), st.binary(max_size=8)),
    max_size=12,
)


def conversation_harms_its_client_alone(sent: Sequence[tuple[bytes, bytes]], backend: str) -> None:
    """Whatever a client sends and however it goes, the next one is served and nothing goes on."""
    with tempfile.TemporaryDirectory(prefix="isorun-test-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        anyio.run(_converse, sent, backend=backend)


async def _converse(sent: Sequence[tuple[bytes, bytes]]) -> None:
    with anyio.fail_after(_PATIENCE_SECONDS):
        async with background(config=COLD) as served:
            async with connection() as peer:
                ask(peer, Hello(id=0, version=1))
                for kind, payload in sent:
                    if len(payload) <= MAX_FROM_CLIENT[kind]:
                        peer.send(kind, payload)
                await anyio.lowlevel.checkpoint()
            await _serves_an_honest_client(served)


async def _serves_an_honest_client(served: Background) -> None:
    async with greeted() as peer:
        peer.send(REQUEST, pack(run(1)))
        answer = await told(peer)
        assert isinstance(answer, Done)
        assert answer.result.ok
    await until_idle(served)


_BACKENDS = st.sampled_from(["asyncio", "trio"])

TARGETS = (
    Target(
        "frames of a client",
        frames_are_received_as_they_were_sent,
        {"stream": changed(_FRAMES), "cuts": CUTS, "backend": _BACKENDS},
        examples=100,
    ),
    Target(
        "messages of a client",
        only_messages_are_unpacked,
        {"data": changed(_requests().map(pack))},
        examples=100,
    ),
    Target(
        "conversations of a client",
        conversation_harms_its_client_alone,
        {"sent": _SENT, "backend": _BACKENDS},
        examples=25,
    ),
)
