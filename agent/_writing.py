"""Have the model write, and watch it: stop at the fence, and go back at a line that is no syntax."""

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
from ._model import Completion, Model, Request
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
        self._asked: set[str] = set()
        self.last = ""

    def has_asked(self, request: Request) -> bool:
        """Whether the same was asked before, and would be answered the same."""
        return not request.temperature and prompt_hash(request) in self._asked

    async def write(
        self,
        request: Request,
        purpose: Purpose,
        *,
        language: str = "",
        number: int | None = None,
        check: bool = False,
    ) -> AsyncGenerator[Token | Wrote]:
        """Yield what the model writes as it comes, and the `Wrote` last.

        When the seconds of the budget are used up, the answer ends where it is, and `Wrote.finish` is `time`.

        Args:
            request: What it is asked.
            purpose: For the record.
            language: Of the program that is asked for; empty for a text.
            number: Of the program.
            check: Go back at a syntax error while it is written (Python only).

        Raises:
            ModelError: The model failed.
        """
        self._asked.add(prompt_hash(request))
        watched = check and language == "python" and self._model.can_continue
        draft = _Draft(self._fitted(request), watched=watched, is_program=bool(language))
        began = time.monotonic()
        while draft.is_open:
            async with aclosing(self._events(draft.request)) as events:
                async for event in events:
                    if isinstance(event, str):
                        yield Token(at=self._ledger.seconds, text=event)
                    if draft.takes(event):
                        break
            draft.proceed()
        completion = draft.completion(time.monotonic() - began)
        self._ledger.wrote(completion, completion.seconds)
        self.last = program_in(draft.text, opened=bool(request.opening)) if language else draft.text
        yield Wrote(
            at=self._ledger.seconds,
            purpose=purpose,
            number=number,
            prompt_hash=prompt_hash(request),
            text=self.last,
            went_back=draft.went_back,
            finish=completion.finish if draft.is_whole else "time",
            prompt_tokens=completion.prompt_tokens,
            reused_tokens=completion.reused_tokens,
            new_tokens=completion.new_tokens,
            guessed_tokens=completion.guessed_tokens,
            first_token_seconds=completion.first_token_seconds,
            seconds=completion.seconds,
        )

    async def _events(self, request: Request) -> AsyncGenerator[str | Completion | None]:
        """Yield what the model says, and None if the time is over before its end.

        Each piece is waited for in a scope of its own, because a generator must not yield inside of one.
        """
        async with aclosing(self._model.complete(request)) as events:
            while True:
                event: str | Completion | None = None
                with anyio.move_on_after(self._ledger.seconds_left):
                    event = await anext(events, None)
                yield event
                if not isinstance(event, str):
                    return

    def _fitted(self, request: Request) -> Request:
        left = max(1, min(request.max_tokens, self._ledger.tokens_left))
        return msgspec.structs.replace(request, max_tokens=left)


class _Draft:
    """An answer that grows, over one or more requests."""

    def __init__(self, request: Request, *, watched: bool, is_program: bool) -> None:
        self.request = request
        self.text = ""
        self.is_open = True
        self.is_whole = True
        self.went_back = 0
        self._original = request
        self._watched = watched and bool(request.opening)
        self._is_program = is_program
        # What we have written of the program ourselves: the first line of an opening is the fence.
        self._begun = request.opening.partition("\n")[2]
        self._bad: int | None = None
        self._parts: list[Completion] = []
        self._pieces = 0

    def takes(self, event: str | Completion | None) -> bool:
        """Take a piece, or the end of an answer (None if it was cut off); say whether to listen no more."""
        if isinstance(event, str):
            return self._grown(event)
        if event is None:
            self.is_whole = False
            self._close_part(None)
        else:
            self._close_part(event)
        return True

    def _grown(self, piece: str) -> bool:
        self.text += piece
        self._pieces += 1
        if not self._original.opening and self._is_program and is_closed(self.text):
            self._close_part(None)
            return True
        if self._watched and "\n" in piece and self.went_back < _MAX_BACK:
            self._bad = self._bad_line()
        if self._bad is not None:
            self._close_part(None)
        return self._bad is not None

    def _bad_line(self) -> int | None:
        """Return which line of the text is no syntax, counted from 0."""
        whole_lines = self.text[: self.text.rindex("\n") + 1]
        number = bad_line(self._begun + whole_lines)
        if number is None:
            return None
        own = number - 1 - self._begun.count("\n")
        return own if own >= 0 else None

    def _close_part(self, completion: Completion | None) -> None:
        """Note what a part has cost. Where the model was stopped, pieces stand for tokens."""
        self._parts.append(completion or Completion(text="", new_tokens=self._pieces))
        self._pieces = 0

    def proceed(self) -> None:
        """Decide whether the answer is whole, or is taken up again before a bad line."""
        if self._bad is None:
            self.is_open = False
            return
        lines = self.text.split("\n")
        avoided = lines[self._bad]
        self.text = "".join(f"{line}\n" for line in lines[: self._bad])
        self._bad = None
        left = self._original.max_tokens - self._new_tokens
        self.is_open = left > 0
        if self.is_open:
            self.went_back += 1
            opening = self._original.opening + self.text
            self.request = msgspec.structs.replace(
                self._original, opening=opening, avoid=avoided, max_tokens=left
            )

    @property
    def _new_tokens(self) -> int:
        return sum(part.new_tokens for part in self._parts)

    def completion(self, seconds: float) -> Completion:
        """Return what all of it took."""
        return msgspec.structs.replace(
            self._parts[-1],
            text=self.text,
            prompt_tokens=max(part.prompt_tokens for part in self._parts),
            new_tokens=self._new_tokens,
            guessed_tokens=sum(part.guessed_tokens for part in self._parts),
            seconds=seconds,
        )


def bad_line(source: str) -> int | None:
    """Return the line at which a beginning stops being Python, counted from 1; None while it may go on.

    Args:
        source: Whole lines.
    """
    if len(source) > MAX_SOURCE or source.endswith("\\\n"):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            codeop.compile_command(source, symbol="exec")
        except SyntaxError as error:
            return _line(source, error.lineno)
        except (ValueError, OverflowError, MemoryError, RecursionError):
            return None
    return None


def _line(source: str, number: int | None) -> int | None:
    """Return the number of a line that there is, and that has something to throw away."""
    lines = source.split("\n")
    if number is None or not 1 <= number <= len(lines) or not lines[number - 1].strip():
        return None
    return number


def prompt_hash(request: Request) -> str:
    """Return a short name of a request; the same request has the same."""
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()[:16]
