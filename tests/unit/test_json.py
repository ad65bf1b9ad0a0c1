"""A result as JSON: every field, strict, safe to print."""

import base64
import hashlib
import json
from typing import Any

import pytest

from engine import (
    Artifact,
    ErrorInfo,
    IsolationInfo,
    Reason,
    Result,
    Stage,
    Status,
    result_to_dict,
    result_to_json,
)


def result(**fields: Any) -> Result:
    defaults = {
        "status": Status.OK,
        "reason": Reason.EXIT_ZERO,
        "isolation": IsolationInfo(runtime="fake"),
    }
    return Result(**{**defaults, **fields})


def decoded(subject: Result, *, inline_files: bool = True) -> dict[str, Any]:
    text = result_to_json(subject, inline_files=inline_files)
    data: dict[str, Any] = json.loads(text, parse_constant=pytest.fail)
    return data


def test_every_field_of_a_result_is_there() -> None:
    data = decoded(result())

    renamed = {"stdout_bytes": "stdout", "stderr_bytes": "stderr"}
    for field in Result.__struct_fields__:
        assert renamed.get(field, field) in data


def test_status_and_reason_are_their_words() -> None:
    data = decoded(result(status=Status.TIMEOUT, reason=Reason.WALL_LIMIT))

    assert (data["ok"], data["status"], data["reason"]) == (False, "timeout", "wall-limit")


def test_output_that_is_text_is_not_repeated_in_base64() -> None:
    data = decoded(result(stdout_bytes="grün\n".encode()))

    assert data["stdout"] == "grün\n"
    assert data["stdout_lossy"] is False
    assert "stdout_base64" not in data


def test_output_that_is_not_text_is_given_in_both_forms() -> None:
    data = decoded(result(stderr_bytes=b"a\xff\x00"))

    assert data["stderr"] == "a\ufffd\0"
    assert data["stderr_lossy"] is True
    assert base64.b64decode(data["stderr_base64"]) == b"a\xff\x00"


def test_replacement_character_of_the_program_is_not_lossy() -> None:
    assert decoded(result(stdout_bytes="\ufffd".encode()))["stdout_lossy"] is False


def test_files_have_size_and_checksum_and_content_when_wanted() -> None:
    subject = result(files=(Artifact(name="plot.png", data=b"png", size=3),))
    checksum = hashlib.sha256(b"png").hexdigest()

    (inline,) = decoded(subject)["files"]
    (listed,) = decoded(subject, inline_files=False)["files"]

    assert listed == {"name": "plot.png", "size": 3, "skipped": None, "sha256": checksum}
    assert inline == {**listed, "base64": base64.b64encode(b"png").decode()}


def test_skipped_file_has_a_reason_and_no_checksum() -> None:
    (file,) = decoded(result(files=(Artifact(name="big", size=99, skipped="too large"),)))["files"]

    assert file == {"name": "big", "size": 99, "skipped": "too large"}


@pytest.mark.parametrize("value", [None, 0, 1.5, "text", [1, [2]], {"a": {"b": None}}, True, 10**40])
def test_value_is_kept(value: Any) -> None:
    assert decoded(result(value=value))["value"] == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")], {1, 2}, object()])
def test_value_that_json_cannot_express_is_left_out_with_a_reason(value: Any) -> None:
    data = decoded(result(value=value))

    assert data["value"] is None
    assert data["value_omitted"].startswith("not expressible as JSON")


def test_value_nested_too_deeply_is_left_out_with_a_reason() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]

    assert decoded(result(value=value))["value_omitted"].startswith("not expressible as JSON")


def test_lone_surrogates_become_question_marks_everywhere() -> None:
    bad = "a\ud800"
    subject = result(
        value={bad: [bad]},
        error=ErrorInfo(type="E", message=bad),
        files=(Artifact(name=bad, data=b""),),
        stages={"run": Stage(status=Status.OK, output=bad)},
    )

    data = result_to_dict(subject)

    assert data["value"] == {"a?": ["a?"]}
    assert data["error"]["message"] == "a?"
    assert data["files"][0]["name"] == "a?"
    assert data["stages"]["run"]["output"] == "a?"


def test_terminal_escapes_do_not_get_through() -> None:
    text = result_to_json(result(stdout_bytes="\x1b[2J\x9b2J\u202e".encode()))

    assert text.isascii()
    assert text.isprintable()


def test_dict_holds_only_what_json_knows() -> None:
    def plain(value: Any) -> bool:
        if type(value) is dict:
            return all(type(key) is str and plain(item) for key, item in value.items())
        if type(value) is list:
            return all(map(plain, value))
        return type(value) in (str, int, float, bool, type(None))

    subject = result(
        status=Status.ERROR,
        error=ErrorInfo(type="E"),
        stages={"run": Stage(status=Status.OK)},
        files=(Artifact(name="a"),),
    )

    assert plain(result_to_dict(subject))
