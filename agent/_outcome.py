"""What happened in a run, in the few words that help to mend a program; guest data, and capped."""

import re

from engine import Result, Status

#: What the model is told of a program's output, and what a transcript keeps: the end says most.
_OUTPUT_LINES = 20
_OUTPUT_CHARACTERS = 2_000
_ANSWER_CHARACTERS = 500
_ERROR_CHARACTERS = 600
_LINE_CHARACTERS = 200
_LOCALS_MARK = "isorun-locals: "
_LINE_MARK = "isorun-line: "
#: Of our files, which the model does not know.
_PLACE = re.compile(r" ?\((?:main|candidate)\.py, line \d+\)")


def answer_of(result: Result) -> str | None:
    """Return the last line that was printed, or the value if nothing was."""
    if not result.ok:
        return None
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    if lines:
        return lines[-1][:_ANSWER_CHARACTERS]
    return None if result.value is None else str(result.value)[:_ANSWER_CHARACTERS]


def tail_of(text: str) -> str:
    lines = text.rstrip("\n").splitlines()[-_OUTPUT_LINES:]
    return "\n".join(lines)[-_OUTPUT_CHARACTERS:]


def error_of(result: Result, source: str, line: int | None) -> str:
    """Say in a line or two what stands in the way."""
    if result.ok:
        return ""
    if result.status is not Status.ERROR:
        return f"{result.status.value}: {result.hint or result.reason.value}"[:_ERROR_CHARACTERS]
    if result.error is None:
        said = _compile_output(result) or tail_of(result.stderr)[-_ERROR_CHARACTERS:]
        return said or f"exit code {result.exit_code}"
    message = _PLACE.sub("", result.error.message)
    text = f"{result.error.type}: {message}".strip().removesuffix(":")[:_ERROR_CHARACTERS]
    lines = source.split("\n")
    if line is not None and line <= len(lines):
        text += f"\nline {line}: {lines[line - 1].strip()[:_LINE_CHARACTERS]}"
    variables = _marked(result, _LOCALS_MARK)
    if variables:
        text += f"\nvariables: {variables[:_ERROR_CHARACTERS]}"
    return text


def _compile_output(result: Result) -> str:
    stage = result.stages.get("compile")
    return "" if stage is None else stage.output.strip()[-_ERROR_CHARACTERS:]


def line_of(result: Result, *, shift: int) -> int | None:
    if result.error is None or result.error.line is None:
        return None
    line = result.error.line - shift
    return line if line > 0 else None


def marked_line(result: Result) -> int | None:
    """Return the line that the observer names; one of the tests is none of the program."""
    text = _marked(result, _LINE_MARK)
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text) else None


def _marked(result: Result, mark: str) -> str:
    found = [row for row in result.stderr.splitlines() if row.startswith(mark)]
    return found[-1].removeprefix(mark).strip() if found else ""
