"""The guest's report: strict JSON of bounded size from any object, decodable by the host."""

import json
import math
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine._protocol import Done, FrameReader, Report, ReportedError, decode_report
from runtimes.guest.report import MAX_VALUE, encode, write


def reported(outcome: dict[str, Any]) -> Report:
    """Write a report as the guest does and read it as the host does."""
    descriptor = os.memfd_create("report", os.MFD_CLOEXEC)
    try:
        write(descriptor, outcome)
        (frame,) = FrameReader().feed(os.pread(descriptor, 4 << 20, 0))
    finally:
        os.close(descriptor)
    message = decode_report(frame)
    assert isinstance(message, Report)
    return message


@pytest.mark.parametrize(
    "value", [True, 0, -1, 2**63, 1.5, "", "ü \U0001f600 \x00 \"'", [], {}, [1, [2, {"a": None}]]]
)
def test_plain_value_comes_through(value: object) -> None:
    assert reported({"value": value}) == Report(value=value)


def test_no_value_is_an_empty_report() -> None:
    assert reported({"value": None}) == reported({}) == Report()


def test_error_comes_through() -> None:
    error = {"type": "E", "message": "m", "traceback": "t", "line": 3, "module": None}

    assert reported({"error": error}) == Report(error=ReportedError("E", "m", "t", line=3))


def test_trap_comes_through() -> None:
    assert reported({"trap": "unreachable"}) == Report(trap="unreachable")


@pytest.mark.parametrize("exit_code", [0, 255])
def test_end_of_one_of_many_programs_comes_through(exit_code: int) -> None:
    reader, writer = os.pipe()
    try:
        write(writer, {"value": 1}, exit_code)
        report, frame = FrameReader().feed(os.read(reader, 100))
    finally:
        os.close(reader)
        os.close(writer)

    assert (decode_report(report), decode_report(frame)) == (Report(value=1), Done(exit_code))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, 2), [1, 2]),
        ({3}, [3]),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
        (math.inf, "inf"),
        (math.nan, "nan"),
        (b"x", "b'x'"),
        (1j, "1j"),
    ],
)
def test_other_value_becomes_the_nearest_that_json_has(value: object, text: object) -> None:
    assert reported({"value": value}).value == text


def test_table_and_array_are_asked_for_their_content() -> None:
    class Array:
        def tolist(self) -> list[int]:
            return [1, 2]

    class Table:
        def to_dict(self, orient: str) -> list[dict[str, str]]:
            return [{"orient": orient}]

    assert reported({"value": [Array(), Table()]}).value == [[1, 2], [{"orient": "list"}]]


@pytest.mark.parametrize(("size", "kept"), [(MAX_VALUE - 2, True), (MAX_VALUE - 1, False)])
def test_value_is_kept_up_to_the_limit(size: int, kept: bool) -> None:
    report = reported({"value": "x" * size})

    assert (report.value is not None) is kept
    assert report.value_omitted == (None if kept else "larger than 256 KiB")


@pytest.mark.parametrize("count", [99_999, 100_000])
def test_value_of_too_many_items_is_omitted(count: int) -> None:
    report = reported({"value": [0] * count})

    # The list counts as one; with two digits each, all of them would be too large as text as well.
    assert report.value_omitted is not None
    assert ("too large or too deep" in report.value_omitted) is (count == 100_000)


@pytest.mark.parametrize(("depth", "kept"), [(64, True), (65, False)])
def test_value_is_kept_up_to_a_depth(depth: int, kept: bool) -> None:
    value: object = 0
    for _ in range(depth):
        value = [value]

    assert (reported({"value": value}).value_omitted is None) is kept


def test_value_that_contains_itself_is_omitted() -> None:
    value: list[object] = []
    value.append(value)

    assert "too large or too deep" in (reported({"value": value}).value_omitted or "")


def test_value_whose_methods_fail_is_omitted_with_the_reason() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert reported({"value": Hostile()}).value_omitted == "not representable: RuntimeError: no"


def test_encoder_refuses_what_json_has_not() -> None:
    with pytest.raises(TypeError, match="object"):
        encode({"kind": object()})


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(value=VALUES)
def test_any_value_makes_a_report_that_the_host_can_decode(value: Any) -> None:
    report = reported({"value": value})

    assert report.value_omitted is None
    assert json.dumps(report.value, allow_nan=False)
