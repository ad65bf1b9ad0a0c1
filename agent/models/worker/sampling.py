"""Which token comes next: pure functions of the model's logits."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np  # pyright: ignore[reportMissingImports]

# What Qwen and llama.cpp recommend for sampling: the unlikely tail is where small models go wrong.
_TOP_K = 40
_TOP_P = 0.95
# A repeated pattern is called endless when it fills so many tokens with so many copies. Tables of zeros and
# lists of ones stay far below.
_ENDLESS_TOKENS = 80
_ENDLESS_COPIES = 6
_LONGEST_PERIOD = 64

#: In place of a token: any that is not named.
OTHER = -1

type Pick = Callable[["np.ndarray[Any, np.dtype[np.float32]]"], int]


def picker(temperature: float, seed: int) -> Pick:
    """Return how a token is chosen: the likeliest at temperature 0, else at random by the seed."""
    if temperature <= 0:
        return lambda logits: int(logits.argmax())
    generator = np.random.default_rng(seed % 2**64)  # it takes no negative ones

    def pick(logits: "np.ndarray[Any, np.dtype[np.float32]]") -> int:
        top = np.argpartition(logits, -_TOP_K)[-_TOP_K:]
        top = top[np.argsort(-logits[top])]
        weights = np.exp((logits[top] - logits[top[0]]).astype(np.float64) / temperature)
        weights /= weights.sum()
        kept = int(np.searchsorted(np.cumsum(weights), _TOP_P)) + 1
        return int(generator.choice(top[:kept], p=weights[:kept] / weights[:kept].sum()))

    return pick


def avoiding(pick: Pick, avoided: Sequence[int]) -> Pick:
    """Return a choice that never begins with these tokens: after all but the last, the last is not taken."""
    taken: list[int] = []

    def other(logits: "np.ndarray[Any, np.dtype[np.float32]]") -> int:
        if len(taken) == len(avoided) - 1 and taken == list(avoided[:-1]):
            logits = logits.copy()
            logits[avoided[-1]] = float("-inf")
        token = pick(logits)
        if len(taken) < len(avoided):
            taken.append(token)
        return token

    return other


def next_of(words: Sequence[Sequence[int]], begun: Sequence[int]) -> dict[int, list[int]]:
    """Group the words that continue what has begun by their next token; complete ones by `OTHER`."""
    groups: dict[int, list[int]] = {}
    length = len(begun)
    for index, word in enumerate(words):
        if list(word[:length]) == list(begun):
            groups.setdefault(word[length] if len(word) > length else OTHER, []).append(index)
    return groups


def probabilities(
    logits: "np.ndarray[Any, np.dtype[np.float32]]", tokens: Collection[int]
) -> dict[int, float]:
    """Return how likely each of some tokens is, if one of them has to come; `OTHER` is all the rest."""
    listed = [token for token in tokens if token != OTHER]
    weights = np.exp(logits.astype(np.float64) - float(logits.max()))
    likely = dict(zip(listed, weights[listed].tolist(), strict=True))
    if OTHER in tokens:
        likely[OTHER] = max(0.0, float(weights.sum()) - sum(likely.values()))
    whole = sum(likely.values())
    return {token: weight / whole for token, weight in likely.items()}


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
