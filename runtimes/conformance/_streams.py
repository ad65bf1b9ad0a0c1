"""Checks of what goes in and comes out: streams, exit codes, arguments, variables, values, errors."""

import hashlib
import os

from engine import Output

from ._check import Subject, cancel_at_first_output, check, expect, expect_ok, require

_TEXT = "naïve 日本語 \U0001f40d ␀\r\n"
_ALL_BYTES = bytes(range(256)) * 64
_ODD_ARGUMENTS = ("", " ", "-x", "--", "$HOME", "`id`", "a'b\"c", "line\nend", "é\U0001f40d", "*", "\\")
_COMMON_VARIABLES = {"HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "TMPDIR"}
# More than any pipe or socket holds, so that it has to be fed while the program reads.
_LARGE = bytes(range(251)) * 40_000


@check("streams")
async def stdout_and_stderr_come_apart(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("streams")))

    expect("stdout", result.stdout, "out\n")
    expect("stderr", result.stderr, "err\n")
    expect("truncated", (result.stdout_truncated, result.stderr_truncated), (False, False))


@check("silent")
async def program_without_output_is_ok(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("silent")))

    expect("exit code", result.exit_code, 0)
    expect("streams", (result.stdout_bytes, result.stderr_bytes), (b"", b""))
    expect("value, error, files", (result.value, result.error, result.files), (None, None, ()))


@check("exit")
async def exit_code_is_reported_and_never_taken_for_a_limit(subject: Subject) -> None:
    for code in (1, 3, 124, 137, 255):
        result = await subject.run(subject.program("exit", code))

        expect("status", (result.status, result.reason), ("error", "exit-nonzero"))
        expect("exit code and signal", (result.exit_code, result.signal), (code, None))


@check("signal")
async def death_by_signal_is_named(subject: Subject) -> None:
    result = await subject.run(subject.program("signal"))

    expect("status", (result.status, result.reason), ("crashed", "signal"))
    expect("exit code and signal", (result.exit_code, result.signal), (None, "SIGSEGV"))


@check("echo")
async def text_in_unicode_comes_back_unchanged(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("echo", stdin=_TEXT.encode())))

    expect("stdout", result.stdout, _TEXT)


@check("echo")
async def bytes_of_every_value_come_back_unchanged(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("echo", stdin=_ALL_BYTES)))

    expect("stdout", result.stdout_bytes, _ALL_BYTES)


@check("echo")
async def stdin_ends_when_nothing_is_given(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("echo")))

    expect("stdout", result.stdout_bytes, b"")


@check("digest")
async def ten_megabytes_of_stdin_arrive(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("digest", stdin=_LARGE)))

    expect("digest", result.stdout.strip(), hashlib.sha256(_LARGE).hexdigest())


@check("streams")
async def stdin_that_is_not_read_disturbs_nothing(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("streams", stdin=_LARGE)))

    expect("stdout", result.stdout, "out\n")


@check("arguments")
async def arguments_arrive_as_they_are(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("arguments", *_ODD_ARGUMENTS)))

    expect("arguments", tuple(result.stdout.split("\0")[:-1]), _ODD_ARGUMENTS)


@check("variables")
async def variables_arrive_and_those_of_the_host_do_not(subject: Subject) -> None:
    given = {"CONFORMANCE_EMPTY": "", "CONFORMANCE_ODD": "a=b $HOME\n'é'"}
    result = expect_ok(await subject.run(subject.program("variables", env=given)))

    pairs = (pair.partition("=") for pair in result.stdout.split("\0") if pair)
    seen = {name: value for name, _, value in pairs}
    expect("variables given", {name: seen.get(name) for name in given}, given)
    expect("variables of the host", [name for name in seen if _is_of_host(name, seen[name])], [])


def _is_of_host(name: str, value: str) -> bool:
    """Whether a variable can only come from the host; short values such as `1` agree by chance."""
    return name not in _COMMON_VARIABLES and len(value) >= 8 and os.environ.get(name) == value


@check("value")
async def value_arrives_as_plain_data(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("value")))

    expect("value", result.value, {"number": 42, "list": [1, 2.5, "é"], "nothing": None})
    expect("omitted", result.value_omitted, None)


@check("error")
async def uncaught_error_is_described(subject: Subject) -> None:
    shown = f"{subject.language.error_type}: wrong"
    result = await subject.run(subject.program("error"))

    expect("status and exit code", (result.status, result.exit_code), ("error", 1))
    require("the error is described", result.error)
    if result.error is not None:
        described = (result.error.type, result.error.message, result.error.line)
        expect("type, message, line", described, (subject.language.error_type, "wrong", 2))
        require("the traceback names the error", shown in result.error.traceback)
    require("stderr shows the error too", shown in result.stderr)


@check("syntax-error")
async def program_that_cannot_be_parsed_is_an_error_with_a_line(subject: Subject) -> None:
    result = await subject.run(subject.program("syntax-error"))

    expect("status and exit code", (result.status, result.exit_code), ("error", 1))
    expect("line", result.error and result.error.line, 2)


@check("exit-text")
async def exit_with_a_text_prints_it_and_is_no_error_object(subject: Subject) -> None:
    result = await subject.run(subject.program("exit-text"))

    expect("status and exit code", (result.status, result.exit_code), ("error", 1))
    expect("stderr", result.stderr, "gave up\n")
    expect("error", result.error, None)


@check("lines")
async def chunks_come_in_order_and_make_up_the_output(subject: Subject) -> None:
    chunks: list[Output] = []
    result = expect_ok(await subject.run(subject.program("lines"), emit=chunks.append))

    expect("stdout", result.stdout.split(), [str(number) for number in range(100)])
    expect("chunks", b"".join(chunk.data for chunk in chunks), result.stdout_bytes)
    expect("streams", {chunk.stream for chunk in chunks}, {"stdout"})


@check("wait")
async def output_comes_while_the_program_runs(subject: Subject) -> None:
    await cancel_at_first_output(subject, subject.program("wait"))


CHECKS = (
    stdout_and_stderr_come_apart,
    program_without_output_is_ok,
    exit_code_is_reported_and_never_taken_for_a_limit,
    death_by_signal_is_named,
    text_in_unicode_comes_back_unchanged,
    bytes_of_every_value_come_back_unchanged,
    stdin_ends_when_nothing_is_given,
    ten_megabytes_of_stdin_arrive,
    stdin_that_is_not_read_disturbs_nothing,
    arguments_arrive_as_they_are,
    variables_arrive_and_those_of_the_host_do_not,
    value_arrives_as_plain_data,
    uncaught_error_is_described,
    program_that_cannot_be_parsed_is_an_error_with_a_line,
    exit_with_a_text_prints_it_and_is_no_error_object,
    chunks_come_in_order_and_make_up_the_output,
    output_comes_while_the_program_runs,
)
