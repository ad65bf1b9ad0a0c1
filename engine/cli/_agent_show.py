"""`isorun agent show`: a transcript as plain text that a person reads from top to bottom."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import assert_never

from agent._steps import (
    Answered,
    Check,
    Checked,
    Decided,
    Ran,
    Routed,
    Searched,
    Started,
    Totals,
    Verified,
    Wrote,
)
from agent._transcript import StoredStep, Transcript, read_transcript

from . import _exit
from ._console import visible, visible_line
from ._standard import write_data

# Prose wider than this is hard to read; programs keep their lines.
WIDTH = 100
# The left column: what a paragraph is about.
_MARGIN = 11
# Output of a run that is shown; a transcript holds more.
_OUTPUT_LINES = 20


def render(transcript: Transcript) -> str:
    """Return a transcript as text, with a final line end; control characters are shown as signs."""
    lines: list[str] = []
    for step in transcript.steps:
        lines.extend(_step(step))
    if not transcript.complete:
        lines.extend(["", *labelled("note", "the transcript was cut off in the middle of a step")])
    elif not isinstance(_last(transcript), Answered):
        lines.extend(["", *labelled("note", "the transcript ends before an answer was given")])
    return "\n".join(lines).lstrip("\n") + "\n"


def show(path: str) -> int:
    """Print a transcript, and return the exit code."""
    write_data(render(read_transcript(path)))
    return _exit.OK


def labelled(label: str, text: str) -> Iterator[str]:
    """Yield a paragraph of prose with a word in the left column; its own line ends are kept."""
    first = f"{label:<{_MARGIN - 1}} "
    for paragraph in visible(text).expandtabs(4).split("\n"):
        yield from (line.rstrip() for line in _wrapped(paragraph, first))
        first = " " * _MARGIN


def numbered(program: str) -> Iterator[str]:
    """Yield the lines of a program with their numbers; they are not wrapped."""
    lines = visible(program.rstrip("\n")).split("\n")
    width = max(_MARGIN - 4, len(str(len(lines))))
    for number, line in enumerate(lines, start=1):
        yield f"{number:>{width}} | {line.expandtabs(4)}".rstrip()


def totals_line(totals: Totals) -> str:
    """Return what an answer took, in one line."""
    rest = totals.seconds - totals.model_seconds - totals.sandbox_seconds - totals.check_seconds
    parts = (
        f"model {totals.model_seconds:.1f}",
        f"programs {totals.sandbox_seconds:.1f}",
        f"checks {totals.check_seconds:.1f}",
        f"other {max(rest, 0.0):.1f}",
    )
    counts = [count(totals.programs, "program")]
    counts += [count(n, noun) for n, noun in ((totals.repairs, "repair"), (totals.samples, "sample")) if n]
    counts += [count(totals.model_calls, "model call"), count(totals.new_tokens, "token")]
    return f"{', '.join(counts)}; {totals.seconds:.1f} s ({', '.join(parts)})"


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def check_line(check: Check) -> str:
    """Return one check with its mark: `+` held, `-` did not, `?` could not be decided."""
    mark = "?" if check.passed is None else "+" if check.passed else "-"
    detail = f": {check.detail}" if check.detail else ""
    return visible_line(f"{mark} {check.name}{' (strong)' if check.strong else ''}{detail}")


def _step(step: StoredStep) -> Iterator[str]:
    match step:
        case Started():
            yield from _started(step)
        case Routed():
            yield from _routed(step)
        case Wrote():
            yield from _wrote(step)
        case Checked():
            yield from _checked(step)
        case Ran():
            yield from _ran(step)
        case Searched():
            yield from _searched(step)
        case Verified():
            yield from _verified(step)
        case Decided():
            yield from labelled("next", visible_line(f"{step.action}: {step.why}"))
        case Answered():
            yield from _answered(step)
        case _:
            assert_never(step)


def _started(step: Started) -> Iterator[str]:
    yield from labelled("question", step.question)
    if step.files:
        yield from labelled("files", ", ".join(visible_line(name) for name in step.files))
    yield from labelled("model", f"{visible_line(step.model)}, seed {step.seed}")


def _routed(step: Routed) -> Iterator[str]:
    language = f" ({step.language})" if step.route == "code" else ""
    yield from labelled("route", visible_line(f"{step.route}{language}, by {step.by}: {step.why}"))
    if step.helpers:
        yield from labelled("helpers", visible_line(", ".join(step.helpers)))
    if step.data:
        yield from labelled("data", visible_line(f"of the question: {', '.join(step.data)}"))


def _wrote(step: Wrote) -> Iterator[str]:
    yield ""
    cost = f"{count(step.new_tokens, 'token')}, {step.seconds:.1f} s{_finish(step)}"
    if step.number is None:
        yield from labelled("model", f"{step.purpose}, {cost}")
        yield from labelled("", step.text)
        return
    yield visible_line(f"program {step.number}  {step.purpose}, {cost}")
    yield from numbered(step.text)


def _finish(step: Wrote) -> str:
    """Say what was out of the ordinary while the model wrote."""
    odd = f", {count(step.went_back, 'line')} thrown away" if step.went_back else ""
    return odd if step.finish in ("stop", "choice") else f"{odd}, ended by {step.finish}"


def _checked(step: Checked) -> Iterator[str]:
    for problem in step.problems:
        yield from labelled("check", f"- {visible_line(problem)}")
    for mended in step.mended:
        yield from labelled("mended", visible_line(mended))
    if step.constant:
        yield from labelled("check", "- only prints what it was written with")
    if not (step.problems or step.mended or step.constant):
        yield from labelled("check", "+ nothing stands against it")
    if step.program is not None:
        yield from labelled("as run", "")
        yield from numbered(step.program)


def _ran(step: Ran) -> Iterator[str]:
    memory = "" if step.peak_memory_mib is None else f", {step.peak_memory_mib:.0f} MiB"
    where = f" in {step.runtime}" if step.runtime else ""
    yield from labelled("run", visible_line(f"{step.status}, {step.seconds:.2f} s{memory}{where}"))
    if step.error:
        yield from labelled("error", step.error.strip("\n"))
    if step.answer is not None:
        yield from labelled("gave", step.answer)
    if step.output.strip() and step.output.strip() != (step.answer or "").strip():
        yield from _output(step.output)
    if step.calls:
        yield from labelled("called", visible_line(", ".join(step.calls)))


def _searched(step: Searched) -> Iterator[str]:
    yield ""
    yield from labelled(
        "edits", f"{step.tried} tried in {step.seconds:.2f} s, {step.passing} of them pass the tests"
    )
    if step.edit:
        yield from labelled("edit", visible_line(step.edit))
    if step.program is not None:
        yield from numbered(step.program)


def _output(text: str) -> Iterator[str]:
    """Yield the last lines that a program printed; they are not wrapped."""
    lines = visible(text.rstrip("\n")).split("\n")
    label = "printed"
    if len(lines) > _OUTPUT_LINES:
        yield from labelled(label, f"({count(len(lines) - _OUTPUT_LINES, 'line')} before these)")
        label, lines = "", lines[-_OUTPUT_LINES:]
    for line in lines:
        yield f"{label:<{_MARGIN - 2}}| {line.expandtabs(4)}".rstrip()
        label = ""


def _verified(step: Verified) -> Iterator[str]:
    yield from _items("verify", (check_line(check) for check in step.checks))


def _answered(step: Answered) -> Iterator[str]:
    yield ""
    yield from labelled("answer", "not known" if step.answer is None else step.answer)
    why = f": {visible_line(step.why)}" if step.why else ""
    # A label of its own: an answer of several lines could end in such a line.
    yield from labelled("confidence", step.confidence + why)
    yield from _items("held", (f"+ {visible_line(text)}" for text in step.verified))
    yield from _items("open", (f"? {visible_line(text)}" for text in step.unverified))
    yield from labelled("took", totals_line(step.totals))


def _items(label: str, items: Iterable[str]) -> Iterator[str]:
    """Yield a list; the label stands at its first item."""
    for item in items:
        yield from labelled(label, item)
        label = ""


def _wrapped(paragraph: str, first: str) -> list[str]:
    lines = textwrap.wrap(
        paragraph,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * _MARGIN,
        drop_whitespace=True,
        break_on_hyphens=False,
    )
    return lines or [first]


def _last(transcript: Transcript) -> StoredStep | None:
    return transcript.steps[-1] if transcript.steps else None
