"""What a person sees while an agent works, on stderr, and the answer with its evidence at the end."""

import json
import sys
from collections.abc import Iterator
from typing import TextIO, assert_never

import msgspec

from agent._redaction import map_text
from agent._steps import (
    Answered,
    AnyStep,
    Check,
    Checked,
    Decided,
    Ran,
    Routed,
    Searched,
    Started,
    Token,
    Verified,
    Wrote,
)

from ._agent_show import count, labelled, numbered, totals_line
from ._console import visible, visible_line

# A line that is read while others follow: what is beyond stands in the transcript.
_LONGEST = 160


class Live:
    """Shows steps as they come, one line each.

    Args:
        verbose: Also show what the model writes while it writes, programs, and what they print.
        stream: Where to; stderr if None. Once it cannot be written, nothing more is shown.
    """

    def __init__(self, *, verbose: bool = False, stream: TextIO | None = None) -> None:
        self._verbose = verbose
        self._stream = stream
        self._streamed = ""
        self._broken = False

    def show(self, step: AnyStep) -> None:
        """Show a step; `Answered` is left to `evidence`."""
        if isinstance(step, Token):
            if self._verbose:
                self._put(visible(step.text))
                self._streamed = step.text or self._streamed
            return
        streamed = self._end_stream()
        for line in _lines(step):
            self._put(_short(line) + "\n")
        if self._verbose:
            for line in _details(step, streamed=streamed):
                self._put(line + "\n")

    def _end_stream(self) -> bool:
        """End the line on which the model wrote; return whether it did."""
        last, self._streamed = self._streamed, ""
        if last and not last.endswith("\n"):
            self._put("\n")
        return bool(last)

    def _put(self, text: str) -> None:
        if self._broken:
            return
        stream = sys.stderr if self._stream is None else self._stream
        try:
            stream.write(text)
            stream.flush()
        except OSError:
            # Nobody looks. The answer is still wanted.
            self._broken = True


def answer_text(answered: Answered) -> str:
    """Return the answer for stdout, empty if there is none; a line end closes it."""
    if answered.answer is None:
        return ""
    return answered.answer.rstrip("\n") + "\n"


def evidence(answered: Answered) -> str:
    """Return why an answer may be believed, or why there is none, for stderr; without a final line end."""
    parts = ("no answer" if answered.answer is None else "", visible_line(answered.why))
    lines = [*labelled(answered.confidence, ": ".join(part for part in parts if part))]
    for mark, texts in (("+", answered.verified), ("?", answered.unverified)):
        for text in texts:
            lines.extend(labelled("", f"{mark} {visible_line(text)}"))
    lines.extend(labelled("took", totals_line(answered.totals)))
    return "\n".join(lines)


def answered_json(answered: Answered) -> str:
    """Return an answer as one JSON object in ASCII, with a final line end.

    Everything beyond ASCII is escaped, so that no control character of any terminal gets through.
    """
    fields: dict[str, object] = msgspec.to_builtins(map_text(answered, _sound))
    fields.pop("step")
    return json.dumps(fields, allow_nan=False, ensure_ascii=True) + "\n"


def _lines(step: AnyStep) -> Iterator[str]:
    match step:
        case Started():
            yield f"model: {step.model}"
        case Routed():
            language = f" ({step.language})" if step.route == "code" else ""
            yield f"{step.route}{language}: {step.by}: {step.why}"
        case Wrote():
            yield _wrote(step)
        case Checked():
            yield from _checked(step)
        case Ran():
            yield _ran(step)
        case Searched():
            yield from _searched(step)
        case Verified():
            yield from (_verified(check) for check in step.checks)
        case Decided():
            yield f"next: {step.action}: {step.why}"
        case Token() | Answered():
            return
        case _:
            assert_never(step)


def _wrote(step: Wrote) -> str:
    cost = f"{count(step.new_tokens, 'token')}, {step.seconds:.1f} s"
    if step.number is None:
        return f"{step.purpose}: {cost}"
    lines = count(len(step.text.rstrip("\n").split("\n")), "line")
    kind = "" if step.purpose == "write" else f" ({step.purpose})"
    return f"program {step.number}{kind}: {lines}, {cost}"


def _checked(step: Checked) -> Iterator[str]:
    name = f"program {step.number}"
    yield from (f"{name}: check: {problem}" for problem in step.problems)
    yield from (f"{name}: mended: {mended}" for mended in step.mended)
    if step.constant:
        yield f"{name}: check: only prints what it was written with"


def _ran(step: Ran) -> str:
    name = f"program {step.number}: {step.status}"
    if step.error.strip():
        return f"{name}: {step.error.strip().splitlines()[0]}"
    gave = "" if step.answer is None else f": {step.answer}"
    return f"{name} in {step.seconds:.2f} s{gave}"


def _searched(step: Searched) -> Iterator[str]:
    yield f"edits: {step.tried} tried in {step.seconds:.2f} s, {step.passing} of them pass the tests"
    if step.edit:
        yield f"edits: {step.edit}"


def _verified(check: Check) -> str:
    match check.passed:
        case None:
            word = "not decided"
        case True:
            word = "verified" if check.strong else "held"
        case False:
            word = "failed"
    return f"{word}: {check.name}{f': {check.detail}' if check.detail else ''}"


def _details(step: AnyStep, *, streamed: bool) -> Iterator[str]:
    """Yield what only a person who wants to see all is shown."""
    match step:
        case Wrote() if not streamed and step.number is not None:
            yield from numbered(step.text)
        case Checked() | Searched() if step.program is not None:
            yield from numbered(step.program)
        case Ran() if step.output.strip():
            yield from (f"  | {line}" for line in visible(step.output.rstrip("\n")).split("\n"))
        case _:
            return


def _short(line: str) -> str:
    """Return a line that neither breaks nor steers the terminal."""
    shown = visible_line(line)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 3] + "..."


def _sound(text: str) -> str:
    """Replace lone surrogates, which strict JSON cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
