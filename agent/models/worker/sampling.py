"""Which token comes next: pure functions of the model's logits."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

# What Qwen and llama.cpp recommend for sampling: the unlikely tail is where small models go wrong.
_TOP_K = 40
_TOP_P = 0.95
# A repeated pattern is called endless when it fills so many tokens with so many copies. Tables of zeros and
# lists of ones stay far below.
_ENDLESS_TOKENS = 80
_ENDLESS_COPIES = 6
_LONGEST_PERIOD = 64

type Pick = Callable[["np.ndarray[Any, np.dtype[np.float32]]"], int]


def picker(temperature: float, seed: int) -> Pick:
    """Return how a token is chosen: the likeliest at temperature 0, else at random by the seed."""
    if temperature <= 0:
        return lambda logits: int(logits.argmax())
    generator = np.random.default_rng(seed)

    def pick(logits: "np.ndarray[Any, np.dtype[np.float32]]") -> int:
        top = np.argpartition(logits, -_TOP_K)[-_TOP_K:]
        top = top[np.argsort(-logits[top])]
        weights = np.exp((logits[top] - logits[top[0]]).astype(np.float64) / temperature)
        weights /= weights.sum()
        kept = int(np.searchsorted(np.cumsum(weights), _TOP_P)) + 1
        return int(generator.choice(top[:kept], p=weights[:kept] / weights[:kept].sum()))

    return pick


class Chosen(NamedTuple):
    """One of several words, and how much likelier it was than the others."""

    index: int
    probability: float


def next_of(words: Sequence[Sequence[int]], begun: Sequence[int]) -> dict[int, list[int]]:
    """Group the words that continue what has begun by their next token; a word that is complete is left out."""
    groups: dict[int, list[int]] = {}
    length = len(begun)
    for index, word in enumerate(words):
        if len(word) > length and list(word[:length]) == list(begun):
            groups.setdefault(word[length], []).append(index)
    return groups


def probabilities(logits: "np.ndarray[Any, np.dtype[np.float32]]", tokens: Iterable[int]) -> dict[int, float]:
    """Return how likely each of some tokens is, if one of them has to come."""
    listed = list(tokens)
    values = logits[listed].astype(np.float64)
    weights = np.exp(values - values.max())
    return dict(zip(listed, (weights / weights.sum()).tolist(), strict=True))


def is_endless(tokens: Sequence[int]) -> bool:
    """Whether the end of an answer is one short pattern again and again."""
    for period in range(1, _LONGEST_PERIOD + 1):
        span = max(_ENDLESS_TOKENS, period * _ENDLESS_COPIES)
        if span > len(tokens):
            return False
        tail = tokens[-span:]
        if tail[period:] == tail[:-period]:
            return True
    return False
