"""Refuse a program that cannot be run as it is, before anything is started for it."""

import re
from collections.abc import Iterable

from ._exceptions import ConfigError
from ._inputs import check_files
from ._program import Program

#: A program is a source text; what is larger is data and belongs into a file.
MAX_CODE_BYTES = 16 * 1024 * 1024
#: Standard input is held in memory by the engine.
MAX_STDIN_BYTES = 256 * 1024 * 1024
#: Arguments and environment together, well below what Linux accepts (a quarter of the stack limit, 2 MiB).
MAX_ARGUMENT_BYTES = 1024 * 1024
#: One argument or variable: Linux refuses 32 pages, the final NUL included.
MAX_STRING_BYTES = 128 * 1024 - 1
#: All compiler flags together.
MAX_FLAG_BYTES = 4096

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_program(program: Program) -> None:
    """Check everything about a program that needs no disk and no policy.

    NUL bytes and bytes that are not UTF-8 pass: they are the language's to report.

    Raises:
        ConfigError: A field has a wrong type or a value that cannot be run; the message names it.
    """
    _expect(program, Program, "program")
    _check_names(program)
    _check_code(program.code)
    if program.flags or program.call is not None:
        _check_compiler(program)
    _expect(program.stdin, bytes, "stdin", hint="encode text first: `text.encode()`")
    _check_size(len(program.stdin), MAX_STDIN_BYTES, "stdin", hint="pass it as an input file")
    if program.args or program.env:
        _check_strings(program)
    if program.files:
        check_files(program.files)


def check_batch(programs: Iterable[Program]) -> list[Program]:
    """Check a whole batch, so that a mistake in the last program is found before the first runs.

    Raises:
        ConfigError: As for `check_program`, with a note that says which one it was.
    """
    batch = list(programs)
    for index, program in enumerate(batch):
        try:
            check_program(program)
        except ConfigError as error:
            error.add_note(f"this was number {index} of the batch, counted from 0")
            raise
    return batch


def _check_names(program: Program) -> None:
    _expect(program.language, str, "language")
    if not program.language:
        raise ConfigError("`language` is empty", hint='for example `language="python"`')
    if program.environment is not None:
        _expect(program.environment, str, "environment")
        if not program.environment:
            raise ConfigError("`environment` is empty", hint="None lets the runtime choose")
    _expect(program.check, bool, "check")


def _check_compiler(program: Program) -> None:
    _expect(program.flags, (tuple, list), "flags")
    total = sum(_string_bytes(flag, f"flags[{number}]") for number, flag in enumerate(program.flags))
    _check_size(total, MAX_FLAG_BYTES, "flags", hint="a program needs few")
    for flag in program.flags:
        if not flag.startswith("-") or any(map(str.isspace, flag)):
            raise ConfigError(f"`flags`: {_shown(flag)} is no flag", hint="for example `-O3`, one for each")
    if program.call is not None:
        _expect(program.call, str, "call")
        _string_bytes(program.call, "call")


def _check_code(code: str | bytes) -> None:
    _expect(code, (str, bytes), "code")
    if not code:
        raise ConfigError("`code` is empty", hint="there is nothing to run")
    # A character is at least a byte: what has too many is not worth encoding.
    if len(code) <= MAX_CODE_BYTES and isinstance(code, str) and not code.isascii():
        code = _encoded(code, "code")
    _check_size(len(code), MAX_CODE_BYTES, "code", hint="pass data as an input file and read it from there")


def _check_strings(program: Program) -> None:
    _expect(program.args, (tuple, list), "args")
    _expect(program.env, dict, "env")
    total = 0
    for number, argument in enumerate(program.args):
        total += _string_bytes(argument, f"args[{number}]")
    for name, value in program.env.items():
        _check_env_name(name)
        total += _string_bytes(value, f"env[{name!r}]", prefix=len(name) + 1)
    _check_size(total, MAX_ARGUMENT_BYTES, "args` and `env", hint="pass data by stdin or as an input file")


def _check_env_name(name: str) -> None:
    _expect(name, str, "env name")
    if not _ENV_NAME.fullmatch(name):
        raise ConfigError(
            f"`env`: {_shown(name)} is not a variable name",
            hint="letters, digits and underscores, not starting with a digit",
        )


def _string_bytes(text: str, field: str, *, prefix: int = 0) -> int:
    """Check one string that is passed to `execve` and return its size."""
    _expect(text, str, field)
    if "\0" in text:
        raise ConfigError(
            f"`{field}` contains a NUL character", hint="pass binary data by stdin or in a file"
        )
    size = prefix + len(_encoded(text, field))
    _check_size(size, MAX_STRING_BYTES, field, hint="pass data by stdin or as an input file")
    return size


def _encoded(text: str, field: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"`{field}` contains a lone surrogate at character {error.start}, which UTF-8 cannot express",
            hint="pass bytes, or decode the text with the right encoding first",
        ) from None


def _check_size(size: int, maximum: int, field: str, *, hint: str) -> None:
    if size > maximum:
        raise ConfigError(f"`{field}`: {size:,} bytes, allowed are {maximum:,}", hint=hint)


def _expect(value: object, types: type | tuple[type, ...], field: str, *, hint: str = "") -> None:
    if not isinstance(value, types):
        names = " or ".join(f"`{kind.__name__}`" for kind in _as_tuple(types))
        raise ConfigError(f"`{field}` must be {names}, not `{type(value).__name__}`", hint=hint)


def _as_tuple(types: type | tuple[type, ...]) -> Iterable[type]:
    return types if isinstance(types, tuple) else (types,)


def _shown(text: str) -> str:
    """Quote text from outside for a message: short, and without control characters."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
