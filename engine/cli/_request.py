"""From the arguments of `isorun run` to a program and the policy it runs under."""

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

import msgspec

from engine import ConfigError, EngineConfig, File, Interpreter, Program
from engine._check import MAX_CODE_BYTES, MAX_STDIN_BYTES
from policies import Isolation, Limits, Policy, PolicyError, from_dict, load
from policies._load import is_path

from ._console import visible_line
from ._errors import UsageError
from ._language import language_named, language_of, language_of_shebang


class Request(NamedTuple):
    """What to run, under which policy."""

    program: Program
    policy: Policy


class Place(NamedTuple):
    """Where a command line was written.

    Attributes:
        folder: Where its relative paths begin; empty for our own folder.
        stdin: Its standard input; None for our own.
    """

    folder: str = ""
    stdin: BinaryIO | None = None

    def path(self, name: str) -> str:
        """Return a path that can be opened from here."""
        return os.path.join(self.folder, name)

    def read_stdin(self, max_bytes: int) -> bytes:
        """Read the standard input to its end.

        Raises:
            ConfigError: It is longer than that.
        """
        return _read(self.stdin or sys.stdin.buffer, "standard input", max_bytes)


HERE = Place()


def request(arguments: Namespace, config: EngineConfig, place: Place = HERE) -> Request:
    """Read files and standard input, and overlay the policy with the options.

    Raises:
        UsageError: Options are missing or exclude each other.
        ConfigError: A file cannot be read.
        PolicyError: The policy or an option that changes it is not acceptable.
    """
    policy = overlay(load(_policy(arguments.policy or config.policy, place)), arguments)
    return Request(_program(arguments, config.interpreters, place), policy)


def _policy(name: str, place: Place) -> str:
    """Return a preset's name as it is, and a file's so that it can be opened from here."""
    return place.path(name) if is_path(name) else name


def overlay(policy: Policy, arguments: Namespace) -> Policy:
    """Return the policy with the options that change it put over it.

    Raises:
        PolicyError: A value is out of range, or the policy requires another isolation.
    """
    changed = msgspec.structs.replace(
        policy,
        limits=_limits(policy.limits, arguments),
        isolation=_isolation(policy, arguments),
        packages="prefetched" if arguments.allow_packages else policy.packages,
    )
    return from_dict(msgspec.to_builtins(changed), source="command line")


def _limits(limits: Limits, arguments: Namespace) -> Limits:
    if arguments.timeout is not None:
        cpu_seconds = max(limits.cpu_seconds, arguments.timeout)
        limits = msgspec.structs.replace(limits, wall_seconds=arguments.timeout, cpu_seconds=cpu_seconds)
    if arguments.memory is not None:
        limits = msgspec.structs.replace(limits, memory_mib=arguments.memory)
    return limits


def _isolation(policy: Policy, arguments: Namespace) -> Isolation:
    isolation = policy.isolation
    if arguments.isolation is not None:
        _check_required(policy, arguments.isolation)
        isolation = msgspec.structs.replace(isolation, require=(arguments.isolation,))
    if arguments.prefer is not None:
        isolation = msgspec.structs.replace(isolation, prefer=arguments.prefer)
    return isolation


def _check_required(policy: Policy, name: str) -> None:
    required = policy.isolation.require
    if required and name not in required:
        message = (
            f"`--isolation {name}`, but the policy requires {' or '.join(f'`{one}`' for one in required)}"
        )
        raise PolicyError(message, source="command line", key="isolation.require")


def _program(arguments: Namespace, interpreters: Mapping[str, Interpreter], place: Place) -> Program:
    code, language = _code(arguments, interpreters, place)
    return Program(
        code=code,
        language=language,
        args=(*(arguments.call or ())[1:], *arguments.arg),
        stdin=_stdin(arguments, place),
        files=tuple(input_file(text, place) for text in arguments.input),
        env=dict(_variable(text) for text in arguments.env),
        environment=arguments.env_name,
        check=arguments.check,
        flags=tuple(arguments.flag),
        call=arguments.call[0] if arguments.call else None,
    )


def _code(
    arguments: Namespace, interpreters: Mapping[str, Interpreter], place: Place
) -> tuple[str | bytes, str]:
    """Return the source and its language."""
    named = arguments.lang and language_named(arguments.lang, interpreters)
    if (arguments.file is None) == (arguments.code is None):
        raise UsageError("give one program: a FILE, `-c CODE`, or `-` for standard input")
    if arguments.code is not None:
        return arguments.code, named or "python"
    if arguments.file == "-":
        code = place.read_stdin(MAX_CODE_BYTES)
        return code, named or language_of_shebang(code) or "python"
    code = _read_file(arguments.file, place)
    endings = {one.suffix.lower(): name for name, one in interpreters.items() if one.suffix}
    return code, named or language_of(arguments.file, code, endings)


def _stdin(arguments: Namespace, place: Place) -> bytes:
    if arguments.stdin != "-":
        return (arguments.stdin or "").encode("utf-8", "surrogateescape")
    if arguments.file == "-":
        raise UsageError("standard input cannot be both the program and its input")
    return place.read_stdin(MAX_STDIN_BYTES)


def _read_file(path: str, place: Place) -> bytes:
    try:
        with open(place.path(path), "rb") as file:
            return _read(file, path, MAX_CODE_BYTES)
    except OSError as error:
        raise ConfigError(f"`{visible_line(path)}` cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in the name
        raise ConfigError(f"`{visible_line(path)}` cannot be read: {error}") from error


def _read(file: BinaryIO, name: str, max_bytes: int) -> bytes:
    """Read no more than the engine would take: `/dev/zero` is a file name too."""
    data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ConfigError(
            f"`{visible_line(name)}` is larger than {max_bytes >> 20} MiB",
            hint="pass data as an input file with `--input` and read it from there",
        )
    return data


def input_file(text: str, place: Place = HERE) -> File:
    """Split `PATH[:NAME]` at the last colon; the name is checked by the engine."""
    path, colon, name = text.rpartition(":")
    if not colon:
        path, name = text, os.path.basename(text)
    if not path or not name:
        raise UsageError(f"`{text}` needs a path, and a name after the colon")
    return File(name=name, path=os.path.abspath(place.path(path)))


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"`--env {text}` is not of the form NAME=VALUE")
    return name, value
