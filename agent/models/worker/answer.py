"""Answer one request: read it, then take token after token until there is a reason to stop."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from .llama import BATCH_TOKENS, ContextFullError, Llama
from .lookup import Lookup
from .sampling import OTHER, Pick, avoiding, is_endless, next_of, picker, probabilities
from .text import Assembler

#: Looking for endless repetition after every token would cost more than it saves.
_LOOK_EVERY = 16


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
    """The state of one answer."""

    def __init__(self, llama: Llama, asked: Asked, go_on: Callable[[], bool]) -> None:
        self._llama = llama
        self._asked = asked
        self._go_on = go_on
        self._text = Assembler(asked.stop)
        self._new: list[int] = []
        self._began = time.monotonic()
        self._facts: dict[str, Any] = {"guessed_tokens": 0, "first_token_seconds": 0.0, "probability": 1.0}
        self._next = -1
        self.finish = "stop"

    def pieces(self) -> Iterator[str]:
        """Yield the answer as it grows.

        Raises:
            ContextFullError: It does not fit, or the request already does not.
        """
        prompt, fixed = self._llama.chat(self._asked.messages, self._asked.fixed)
        prompt += self._llama.tokens_of(self._asked.opening)
        room = self._llama.context_tokens - len(prompt)
        if room < 1 or (room < self._asked.max_tokens and room < 32):
            raise ContextFullError(
                f"the prompt has {len(prompt)} tokens, the context {self._llama.context_tokens}"
            )
        reused = self._llama.read(prompt, fixed, self._go_on)
        self._facts |= {"prompt_tokens": len(prompt), "reused_tokens": reused}
        if not self._go_on():
            return
        self._facts["first_token_seconds"] = time.monotonic() - self._began
        if self._asked.choices:
            yield self._choose()
            return
        yield from self._continue(prompt, min(self._asked.max_tokens, room))

    def summary(self) -> dict[str, Any]:
        """Return the fields of `agent.Completion`."""
        seconds = time.monotonic() - self._began
        text = self._text.text
        return {
            "text": text,
            "finish": self.finish,
            "new_tokens": len(self._new),
            "seconds": seconds,
            **self._facts,
        }

    def _choose(self) -> str:
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
                self._llama.step([token], every=False)
        self.finish = "choice"
        return self._text.feed(self._asked.choices[left[0]].encode("utf-8", "replace"), final=True)

    def _continue(self, prompt: Sequence[int], limit: int) -> Iterator[str]:
        pick = self._picker()
        lookup = Lookup() if self._asked.lookup and self._llama.can_go_back else None
        if lookup is not None:
            lookup.extend(list(prompt))
        self._next = pick(self._llama.logits())
        while self._go_on():
            for taken in self._taken(pick, lookup, limit):
                if self._llama.is_end(taken):
                    break
                self._new.append(taken)
                piece = self._text.feed(self._llama.bytes_of(taken))
                if piece:
                    yield piece
                if self._is_over(limit):
                    break
            else:
                continue
            yield self._text.feed(b"", final=True)
            return

    def _picker(self) -> Pick:
        pick = picker(self._asked.temperature, self._asked.seed)
        avoided = self._llama.tokens_of(self._asked.avoid)
        # The right line is often indented as the wrong one was.
        visible = (at for at, token in enumerate(avoided) if self._llama.bytes_of(token).strip())
        return avoiding(pick, avoided[: next(visible, 0) + 1]) if avoided else pick

    def _taken(self, pick: Pick, lookup: Lookup | None, limit: int) -> Iterator[int]:
        """Yield the next token, and those guessed after it that the model agrees with.

        Afterwards the context holds just these, and the token after them is known. Who has enough leaves
        earlier, and saves the rest.
        """
        token = self._next
        yield token
        guess = self._guess(token, lookup, limit)
        before = self._llama.length
        self._llama.step([token, *guess], every=bool(guess))
        right, expected = 0, [*guess, -1]
        while (following := pick(self._llama.logits(right if guess else -1))) == expected[right]:
            yield following
            right += 1
        self._next = following
        self._llama.forget(before + 1 + right)
        if lookup is not None and guess:
            self._facts["guessed_tokens"] += right
            lookup.learn(len(guess), right)
            lookup.extend(guess[:right])

    def _guess(self, token: int, lookup: Lookup | None, limit: int) -> list[int]:
        if lookup is None:
            return []
        lookup.extend([token])
        room = min(limit - len(self._new), self._llama.context_tokens - self._llama.length - 1)
        return lookup.guess(min(room, BATCH_TOKENS - 1))

    def _is_over(self, limit: int) -> bool:
        if self._text.stopped:
            return True
        if len(self._new) >= limit:
            self.finish = "length"
            return True
        if len(self._new) % _LOOK_EVERY == 0 and is_endless(self._new):
            self.finish = "repetition"
            return True
        return False
