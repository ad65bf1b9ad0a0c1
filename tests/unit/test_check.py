"""What is refused about a program before anything is started for it."""

from typing import Any

import pytest

from engine import ConfigError, Program
from engine._check import (
    MAX_ARGUMENT_BYTES,
    MAX_CODE_BYTES,
    MAX_STDIN_BYTES,
    MAX_STRING_BYTES,
    check_program,
)


def refusal(**fields: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        check_program(Program(**{"code": "1", **fields}))
    assert not caught.value.dispatched
    return caught.value


@pytest.mark.parametrize(
    "code",
    [
        "print(1)",
        "\n",
        "print('ä')",
        b"\x00\xff not text",
        "a NUL \0 is the language's to report",
        "x" * MAX_CODE_BYTES,
        b"x" * MAX_CODE_BYTES,
        "ä" * (MAX_CODE_BYTES // 2),
    ],
    ids=range(8),
)
def test_code_that_a_language_can_judge_passes(code: str | bytes) -> None:
    check_program(Program(code=code))


@pytest.mark.parametrize("code", ["", b""])
def test_empty_code_is_refused(code: str | bytes) -> None:
    assert str(refusal(code=code)) == "`code` is empty"


@pytest.mark.parametrize(
    "code",
    ["x" * (MAX_CODE_BYTES + 1), b"x" * (MAX_CODE_BYTES + 1), "ä" * (MAX_CODE_BYTES // 2) + "x"],
    ids=["str", "bytes", "encoded"],
)
def test_code_of_one_byte_too_many_is_refused(code: str | bytes) -> None:
    assert str(refusal(code=code)) == "`code`: 16,777,217 bytes, allowed are 16,777,216"


def test_fifty_megabytes_of_code_are_refused_with_the_size() -> None:
    error = refusal(code="x" * 50_000_000)

    assert "50,000,000 bytes" in str(error)
    assert "input file" in error.hint


def test_lone_surrogate_in_code_is_refused_with_its_place() -> None:
    assert "lone surrogate at character 3" in str(refusal(code="abc\ud800"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"code": 3}, "`code` must be `str` or `bytes`, not `int`"),
        ({"code": None}, "`code` must be `str` or `bytes`, not `NoneType`"),
        ({"language": 3}, "`language` must be `str`, not `int`"),
        ({"language": ""}, "`language` is empty"),
        ({"environment": 3}, "`environment` must be `str`, not `int`"),
        ({"environment": ""}, "`environment` is empty"),
        ({"stdin": "text"}, "`stdin` must be `bytes`, not `str`"),
        ({"args": "text"}, "`args` must be `tuple` or `list`, not `str`"),
        ({"args": (1,)}, "`args[0]` must be `str`, not `int`"),
        ({"args": ("a", "b\0")}, "`args[1]` contains a NUL character"),
        ({"args": ("\udcff",)}, "`args[0]` contains a lone surrogate"),
        ({"env": ["A"]}, "`env` must be `dict`, not `list`"),
        ({"env": {"A": 1}}, "`env['A']` must be `str`, not `int`"),
        ({"env": {"A": "\0"}}, "`env['A']` contains a NUL character"),
        ({"env": {1: "a"}}, "`env name` must be `str`, not `int`"),
        ({"files": "name"}, "`files` must be a tuple of `File`, not `str`"),
    ],
)
def test_wrong_type_or_value_is_refused_by_name(fields: dict[str, Any], message: str) -> None:
    assert str(refusal(**fields)).startswith(message)


@pytest.mark.parametrize("name", ["", "A=B", "1A", "A-B", "A\n", "A\0", "Ä"])
def test_bad_variable_name_is_refused(name: str) -> None:
    assert "is not a variable name" in str(refusal(env={name: "x"}))


def test_arguments_and_environment_may_fill_their_bound_together() -> None:
    chunk = MAX_ARGUMENT_BYTES // 16
    check_program(Program(code="1", args=("x" * chunk,) * 15, env={"A": "x" * (chunk - 2)}))

    error = refusal(args=("x" * chunk,) * 15, env={"A": "x" * (chunk - 1)})

    assert "`args` and `env`: 1,048,577 bytes" in str(error)


def test_one_argument_may_be_as_long_as_linux_takes() -> None:
    check_program(Program(code="1", args=("x" * MAX_STRING_BYTES,)))

    assert "`args[0]`: 131,072 bytes" in str(refusal(args=("x" * (MAX_STRING_BYTES + 1),)))


def test_name_of_a_variable_counts_against_its_length() -> None:
    check_program(Program(code="1", env={"NAME": "x" * (MAX_STRING_BYTES - 5)}))

    assert "`env['NAME']`" in str(refusal(env={"NAME": "x" * (MAX_STRING_BYTES - 4)}))


def test_arguments_are_measured_in_bytes() -> None:
    assert "bytes" in str(refusal(args=("ä" * (MAX_STRING_BYTES // 2 + 1),)))


def test_list_of_arguments_passes() -> None:
    check_program(Program(code="1", args=["a", ""]))  # type: ignore[arg-type]


@pytest.mark.slow
def test_stdin_of_one_byte_too_many_is_refused() -> None:
    check_program(Program(code="1", stdin=bytes(MAX_STDIN_BYTES)))

    assert "`stdin`" in str(refusal(stdin=bytes(MAX_STDIN_BYTES + 1)))
