"""Run a program in the engine, and say what happened in the few words that help to mend it."""

import secrets
from importlib.resources import files
from typing import NamedTuple

from engine import Engine, EngineError, File, PolicyLike, Program, Result, Status

from . import _helpers
from ._tests import tests_program
from ._tools import Tools
from ._tool_calls import ToolBudget, run_with_tools

#: What the model is told of a program's output, and what a transcript keeps: the end says most.
_OUTPUT_LINES = 20
_OUTPUT_CHARACTERS = 2_000
_ANSWER_CHARACTERS = 500
_ERROR_CHARACTERS = 600
_LOCALS_MARK = "isorun-locals: "
#: The environment with solvers, tables and graphs. A program that needs none of them starts as fast in it.
ENVIRONMENT = "data"
_OBSERVE = "import observe"


class Observed(NamedTuple):
    """What happened to a program.

    Attributes:
        result: From the engine; None when it refused the program.
        answer: What the program gave as its answer, in its own words.
        output: The end of what it printed.
        error: What went wrong, with the line and the variables; empty when nothing did.
        line: The line of the program at which it went wrong.
        passed: Whether all tests were passed; None when there were none.
        calls: Host functions that it called.
    """

    result: Result | None
    answer: str | None = None
    output: str = ""
    error: str = ""
    line: int | None = None
    passed: bool | None = None
    calls: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """How the run ended, as the engine saw it."""
        return "refused" if self.result is None else self.result.status.value

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

    engine: Engine
    policy: PolicyLike | None = None
    tools: Tools | None = None


async def run_program(bench: Bench, source: str, language: str, inputs: tuple[File, ...]) -> Observed:
    """Run a program for its answer."""
    program = _program(source, language, inputs, bench.tools)
    calls: tuple[str, ...] = ()
    try:
        if bench.tools is not None and language == "python":
            ran = await run_with_tools(bench.engine, program, bench.policy, bench.tools, budget=ToolBudget())
            result, calls = ran.result, tuple(f"{call.name}({call.arguments})" for call in ran.calls)
        else:
            result = await bench.engine.run(program, bench.policy)
    except EngineError as error:
        return _refused(error)
    return Observed(
        result,
        answer=_answer(result),
        output=_tail(result.stdout),
        error=_error(result, source, shift=_shift(language)),
        line=_line(result, shift=_shift(language)),
        calls=calls,
    )


async def run_tests(bench: Bench, source: str, language: str, tests: str) -> Observed:
    """Run a program with tests after it.

    That its process ended well does not say that the tests were reached, and a word that the program could know
    would say nothing. So the value of the run has to be one that was drawn for this run.
    """
    nonce = secrets.token_hex(16)
    try:
        result = await bench.engine.run(
            _program(tests_program(source, tests, language, nonce), language, (), None), bench.policy
        )
    except EngineError as error:
        return _refused(error)
    passed = result.ok and result.value == nonce and "Assertion failed" not in result.stderr
    error = "" if passed else _error(result, source, shift=_shift(language)) or "the tests were not passed"
    line = _line(result, shift=_shift(language))
    return Observed(result, output=_tail(result.stdout), error=error, line=line, passed=passed)


def _program(source: str, language: str, inputs: tuple[File, ...], tools: Tools | None) -> Program:
    if language != "python":
        return Program(code=source, language=language, files=inputs)
    names = {file.name for file in inputs}
    added = [File(name="observe.py", data=_observe(), read_only=True)]
    if "solvers" in source:
        added += _helpers.guest_files()
    return Program(
        code=f"{_OBSERVE}\n{source}",
        files=(*inputs, *(file for file in added if file.name not in names)),
        environment=ENVIRONMENT,
    )


def _observe() -> bytes:
    return files("agent.guest").joinpath("observe.py").read_bytes()


def _shift(language: str) -> int:
    """How many lines of ours stand before the program."""
    return 1 if language == "python" else 0


def _refused(error: EngineError) -> Observed:
    """The engine does not run it: no such language here, or a policy that nothing can enforce."""
    hint = f"; {error.hint}" if error.hint else ""
    return Observed(None, error=f"not run: {error}{hint}"[:_ERROR_CHARACTERS])


def _answer(result: Result) -> str | None:
    """Return the last line that was printed, or the value if nothing was."""
    if not result.ok:
        return None
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    if lines:
        return lines[-1][:_ANSWER_CHARACTERS]
    return None if result.value is None else str(result.value)[:_ANSWER_CHARACTERS]


def _tail(text: str) -> str:
    lines = text.rstrip("\n").splitlines()[-_OUTPUT_LINES:]
    return "\n".join(lines)[-_OUTPUT_CHARACTERS:]


def _error(result: Result, source: str, *, shift: int) -> str:
    """Say in a line or two what stands in the way."""
    if result.ok:
        return ""
    if result.status is not Status.ERROR:
        return f"{result.status.value}: {result.hint or result.reason.value}"[:_ERROR_CHARACTERS]
    if result.error is None:
        return _tail(result.stderr)[-_ERROR_CHARACTERS:] or _compile_output(result) or f"exit code {result.exit_code}"
    text = f"{result.error.type}: {result.error.message}".strip().removesuffix(":")[:_ERROR_CHARACTERS]
    line = _line(result, shift=shift)
    lines = source.splitlines()
    if line is not None and 1 <= line <= len(lines):
        text += f"\nline {line}: {lines[line - 1].strip()[:200]}"
    found = [row for row in result.stderr.splitlines() if row.startswith(_LOCALS_MARK)]
    if found and found[-1] != _LOCALS_MARK:
        text += f"\nvariables: {found[-1].removeprefix(_LOCALS_MARK)[:_ERROR_CHARACTERS]}"
    return text


def _compile_output(result: Result) -> str:
    stage = result.stages.get("compile")
    return "" if stage is None else stage.output.strip()[-_ERROR_CHARACTERS:]


def _line(result: Result, *, shift: int) -> int | None:
    if result.error is None or result.error.line is None:
        return None
    return result.error.line - shift
