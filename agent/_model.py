"""The text source of an agent."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol


class ModelError(Exception):
    """The model could not produce text: not loaded, out of memory, or its prompt is too long.

    Attributes:
        hint: What to do about it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Model(Protocol):
    """A language model, seen as a source of text."""

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and answer may have together."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text is."""
        ...

    def complete(
        self, prompt: str, *, max_tokens: int, stop: Sequence[str] = (), temperature: float = 0.0
    ) -> AsyncIterator[str]:
        """Yield the continuation of a prompt, piece by piece; closing the iterator stops the model.

        Raises:
            ModelError: The model could not produce text.
        """
        ...
