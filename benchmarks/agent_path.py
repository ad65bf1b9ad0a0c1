"""How soon a model begins to answer: cold, with its beginning on disk, and warm.

    uv run python -m benchmarks.agent_path [ROUNDS] [MODEL]

The floor is a cold prompt: a new process that loads the model and reads the whole prompt. Cold, restored and
warm take turns, each with a question that was not asked before.
"""

import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path
from statistics import median

import anyio

from agent import Completion, Model, Request, Task, open_model
from agent._prompts import answer_request
from engine import load_config

_QUESTIONS = (
    "How many primes are there between {} and 5000?",
    "What is the sum of the digits of 2 to the power of {}?",
    "A box holds {} nuts, and 12 % of them are bad. How many good nuts are in 9 boxes?",
)


def question(number: int) -> Request:
    """Return a request that no earlier one is equal to, though it begins as all do."""
    text = _QUESTIONS[number % len(_QUESTIONS)].format(100 + number)
    return answer_request(Task(question=text), "python", max_tokens=8)


async def first_token(model: Model, request: Request) -> tuple[float, Completion]:
    """Return the seconds until the first piece, and what the answer has cost."""
    began = time.monotonic()
    first = 0.0
    async with aclosing(model.complete(request)) as events:
        async for event in events:
            if isinstance(event, Completion):
                return first, event
            first = first or time.monotonic() - began
    raise AssertionError("an answer ends with its completion")


async def measure(rounds: int, spec: str | None) -> None:
    """Print the medians and their ratio to the floor."""
    seconds: dict[str, list[float]] = {"cold": [], "restored": [], "warm": []}
    tokens: dict[str, Completion] = {}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            states = Path(folder)
            for name in ("cold", "restored"):
                async with open_model(spec, cache=load_config().cache, states=states) as model:
                    taken, tokens[name] = await first_token(model, question(3 * number))
                    seconds[name].append(taken)
                    if name == "restored":
                        taken, tokens["warm"] = await first_token(model, question(3 * number + 1))
                        seconds["warm"].append(taken)
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    floor = median(seconds["cold"])
    for name, values in seconds.items():
        read = tokens[name].prompt_tokens - tokens[name].reused_tokens
        print(f"{name:9} {median(values):6.2f} s  {median(values) / floor:5.3f} x  {read} tokens read")


def main() -> None:
    """Measure with the arguments of the command line."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    anyio.run(measure, rounds, sys.argv[2] if len(sys.argv) > 2 else None)


if __name__ == "__main__":
    main()
