"""Try edits of a program against its tests: which pass, and which of those do the same.

Each edit has a process of its own that a timer ends, so that one that hangs or breaks things harms no other.
What comes out is a hint and no verdict: the edit that is chosen has to pass the tests again, alone.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib
import io
import json
import os
import resource
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

#: For the program as it is, in seconds of processor time; it tells how long an edited one may take.
_FIRST_SECONDS = 1.0
_SECONDS = (0.1, 0.5)
_FACTOR = 4
_PROBE_SECONDS = 0.02
_PROBES = 60
_MAX_CALLS = 20
_MEMORY = 64 << 20
_MAX_PASSING = 200
_PASSED = b"p"
_MAX_SAID = 64
_MAX_DESCRIPTORS = 1024
_BEHAVIOURS = 0x7FFFFFFF
#: How much longer an edited program may take than its processor time, and until it is killed from outside.
_WAIT_FACTOR = 5
_DEAF_FACTOR = 6


class _SlowError(BaseException):
    """A call took too long."""


def search(path: str) -> dict[str, Any]:
    """Try all edits in a file, as long as there is time.

    Returns:
        `passes`: whether the program passes as it is. `tried`: how many edits were. `passing`: pairs of an
        edit's index and a number, the same for those that were seen to do the same; -1 if that is not known.
    """
    with open(path, "rb") as file:
        work = json.load(file)
    source, tests = work["source"].encode(), work["tests"]
    for module in work["modules"]:
        with contextlib.suppress(Exception):  # the tests will say so
            importlib.import_module(module)
    end = time.monotonic() + work["seconds"]
    probes = _probes(
        tests, {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    )
    seconds, behaviour = _tried(source, tests, probes, _FIRST_SECONDS)
    if behaviour is not None:
        return {"passes": True, "tried": 0, "passing": []}
    limit = min(max(_FACTOR * seconds, _SECONDS[0]), _SECONDS[1])
    passing: list[tuple[int, int]] = []
    tried = 0
    for index, (start, stop, text) in enumerate(work["edits"]):
        if time.monotonic() > end or len(passing) == _MAX_PASSING:
            break
        edited = source[:start] + text.encode() + source[stop:]
        behaviour = _tried(edited, tests, probes, limit)[1]
        tried += 1
        if behaviour is not None:
            passing.append((index, behaviour))
    return {"passes": False, "tried": tried, "passing": passing}


def _tried(
    source: bytes, tests: str, probes: list[tuple[str, Any]], seconds: float
) -> tuple[float, int | None]:
    """Run a program with its tests in a child; return its processor time, and how it behaves if it passes."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            # It may say something here and nowhere else.
            os.closerange(3, writer)
            os.closerange(writer + 1, _MAX_DESCRIPTORS)
            os.setsid()
            _limit(seconds)
            _test(source, tests, probes, writer)
        finally:
            os._exit(0)  # whatever has happened
    os.close(writer)
    said = _heard(reader, _DEAF_FACTOR * seconds + 2 * _PROBES * _PROBE_SECONDS)
    os.close(reader)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)  # what it has started, and itself if it is deaf to its timers
    usage = os.wait4(child, 0)[2]
    spent = usage.ru_utime + usage.ru_stime
    if not said.startswith(_PASSED):
        return spent, None
    return spent, int(said[1:]) & _BEHAVIOURS if said[1:].isdigit() else -1


def _heard(reader: int, seconds: float) -> bytes:
    """Return what a child says until it ends; not much, and not for longer than that."""
    end = time.monotonic() + seconds
    said = b""
    while len(said) < _MAX_SAID and select.select([reader], [], [], max(0.0, end - time.monotonic()))[0]:
        more = os.read(reader, _MAX_SAID)
        if not more:
            break
        said += more
    return said


def _limit(seconds: float) -> None:
    """Have the kernel end this process: Python code may catch whatever it is told."""
    memory = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for timer, number, factor in (
        (signal.ITIMER_PROF, signal.SIGPROF, 1),
        (signal.ITIMER_REAL, signal.SIGALRM, _WAIT_FACTOR),
    ):
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, seconds * factor)


def _test(source: bytes, tests: str, probes: list[tuple[str, Any]], writer: int) -> None:
    sys.stdout = sys.stderr = io.StringIO()
    names: dict[str, Any] = {"__name__": "candidate"}
    exec(compile(source, "candidate.py", "exec"), names)  # noqa: S102 (what all this is for)
    exec(compile(tests, "tests.py", "exec"), dict(names))  # noqa: S102
    os.write(writer, _PASSED)
    signal.setitimer(signal.ITIMER_PROF, _PROBES * _PROBE_SECONDS)
    os.write(writer, str(hash(tuple(_outcomes(names, probes))) & _BEHAVIOURS).encode())


# How it behaves


def _outcomes(names: dict[str, Any], probes: list[tuple[str, Any]]) -> Iterator[str]:
    signal.signal(signal.SIGALRM, _interrupt)
    for name, arguments in probes:
        given = copy.deepcopy(arguments)
        try:
            signal.setitimer(signal.ITIMER_REAL, _PROBE_SECONDS)
            try:
                value = names[name](*given)
                yield repr((list(value) if hasattr(value, "__next__") else value, given))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except _SlowError:
            yield "slow"
        except Exception as error:
            yield type(error).__name__


def _interrupt(_: int, __: FrameType | None) -> None:
    raise _SlowError


def _probes(tests: str, functions: set[str]) -> list[tuple[str, Any]]:
    """Return calls like those of the tests, with arguments a little otherwise."""
    found: dict[str, tuple[str, Any]] = {}
    for name, arguments in _calls(tests, functions):
        for place, argument in enumerate(arguments):
            for other in _varied(argument):
                call = (name, [*arguments[:place], other, *arguments[place + 1 :]])
                found.setdefault(repr(call), call)
    return list(found.values())[:_PROBES]


def _calls(tests: str, functions: set[str]) -> list[tuple[str, list[Any]]]:
    calls = []
    for node in ast.walk(ast.parse(tests)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            try:
                calls.append((node.func.id, [ast.literal_eval(argument) for argument in node.args]))
            except ValueError:
                continue  # it is computed
    return calls[:_MAX_CALLS]


def _varied(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value - 1, -value, value * 2, value * 0]
    if isinstance(value, str):
        return [value[::-1], value[1:], value[:-1], value + value, value.swapcase(), f"{value} {value}", ""]
    if isinstance(value, tuple):
        return [tuple(other) for other in _varied(list(value))]
    if isinstance(value, list):
        others = [value[::-1], value[1:], value[:-1], value + value, []]
        for place, part in enumerate(value[:4]):
            others += [[*value[:place], other, *value[place + 1 :]] for other in _varied(part)[:3]]
        return others
    if isinstance(value, dict):
        return [dict(list(value.items())[1:]), {}]
    return []
