"""Frames of a guest: cut out of any bytes, decoded strictly, and fit to be told on when they are taken."""

import json
from collections.abc import Sequence

import msgspec
from hypothesis import strategies as st

from engine import ErrorInfo, IsolationInfo, ProtocolError, Reason, Result, Status, result_to_json
from engine._protocol import FrameReader, Report, decode, decode_report
from engine.background._conversation import _packed
from engine.background._messages import Done, answers

from .hostile import CUTS, Target, changed, pieces

_MAX = 64
_LENGTH = 4

_STREAMS = st.lists(
    st.binary(max_size=_MAX + 2).map(lambda payload: len(payload).to_bytes(_LENGTH, "big") + payload),
    max_size=5,
).map(b"".join)


def frames_are_cut_as_their_lengths_say(stream: bytes, cuts: Sequence[int]) -> None:
    """A reader gives what stands before the first length that is too large, and holds at most a frame."""
    expected, is_refused = _reference(stream)
    reader = FrameReader(_MAX)
    found: list[bytes] = []
    refused = False

    for piece in pieces(stream, cuts):
        try:
            found.extend(reader.feed_all(piece))
        except ProtocolError:
            refused = True
            break
        assert len(reader._buffer) < _LENGTH + _MAX

    assert (found, refused) == (expected, is_refused)


def _reference(stream: bytes) -> tuple[list[bytes], bool]:
    payloads: list[bytes] = []
    while len(stream) >= _LENGTH:
        end = _LENGTH + int.from_bytes(stream[:_LENGTH], "big")
        if end > _LENGTH + _MAX:
            return payloads, True
        if len(stream) < end:
            break
        payloads.append(stream[_LENGTH:end])
        stream = stream[end:]
    return payloads, False


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
_MESSAGES = st.one_of(
    st.sampled_from(
        [
            b'{"kind":"ready","nanoseconds":{"import":12}}',
            b'{"kind":"started","monotonic_ns":123456789}',
            b'{"kind":"failed","error":"no room"}',
            b'{"kind":"exit","wait_status":9}',
            b'{"kind":"done","exit_code":3}',
            b'{"kind":"report","error":{"type":"E","message":"m","traceback":"t","line":1},"trap":null}',
            b'{"kind":"report","value":"\\ud800\\u0000","value_omitted":"\\udfff"}',
            b'{"kind":"report","value":' + b"[" * 40 + b"1e308" + b"]" * 40 + b"}",
        ]
    ),
    st.builds(lambda value: b'{"kind":"report","value":' + json.dumps(value).encode() + b"}", _VALUES),
)


def only_messages_are_decoded(payload: bytes) -> None:
    """A decoder returns a message or raises a protocol error; a report can be told on, to the byte."""
    try:
        message = decode(payload)
        assert msgspec.json.decode(msgspec.json.encode(message), type=type(message)) == message
    except ProtocolError:
        pass
    try:
        report = decode_report(payload)
    except ProtocolError:
        return
    if isinstance(report, Report):
        _can_be_told(report)


def _can_be_told(report: Report) -> None:
    error = None
    if report.error is not None:
        error = ErrorInfo(
            type=report.error.type,
            message=report.error.message,
            traceback=report.error.traceback,
            line=report.error.line,
            module=report.error.module,
        )
    result = Result(
        status=Status.OK,
        reason=Reason.EXIT_ZERO,
        value=report.value,
        value_omitted=report.value_omitted,
        error=error,
        isolation=IsolationInfo(runtime="nsjail"),
    )
    json.loads(result_to_json(result))
    answer = answers.unpack(_packed(Done(id=1, result=result)))
    assert isinstance(answer, Done)
    assert repr(answer.result) == repr(result)


TARGETS = (
    Target(
        "frames of a guest",
        frames_are_cut_as_their_lengths_say,
        {"stream": changed(_STREAMS), "cuts": CUTS},
        examples=150,
    ),
    Target("messages of a guest", only_messages_are_decoded, {"payload": changed(_MESSAGES)}, examples=200),
)
