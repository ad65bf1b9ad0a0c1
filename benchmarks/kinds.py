"""Learn the kinds of questions from wordings, and measure how well others are told apart.

    uv run python -m benchmarks.kinds train      # writes agent/kinds/weights.json
    uv run python -m benchmarks.kinds measure    # on wordings that were not learned from

Multinomial logistic regression over words and pairs of words, by stochastic gradient descent with AdaGrad.
The same questions give the same weights.
"""

import json
import math
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agent.kinds import OTHER, kind_of
from agent.kinds._classify import Weights, encoded
from agent.kinds._features import features

FOLDER = Path(__file__).parent / "wordings"
WEIGHTS = Path(__file__).parents[1] / "agent" / "kinds" / "weights.json"
_EPOCHS = 60
_RATE = 0.5
_BIAS_RATE = 0.01
_SHRINK = 0.1
#: In how many questions a word has to be.
_FEWEST = 3
#: A row of weights that are all smaller says nothing.
_SMALLEST = 0.05


class Example(NamedTuple):
    """A question, and the function that it is for."""

    question: str
    kind: str


def examples(folder: Path) -> list[Example]:
    """Read `items.jsonl`, problems with their kind, and `others.jsonl`, questions of no kind."""
    problems = [Example(item["question"], item["meta"]["type"]) for item in _read(folder / "items.jsonl")]
    return [*problems, *(Example(item["question"], OTHER) for item in _read(folder / "others.jsonl"))]


def _read(path: Path) -> Iterator[dict[str, Any]]:
    # Not `splitlines`: texts may have other signs that end a line for it.
    return map(json.loads, path.read_text("utf-8").strip().split("\n"))


def train(given: Sequence[Example], seed: int = 0) -> Weights:
    """Return weights under which the examples are as probable as may be, and small."""
    kinds = tuple(sorted({example.kind for example in given}))
    found = [(kinds.index(example.kind), features(example.question)) for example in given]
    times = Counter(feature for _, own in found for feature in own)
    known = [(kind, sorted(feature for feature in own if times[feature] >= _FEWEST)) for kind, own in found]
    rows = {feature: [0.0] * len(kinds) for _, own in known for feature in own}
    seen = {feature: [1e-8] * len(kinds) for feature in rows}
    bias = [0.0] * len(kinds)
    dice = random.Random(seed)
    for _ in range(_EPOCHS):
        dice.shuffle(known)
        for kind, own in known:
            _step(kind, own, rows, seen, bias, shrink=_SHRINK / len(known))
    weights = {
        feature: tuple(round(weight, 1) for weight in row)
        for feature, row in rows.items()
        if max(map(abs, row)) >= _SMALLEST
    }
    return Weights(kinds, tuple(round(weight, 1) for weight in bias), weights)


def _step(
    kind: int,
    own: list[str],
    rows: dict[str, list[float]],
    seen: dict[str, list[float]],
    bias: list[float],
    *,
    shrink: float,
) -> None:
    """Move the weights of one example's features against the gradient."""
    scale = 1 / math.sqrt(len(own) or 1)
    scores = [base + scale * sum(rows[feature][place] for feature in own) for place, base in enumerate(bias)]
    highest = max(scores)
    odds = [math.exp(score - highest) for score in scores]
    errors = [odd / sum(odds) - (place == kind) for place, odd in enumerate(odds)]
    for feature in own:
        row, squares = rows[feature], seen[feature]
        for place, error in enumerate(errors):
            slope = error * scale + shrink * row[place]
            squares[place] += slope * slope
            row[place] -= _RATE * slope / math.sqrt(squares[place])
    for place, error in enumerate(errors):
        bias[place] -= _BIAS_RATE * error


def measure(given: Sequence[Example], learned: Weights | None = None) -> list[str]:
    """Return lines that say how many questions are given their kind, another one, or none."""
    found = [(example.kind, kind_of(example.question, learned)) for example in given]
    problems = [pair for pair in found if pair[0] != OTHER]
    others = [pair for pair in found if pair[0] == OTHER]
    right = sum(kind == said for kind, said in problems)
    none = sum(said == OTHER for _, said in problems)
    lines = [
        f"problems: {len(problems)}; right {right}, none {none}, another {len(problems) - right - none}",
        f"others: {len(others)}; taken for a problem {sum(said != OTHER for _, said in others)}",
    ]
    missed = Counter(kind for kind, said in problems if kind != said)
    return [*lines, *(f"  {kind}: {count} missed" for kind, count in sorted(missed.items()))]


def main() -> None:
    """Do what the command line says."""
    match sys.argv[1:]:
        case ["train"]:
            WEIGHTS.write_text(encoded(train(examples(FOLDER / "learned"))), "utf-8")
        case ["measure"]:
            print("\n".join(measure(examples(FOLDER / "held-out"))))
        case _:
            sys.exit("usage: python -m benchmarks.kinds train|measure")


if __name__ == "__main__":
    main()
