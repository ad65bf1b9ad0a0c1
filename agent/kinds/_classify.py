"""A linear classifier over words: which function of the helper library a question is for, if any."""

import json
import math
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from ._features import features

_WEIGHTS_FILE = "weights.json"
#: The kind of all that is none of the others.
OTHER = ""
#: So probable, a guess is better than none; a wrong one costs a program, and its answer may look verified.
_SURE = 0.2


class Weights(NamedTuple):
    """What was learned.

    Attributes:
        kinds: Names of functions, and `OTHER`.
        bias: Of each kind.
        weights: For each feature a number for each kind.
    """

    kinds: tuple[str, ...]
    bias: tuple[float, ...]
    weights: dict[str, tuple[float, ...]]


class Guess(NamedTuple):
    """A kind, and how probable the classifier finds it."""

    kind: str
    probability: float


def guess(question: str, learned: Weights | None = None) -> Guess:
    """Return the likeliest kind of a question.

    Args:
        question: In words.
        learned: Instead of what isorun comes with.
    """
    learned = learned or _shipped()
    scores = scores_of(features(question), learned)
    highest = max(scores)
    odds = [math.exp(score - highest) for score in scores]
    best = max(range(len(odds)), key=odds.__getitem__)
    return Guess(learned.kinds[best], odds[best] / sum(odds))


def kind_of(question: str, learned: Weights | None = None) -> str:
    """Return the kind of a question as `guess` does, `OTHER` if it is not certain enough."""
    found = guess(question, learned)
    return found.kind if found.probability >= _SURE else OTHER


def scores_of(found: set[str], learned: Weights) -> list[float]:
    """Return a score for each kind: what each known feature says, less the more of them there are."""
    rows = [row for feature in found if (row := learned.weights.get(feature))]
    scale = 1 / math.sqrt(len(rows) or 1)
    columns = zip(*rows, strict=True) if rows else [()] * len(learned.kinds)
    return [bias + scale * math.fsum(column) for bias, column in zip(learned.bias, columns, strict=True)]


@cache
def _shipped() -> Weights:
    text = files("agent.kinds").joinpath(_WEIGHTS_FILE).read_text("utf-8")
    return decoded(text)


def decoded(text: str) -> Weights:
    """Read weights as `encoded` writes them."""
    data = json.loads(text)
    return Weights(
        tuple(data["kinds"]),
        tuple(data["bias"]),
        {feature: tuple(row) for feature, row in data["weights"].items()},
    )


def encoded(learned: Weights) -> str:
    """Write weights as JSON, a feature a line."""
    rows = [f"{_short(feature)}:{_short(row)}" for feature, row in sorted(learned.weights.items())]
    head = f'"kinds":{_short(learned.kinds)},\n"bias":{_short(learned.bias)}'
    return f'{{{head},\n"weights":{{\n{",\n".join(rows)}\n}}}}\n'


def _short(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
