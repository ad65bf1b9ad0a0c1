"""Run a program in the engine, for its answer or with tests."""

import math
import secrets
from collections.abc import Awaitable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import anyio

from engine import (
    AnyEngine,
    ConfigError,
    File,
    PolicyLike,
    PolicyUnsupportedError,
    Program,
    Result,
    RuntimeUnavailableError,
)

from . import _helpers
from ._outcome import answer_of, error_of, line_of, marked_line, tail_of
from ._tests import can_test, is_passed, with_tests
from ._tool_calls import ToolBudget, run_with_tools
from ._tools import Tools

#: What is kept of why the engine refuses a program, and of a call.
_REFUSAL_CHARACTERS = 600
_CALL_CHARACTERS = 200
#: The environment with solvers, tables and graphs. A program that needs none of them starts as fast in it.
ENVIRONMENT = "data"
_OBSERVER = "observe.py"
#: The program is refused, and would be refused again; other errors are failures of the host.
_REFUSALS = (ConfigError, PolicyUnsupportedError, RuntimeUnavailableError)


class Observed(NamedTuple):
    """What happened to a program.

    Attributes:
        result: From the engine; None if the program did not run to an end.
        answer: What the program gave as its answer, in its own words.
        output: The end of what it printed.
        error: What went wrong, with the line and the variables; empty when nothing did.
        line: The line of the program at which it went wrong.
        passed: Whether all tests were passed; None when there were none, or none that could be told.
        calls: Host functions that it called.
        ended: Why there is no result: `refused` by the engine, `stopped` because the time was over.
    """

    result: Result | None
    answer: str | None = None
    output: str = ""
    error: str = ""
    line: int | None = None
    passed: bool | None = None
    calls: tuple[str, ...] = ()
    ended: str = "not run"

    @property
    def status(self) -> str:
        """How the run ended, as the engine saw it."""
        return self.ended if self.result is None else self.result.status.value

    @property
    def ok(self) -> bool:
        """Whether the program ran to its end, and passed its tests if there were any."""
        return self.result is not None and self.result.ok and self.passed is not False


class Bench(NamedTuple):
    """Where programs are run.

    Attributes:
        engine: Open.
        policy: For programs of the model.
        tools: Host functions that they may call; None for none.
    """

    engine: AnyEngine
    policy: PolicyLike | None = None
    tools: Tools | None = None


class _Run(NamedTuple):
    """A run that ended, and the host functions that it called."""

    result: Result
    calls: tuple[str, ...] = ()


async def run_program(
    bench: Bench,
    source: str,
    language: str,
    inputs: tuple[File, ...],
    *,
    seconds: float = math.inf,
    environment: str = ENVIRONMENT,
) -> Observed:
    """Run a program for its answer.

    Args:
        bench: Where.
        source: The program.
        language: Of the program.
        inputs: What it finds in its working folder.
        seconds: When it is stopped, if no policy has stopped it before.
        environment: For Python.

    Raises:
        EngineError: The engine failed.
    """
    shift = _shift(source, language, inputs)
    code = f"import observe\n{source}" if shift else source
    program = _program(code, source, language, inputs, environment)
    ran = await _bounded(_run(bench, program), seconds)
    if isinstance(ran, Observed):
        return ran
    line = line_of(ran.result, shift=shift)
    return Observed(
        ran.result,
        answer=answer_of(ran.result),
        output=tail_of(ran.result.stdout),
        error=error_of(ran.result, source, line),
        line=line,
        calls=ran.calls,
    )


async def run_tests(
    bench: Bench,
    source: str,
    language: str,
    tests: str,
    inputs: tuple[File, ...] = (),
    *,
    seconds: float = math.inf,
) -> Observed:
    """Run a program with tests after it; without them where nobody could tell that they were passed.

    The arguments and errors are those of `run_program`; what a pass proves stands in `_tests`.
    """
    if not can_test(language):
        return await run_program(bench, source, language, inputs, seconds=seconds)
    nonce = secrets.token_hex(16)
    code, added = with_tests(source, tests, language, nonce)
    names = {file.name for file in added}
    inputs = (*(file for file in inputs if file.name not in names | {_OBSERVER}), *added)
    ran = await _bounded(_run(bench, _program(code, source, language, inputs), with_tools=False), seconds)
    if isinstance(ran, Observed):
        return ran
    passed = is_passed(ran.result, language, nonce)
    line = marked_line(ran.result) if language == "python" else line_of(ran.result, shift=0)
    error = (
        "" if passed else error_of(ran.result, source, line) or "the tests were not reached, or not passed"
    )
    return Observed(ran.result, output=tail_of(ran.result.stdout), error=error, line=line, passed=passed)


async def _bounded(run: Awaitable[_Run], seconds: float) -> _Run | Observed:
    """Wait for a run until the time is over; a refusal is told like a failure of the program."""
    try:
        with anyio.move_on_after(seconds):
            return await run
    except _REFUSALS as error:
        hint = f"; {error.hint}" if error.hint else ""
        return Observed(None, error=f"not run: {error}{hint}"[:_REFUSAL_CHARACTERS], ended="refused")
    return Observed(None, error="stopped: the time for this question is used up", ended="stopped")


async def _run(bench: Bench, program: Program, *, with_tools: bool = True) -> _Run:
    if bench.tools is None or program.language != "python" or not with_tools:
        return _Run(await bench.engine.run(program, bench.policy))
    ran = await run_with_tools(bench.engine, program, bench.policy, bench.tools, budget=ToolBudget())
    calls = tuple(f"{call.name}({call.arguments})"[:_CALL_CHARACTERS] for call in ran.calls)
    return _Run(ran.result, calls)


def _program(
    code: str, source: str, language: str, inputs: tuple[File, ...], environment: str = ENVIRONMENT
) -> Program:
    """Return what is run: the code, with those files of ours that it or the model's source needs."""
    if language != "python":
        return Program(code=code, language=language, files=inputs)
    names = {file.name for file in inputs}
    added = [File(name=_OBSERVER, data=_observe(), read_only=True)]
    if "solvers" in source:
        added += _helpers.guest_files()
    return Program(
        code=code,
        files=(*inputs, *(file for file in added if file.name not in names)),
        environment=environment,
    )


@cache
def _observe() -> bytes:
    return files("agent.guest").joinpath(_OBSERVER).read_bytes()


def _shift(source: str, language: str, inputs: tuple[File, ...]) -> int:
    """Return how many lines of ours stand before the program.

    None do where they would not be what is meant, or where the program has to be the first to speak.
    """
    is_taken = any(file.name == _OBSERVER for file in inputs)
    return 1 if language == "python" and not is_taken and "__future__" not in source else 0
