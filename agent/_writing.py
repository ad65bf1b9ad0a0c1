"""Have the model write, watching what it writes: stop at the fence, and go back at a line that is no syntax."""

import codeop
import hashlib
import time
import warnings
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import msgspec

from ._fences import is_closed, program_in
from ._ledger import Ledger
from ._model import Completion, Model, ModelError, Request
from ._steps import Purpose, Token, Wrote

#: After so many throws the program is left as it is: what comes next is checked before it runs anyway.
_MAX_BACK = 2
#: More text than this is not parsed; no program that is wanted here is as long.
MAX_SOURCE = 20_000


class Writer:
    """Turns requests into programs and texts, and counts what they cost.

    Attributes:
        last: What came out of the last request: the program, or the text.
    """

    def __init__(self, model: Model, ledger: Ledger) -> None:
        self._model = model
        self._ledger = ledger
        self.last = ""

    async def write(
        self, request: Request, purpose: Purpose, *, language: str = "", number: int | None = None, check: bool = False
    ) -> AsyncGenerator[Token | Wrote]:
        """Yield what the model writes as it comes, and the `Wrote` last.

        Args:
            request: What it is asked.
            purpose: For the record.
            language: Of the program that is asked for; empty for a text.
            number: Of the program.
            check: Go back at a syntax error while it is written (Python only).

        Raises:
            ModelError: The model failed, or the budget of seconds ran out before it said anything.
        """
        draft = _Draft(self._fitted(request), watched=check and language == "python", is_program=bool(language))
        began = time.monotonic()
        with anyio.move_on_after(self._ledger.seconds_left) as scope:
            while draft.is_open:
                async with aclosing(self._model.complete(draft.request)) as events:
                    async for event in events:
                        if isinstance(event, str):
                            yield Token(at=self._ledger.seconds, text=event)
                            if draft.grown(event):
                                break
                        else:
                            draft.ended(event)
                draft.proceed()
        if scope.cancelled_caught and not draft.text:
            raise ModelError("the model did not answer in time", hint="give it more seconds, or a smaller model")
        seconds = time.monotonic() - began
        completion = draft.completion(seconds)
        self._ledger.wrote(completion, seconds)
        self.last = program_in(draft.text, opened=bool(draft.original.opening)) if language else draft.text
        yield Wrote(
            at=self._ledger.seconds,
            purpose=purpose,
            number=number,
            prompt_hash=prompt_hash(request),
            text=self.last,
            went_back=draft.went_back,
            finish=completion.finish,
            prompt_tokens=completion.prompt_tokens,
            reused_tokens=completion.reused_tokens,
            new_tokens=completion.new_tokens,
            guessed_tokens=completion.guessed_tokens,
            first_token_seconds=completion.first_token_seconds,
            seconds=seconds,
        )

    def _fitted(self, request: Request) -> Request:
        return msgspec.structs.replace(request, max_tokens=max(1, min(request.max_tokens, self._ledger.tokens_left)))


class _Draft:
    """An answer that grows, over one or more requests."""

    def __init__(self, request: Request, *, watched: bool, is_program: bool) -> None:
        self.original = self.request = request
        self.text = ""
        self.is_open = True
        self.went_back = 0
        self._watched = watched and bool(request.opening)
        self._is_program = is_program
        self._kept = ""
        self._bad = ""
        self._parts: list[Completion] = []
        self._pieces = 0

    def grown(self, piece: str) -> bool:
        """Take a piece; say whether the model should stop."""
        self.text += piece
        self._pieces += 1
        if not self.original.opening and self._is_program and is_closed(self.text):
            return True
        if self._watched and "\n" in piece and self.went_back < _MAX_BACK:
            self._bad = bad_line(self.text[: self.text.rindex("\n") + 1])
        return bool(self._bad)

    def ended(self, completion: Completion) -> None:
        """Take the end of an answer."""
        self._parts.append(completion)

    def proceed(self) -> None:
        """Decide whether the answer is whole, or is taken up again before a bad line."""
        if not self._bad:
            self.is_open = False
            return
        self.went_back += 1
        lines = self.text.splitlines(keepends=True)
        at = max(index for index, line in enumerate(lines) if line.rstrip("\n") == self._bad)
        self.text = "".join(lines[:at])
        left = self.original.max_tokens - self._pieces
        self.is_open = left > 0
        self.request = msgspec.structs.replace(
            self.original, opening=self.original.opening + self.text, avoid=self._bad, max_tokens=max(1, left)
        )
        self._bad = ""

    def completion(self, seconds: float) -> Completion:
        """Return what all of it took. Where the model was stopped, pieces stand for tokens."""
        whole = self._parts[-1] if self._parts else Completion(text=self.text)
        return msgspec.structs.replace(
            whole,
            text=self.text,
            new_tokens=max(self._pieces, whole.new_tokens) if self.went_back or not self._parts else whole.new_tokens,
            seconds=seconds,
        )


def bad_line(source: str) -> str:
    """Return the line at which the beginning of a program stops being Python; empty while it can go on.

    Args:
        source: Whole lines.
    """
    if len(source) > MAX_SOURCE:
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            codeop.compile_command(source, symbol="exec")
        except SyntaxError as error:
            return _line(source, error.lineno)
        except (ValueError, OverflowError, MemoryError, RecursionError):
            return ""
    return ""


def _line(source: str, number: int | None) -> str:
    lines = source.splitlines()
    if number is None or not 1 <= number <= len(lines) or not lines[number - 1].strip():
        return ""
    return lines[number - 1]


def prompt_hash(request: Request) -> str:
    """Return a short name of a request; the same request has the same."""
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()[:16]
