"""The text source of an agent: what is asked of a model, and what comes back."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from typing import Literal

import msgspec

type Finish = Literal["stop", "length", "choice", "repetition"]


class ModelError(Exception):
    """The model could not produce text: not there, not loadable, out of memory, or its prompt is too long.

    Attributes:
        hint: What to do about it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str

    def __post_init__(self) -> None:
        # Half characters come from arguments and files that are no UTF-8; no model can be told them.
        whole = self.text.encode("utf-8", "replace").decode("utf-8")
        msgspec.structs.force_setattr(self, "text", whole)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is asked to continue.

    Attributes:
        messages: The conversation so far. What the model has read once is kept, up to the first difference.
        fixed: How many messages at the beginning are the same in every request. The state after them is kept
            on disk, so that the first question of a new process need not read them either.
        opening: The first characters of the answer, given by us, such as an opened fence.
        max_tokens: At most so many new tokens.
        stop: The answer ends before the first of these strings.
        temperature: 0 takes the likeliest token always.
        seed: For temperatures above 0; the same request with the same seed has the same answer.
        choices: The answer is one of these words, and nothing else.
        lookup: Guess the next tokens from what has been read: faster where the answer repeats the question.
        avoid: The answer must not begin as this text does, because that has been tried.
    """

    messages: tuple[Message, ...]
    fixed: int = 0
    opening: str = ""
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    seed: int = 0
    choices: tuple[str, ...] = ()
    lookup: bool = False
    avoid: str = ""


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What a model has answered, and what that took.

    Attributes:
        text: The whole answer, without `Request.opening`.
        finish: Why it ended: the model or a stop string, `max_tokens`, a choice was made, or it repeated
            itself without end.
        prompt_tokens: Tokens of the request.
        reused_tokens: Those of them that had been read before.
        new_tokens: Tokens of the answer.
        guessed_tokens: Those of them that were right guesses (see `Request.lookup`).
        probability: Of the choice among `Request.choices`, by the model.
        first_token_seconds: From the request to the first token.
        seconds: From the request to the last.
    """

    text: str
    finish: Finish = "stop"
    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0
    guessed_tokens: int = 0
    probability: float = 1.0
    first_token_seconds: float = 0.0
    seconds: float = 0.0


class Model(ABC):
    """A language model. It answers one request at a time; others wait.

    Attributes:
        name: What a person calls it.
        context_tokens: How many tokens a request and its answer may have together; 0 if it is not known.
        can_continue: Whether it takes the beginning of its answer from us (`Request.opening`).
    """

    name: str
    context_tokens: int = 0
    can_continue: bool = True

    @abstractmethod
    def complete(self, request: Request) -> AsyncGenerator[str | Completion]:
        """Yield the answer piece by piece, and the `Completion` last.

        Leaving early stops the model, at once if the generator is closed explicitly (`aclosing`).

        Raises:
            ModelError: The model could not produce text.
        """

    async def aclose(self) -> None:  # noqa: B027 (most models hold nothing)
        """End the model; may be called twice."""
