"""Read what an endpoint streams: lines of limited length, JSON in them, and the answer that they make."""

import re
import time
from collections.abc import Iterator, Sequence

import msgspec

from agent._model import Completion, ModelError, Request

from .worker.text import Assembler

#: One token each, and some facts around it.
MAX_LINE_BYTES = 1024 * 1024
#: No token of any vocabulary is longer on average: a server that sends more takes no limit.
_MAX_CHARACTERS_EACH = 100
_MAX_WORDS = 300
_FENCE = re.compile(r"^[ \t]*```[^\n]*\n", re.MULTILINE)
_HINT = "is it an OpenAI-compatible server?"


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(msgspec.Struct, frozen=True):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")


_decoder = msgspec.json.Decoder(_Chunk)


class Answer:
    """What has come of an answer. What a server does not know of a request is done here too.

    Args:
        request: What was asked.
        key: Must not appear in errors, whatever the server says.

    Attributes:
        is_over: Nothing that comes is of use any more.
    """

    def __init__(self, request: Request, key: str | None = None) -> None:
        self._request = request
        self._key = key
        self._began = time.monotonic()
        self._first: float | None = None
        self._rest = bytearray()
        self._block = _Block(request.opening)
        self._text = Assembler(request.stop)
        self._usage = _Usage()
        self._pieces = self._characters = 0
        self._finish: str | None = None
        self.is_over = False

    @property
    def is_whole(self) -> bool:
        """Whether the server has said that nothing is missing, or what is missing is not wanted."""
        return self.is_over or self._finish is not None

    def feed(self, data: bytes) -> str:
        """Take a part of the stream, and return the text in it.

        Raises:
            ModelError: It is no such stream, or an error is in it.
        """
        return "".join(self._take(line) for line in self._lines(data) if not self.is_over)

    def end(self) -> str:
        """Take the end of the stream, and return the text that was held back."""
        text = self._release(self._block.end(), final=True)
        return self.completion().text if self._request.choices else text

    def _lines(self, data: bytes) -> Iterator[bytes]:
        self._rest += data
        if b"\n" in data:
            *lines, self._rest = self._rest.split(b"\n")
            yield from map(bytes, lines)
        if len(self._rest) > MAX_LINE_BYTES:
            raise ModelError("the endpoint sends lines without end", hint=_HINT)

    def _take(self, line: bytes) -> str:
        if not line.startswith(b"data:"):
            return ""
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            self.is_over = True
            return ""
        chunk = self._chunk(data)
        self._usage = chunk.usage or self._usage
        if not chunk.choices:
            return ""
        self._finish = chunk.choices[0].finish_reason or self._finish
        return self._grown(chunk.choices[0].delta.content or "")

    def _chunk(self, data: bytes) -> _Chunk:
        try:
            chunk = _decoder.decode(data)
        except msgspec.DecodeError as error:
            raise ModelError(f"the endpoint answers in another format: {error}", hint=_HINT) from error
        if bytes(chunk.error) != b"null":
            words = words_of(bytes(chunk.error), self._key)
            raise ModelError(f"the endpoint reports: {words}", hint="look at the log of its server")
        return chunk

    def _grown(self, piece: str) -> str:
        if not piece:
            return ""
        self._first = self._first or time.monotonic()
        self._pieces += 1
        self._characters += len(piece)
        # A piece is a token or more.
        limit = self._request.max_tokens
        if self._pieces > limit or self._characters > limit * _MAX_CHARACTERS_EACH:
            self._finish, self.is_over = "length", True
            return ""
        return self._release(self._block.feed(piece))

    def _release(self, text: str, *, final: bool = False) -> str:
        """Pass text on up to a stop string; nothing yet where a word is to be chosen."""
        piece = self._text.feed(text.encode("utf-8", "replace"), final=final)
        self.is_over = self.is_over or self._text.stopped
        return "" if self._request.choices else piece

    def completion(self) -> Completion:
        """Return what came; for a choice, the word that is named first."""
        now = time.monotonic()
        text, probability = self._text.text, 1.0
        choices = self._request.choices
        if choices:
            named = _first_named(text, choices)
            text, probability = (named, 1.0) if named else (choices[0], 1 / len(choices))
        return Completion(
            text=text,
            finish="choice" if choices else ("length" if self._finish == "length" else "stop"),
            prompt_tokens=self._usage.prompt_tokens,
            new_tokens=self._usage.completion_tokens or min(self._pieces, self._request.max_tokens),
            probability=probability,
            first_token_seconds=(self._first or now) - self._began,
            seconds=now - self._began,
        )


class _Block:
    """Drops what a server writes up to where we would have had it begin, since it cannot be told.

    Args:
        opening: Of the request: a fence, and lines of a program that are kept. Without it nothing is dropped.
    """

    def __init__(self, opening: str) -> None:
        self._is_open = not opening
        self._kept = opening.partition("\n")[2]
        self._held = ""

    def feed(self, text: str) -> str:
        """Return what of the text, and of what was held before, belongs to the answer."""
        self._held += text
        found = None if self._is_open else _FENCE.search(self._held)
        if found is not None:
            self._is_open, self._held = True, self._held[found.end() :]
        # Lines that are kept are written again, and in most cases as before.
        if not self._is_open or (self._held != self._kept and self._kept.startswith(self._held)):
            return ""
        return self.end()

    def end(self) -> str:
        """Return everything that is held: where there was no block, it is the program itself."""
        text, self._held = self._held.removeprefix(self._kept), ""
        self._kept = ""
        return text


def _first_named(text: str, choices: Sequence[str]) -> str | None:
    """Return the choice that is named first, as a word of its own."""
    pattern = "|".join(re.escape(choice) for choice in sorted(choices, key=len, reverse=True))
    found = re.search(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE)
    if found is None:
        return None
    return next((choice for choice in choices if choice.casefold() == found[0].casefold()), None)


def words_of(data: bytes, key: str | None) -> str:
    """Return the beginning of what a server says about its failure; some repeat the key there."""
    text = data.decode("utf-8", "replace")
    return (text.replace(key, "[key]") if key else text)[:_MAX_WORDS].strip()
