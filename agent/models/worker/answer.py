"""One answer: read the request, then take token after token until there is a reason to stop."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from .llama import BATCH_TOKENS, ContextFullError, Llama, Part, Slot
from .lookup import Lookup
from .room import SLOTS
from .sampling import OTHER, Pick, avoiding, is_endless, next_of, picker, probabilities
from .text import Assembler

#: Looking for endless repetition after every token would cost more than it saves.
_LOOK_EVERY = 16
#: Guesses of all answers have to fit into one step.
MOST_GUESSED = BATCH_TOKENS // SLOTS - 1


class Asked(NamedTuple):
    """A request as it comes; see `agent.Request`."""

    messages: list[tuple[str, str]]
    fixed: int
    opening: str
    max_tokens: int
    stop: list[str]
    temperature: float
    seed: int
    choices: list[str]
    lookup: bool
    avoid: str


class Answer:
    """The state of one answer. It is taken further step by step, together with others.

    Attributes:
        slot: Where its tokens are; None until it has one.
        finish: Why it ended; None while it goes on.
    """

    def __init__(self, llama: Llama, asked: Asked) -> None:
        self._llama = llama
        self._asked = asked
        self._text = Assembler(asked.stop)
        self._new: list[int] = []
        self._guess: list[int] = []
        self._began = time.monotonic()
        self._facts: dict[str, Any] = {"guessed_tokens": 0, "first_token_seconds": 0.0, "probability": 1.0}
        self._next = -1
        self._pick = self._picker()
        self._lookup = Lookup() if asked.lookup and llama.can_go_back else None
        self.slot: Slot | None = None
        self.finish: str | None = None
        self._prompt, self._fixed = llama.chat(asked.messages, asked.fixed)
        self._prompt += llama.tokens_of(asked.opening)
        room = llama.context_tokens - len(self._prompt)
        if room < 1 or (room < asked.max_tokens and room < 32):
            raise ContextFullError(
                f"the prompt has {len(self._prompt)} tokens, the context {llama.context_tokens}"
            )
        self._limit = min(asked.max_tokens, room)

    @property
    def needed_tokens(self) -> int:
        """How much of the context it may need."""
        return len(self._prompt) + self._limit

    @property
    def prompt(self) -> list[int]:
        """The tokens of the request."""
        return self._prompt

    def begin(self, slot: Slot, go_on: Callable[[], bool]) -> str:
        """Read the request into a slot. Returns the word, if one is to be chosen."""
        self.slot = slot
        reused = self._llama.read(slot, self._prompt, self._fixed, go_on)
        self._facts |= {"prompt_tokens": len(self._prompt), "reused_tokens": reused}
        self._facts["first_token_seconds"] = time.monotonic() - self._began
        if not go_on():
            self.finish = "stop"
            return ""
        if self._asked.choices:
            return self._choose(slot)
        if self._lookup is not None:
            self._lookup.extend(self._prompt)
        self._next = self._pick(self._llama.logits())
        return ""

    def pending(self, most_guessed: int) -> tuple[str, list[int]]:
        """Take the token that was picked last; return its text, and what has to be read to go on.

        That is the token and what is guessed to come after it; nothing if this is the end.

        Args:
            most_guessed: How many tokens may be guessed.
        """
        piece = self._take(self._next)
        if self.finish is not None:
            return piece, []
        self._guess = self._guessed(most_guessed)
        return piece, [self._next, *self._guess]

    def advance(self, logits: Callable[[int], Any]) -> str:
        """Take those of the guesses that the model agrees with, and pick the next token.

        Args:
            logits: After token `index` of what was pending.
        """
        assert self.slot is not None  # noqa: S101 (it has begun)
        piece, right = "", 0
        while True:
            self._next = self._pick(logits(right))
            if right == len(self._guess) or self._next != self._guess[right]:
                break
            piece += self._take(self._next)
            right += 1
            if self.finish is not None:
                break
        if self._lookup is not None and self._guess:
            self._facts["guessed_tokens"] += right
            self._lookup.learn(len(self._guess), right)
            self._lookup.extend(self._guess[:right])
        self._llama.forget(self.slot, len(self._prompt) + len(self._new))
        return piece

    def cancel(self) -> None:
        """End it where it is."""
        self.finish = self.finish or "stop"

    def summary(self) -> dict[str, Any]:
        """Return the fields of `agent.Completion`."""
        return {
            "text": self._text.text,
            "finish": self.finish,
            "new_tokens": len(self._new),
            "seconds": time.monotonic() - self._began,
            **self._facts,
        }

    def _take(self, token: int) -> str:
        """Add a token, and return the characters that are certain with it."""
        if self._llama.is_end(token):
            self.finish = "stop"
            return self._text.feed(b"", final=True)
        self._new.append(token)
        piece = self._text.feed(self._llama.bytes_of(token))
        self.finish = self._ending()
        return piece if self.finish is None else piece + self._text.feed(b"", final=True)

    def _ending(self) -> str | None:
        if self._text.stopped:
            return "stop"
        if len(self._new) >= self._limit:
            return "length"
        if len(self._new) % _LOOK_EVERY == 0 and is_endless(self._new):
            return "repetition"
        return None

    def _choose(self, slot: Slot) -> str:
        """Have the model decide between the words, token by token as long as that is open."""
        words = [self._llama.tokens_of(word) for word in self._asked.choices]
        left = list(range(len(words)))
        while len(left) > 1:
            groups = next_of([words[index] for index in left], self._new)
            likely = probabilities(self._llama.logits(), groups)
            token = max(likely, key=likely.__getitem__)
            self._facts["probability"] *= likely[token]
            left = [left[index] for index in groups[token]]
            if token == OTHER:
                break
            self._new.append(token)
            if len(left) > 1:
                self._llama.step([Part(slot, [token])])
        self.finish = "choice"
        return self._text.feed(self._asked.choices[left[0]].encode("utf-8", "replace"), final=True)

    def _guessed(self, most: int) -> list[int]:
        if self._lookup is None:
            return []
        self._lookup.extend([self._next])
        return self._lookup.guess(min(self._limit - len(self._new), most))

    def _picker(self) -> Pick:
        pick = picker(self._asked.temperature, self._asked.seed)
        avoided = self._llama.tokens_of(self._asked.avoid)
        # The right line is often indented as the wrong one was.
        visible = (at for at, token in enumerate(avoided) if self._llama.bytes_of(token).strip())
        return avoiding(pick, avoided[: next(visible, 0) + 1]) if avoided else pick
