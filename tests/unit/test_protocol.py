"""Frames from a guest: what is malformed is refused, whatever the bytes are."""

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ProtocolError
from engine._protocol import (
    MAX_FRAME,
    Exit,
    Failed,
    FrameReader,
    Ready,
    Report,
    ReportedError,
    Started,
    decode,
    decode_report,
)

#: Deeper than any decoder's own recursion.
DEPTH = 200_000
type Decode = Callable[[bytes], object]


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'{"kind":"ready"}', Ready()),
        (b'{"kind":"started","monotonic_ns":12}', Started(12)),
        (b'{"kind":"failed","error":"no space"}', Failed("no space")),
        (b'{"kind":"exit","wait_status":256}', Exit(256)),
        (b' {"wait_status": 9, "kind": "exit"} ', Exit(9)),
    ],
)
def test_known_kinds_are_decoded(payload: bytes, message: object) -> None:
    assert decode(payload) == message


@pytest.mark.parametrize(
    ("payload", "report"),
    [
        (b'{"kind":"report"}', Report()),
        (b'{"kind":"report","value":[1,{"a":null}]}', Report(value=[1, {"a": None}])),
        (b'{"kind":"report","value_omitted":"too large"}', Report(value_omitted="too large")),
        (
            b'{"kind":"report","error":{"type":"E","message":"m","traceback":"t","line":3,"module":null}}',
            Report(error=ReportedError("E", "m", "t", line=3)),
        ),
    ],
)
def test_report_is_decoded(payload: bytes, report: Report) -> None:
    assert decode_report(payload) == report


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"exit"',
        b"{}",
        b"\x00\x01\x02",
        b'{"kind":"exit"}',
        b'{"kind":"exit","wait_status":"0"}',
        b'{"kind":"exit","wait_status":0.5}',
        b'{"kind":"exit","wait_status":null}',
        b'{"kind":"exit","wait_status":0} {}',
        b'{"kind":"exit","wait_status":0',
        b'{"kind":"exit","wait_status":0,"more":1}',
        b'{"kind":"ready","more":1}',
        b'{"kind":"call","name":"f"}',
        b'{"kind":"report"}',
        b'{"kind":null}',
        b'{"kind":["exit"],"wait_status":0}',
        b'{"wait_status":0}',
        b'{"kind":"failed","error":"\xff"}',
        b'{"kind":"failed","error":"\\ud800"}',
        b'\xff\xfe{"kind":"ready"}',
        b'{"kind":"failed","error":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        b'{"more":' * DEPTH,
        b"[" * DEPTH,
    ],
)
def test_frame_that_is_not_exactly_a_known_kind_is_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="malformed frame"):
        decode(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b'{"kind":"exit","wait_status":0}',
        b'{"kind":"report","more":1}',
        b'{"kind":"report","value_omitted":1}',
        b'{"kind":"report","error":"text"}',
        b'{"kind":"report","error":{"type":"E"}}',
        b'{"kind":"report","error":{"type":"E","message":"","traceback":"","hint":"run this"}}',
        b'{"kind":"report","error":{"type":"E","message":"","traceback":"","line":"1"}}',
        b'{"kind":"report","value":1e999}',
        b'{"kind":"report","value":NaN}',
        b'{"kind":"report","value":"\xff"}',
        b'{"kind":"report","value":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        b'{"kind":"report","value":' + b'{"a":' * DEPTH,
    ],
)
def test_report_that_is_not_exactly_a_report_is_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="malformed report"):
        decode_report(payload)


def test_frames_are_cut_out_of_one_piece() -> None:
    reader = FrameReader()

    frames = reader.feed(frame(b"one") + frame(b"") + frame(b"three"))

    assert (frames, reader.is_partial) == ([b"one", b"", b"three"], False)


def test_stream_split_at_every_byte_gives_the_same_frames() -> None:
    stream = frame(b'{"kind":"ready"}') + frame(b"") + frame(b'{"kind":"exit","wait_status":0}')

    for position in range(len(stream) + 1):
        reader = FrameReader()
        first, second = reader.feed(stream[:position]), reader.feed(stream[position:])

        assert [*first, *second] == [b'{"kind":"ready"}', b"", b'{"kind":"exit","wait_status":0}']
        assert not reader.is_partial


@pytest.mark.parametrize("length", range(1, 7))
def test_truncated_frame_stays_partial(length: int) -> None:
    reader = FrameReader()

    frames = reader.feed(frame(b"abc")[:length])

    assert (frames, reader.is_partial) == ([], True)


def test_frame_of_the_maximum_is_taken_and_one_byte_more_refused() -> None:
    assert FrameReader(max_frame=10).feed(frame(b"x" * 10)) == [b"x" * 10]
    with pytest.raises(ProtocolError, match="a frame of 11 bytes is announced, the maximum is 10"):
        FrameReader(max_frame=10).feed(frame(b"x" * 11))


def test_oversized_length_is_refused_before_its_bytes_arrive() -> None:
    with pytest.raises(ProtocolError, match=f"the maximum is {MAX_FRAME}"):
        FrameReader().feed(b"\xff\xff\xff\xff")


def test_oversized_length_is_refused_after_the_good_frame_before_it_was_given() -> None:
    reader = FrameReader(max_frame=10)

    assert reader.feed(frame(b"good") + (11).to_bytes(4, "big")) == [b"good"]
    with pytest.raises(ProtocolError):
        reader.feed(b"")


@pytest.mark.slow
@settings(deadline=None)
@given(payloads=st.lists(st.binary(max_size=50), max_size=6), cuts=st.lists(st.integers(1, 20), max_size=40))
def test_frames_do_not_depend_on_how_the_stream_is_cut(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, payloads))
    reader, frames = FrameReader(), []

    for cut in cuts:
        frames += reader.feed(stream[:cut])
        stream = stream[cut:]
    frames += reader.feed(stream)

    assert (frames, reader.is_partial) == (payloads, False)


KINDS = st.sampled_from(["ready", "started", "failed", "exit", "report", "call"])
KEYS = st.sampled_from(["monotonic_ns", "error", "wait_status", "value", "value_omitted", "line"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | KEYS, inner, max_size=3)
    ),
    max_leaves=8,
)
NEAR_MISSES = st.builds(
    lambda kind, fields: json.dumps({"kind": kind, **fields}).encode(),
    KINDS,
    st.dictionaries(KEYS, JSON, max_size=3),
)
HOSTILE = st.one_of(
    st.binary(max_size=64),
    st.lists(st.one_of(NEAR_MISSES, st.binary(max_size=32)).map(frame), max_size=3).map(b"".join),
)


@pytest.mark.slow
@pytest.mark.parametrize("decoder", [decode, decode_report])
@settings(deadline=None)
@given(stream=HOSTILE)
def test_only_a_protocol_error_comes_out_of_hostile_bytes(decoder: Decode, stream: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        for payload in FrameReader(max_frame=1024).feed(stream):
            with contextlib.suppress(ProtocolError):
                decoder(payload)
