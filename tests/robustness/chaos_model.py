"""A client of the smallest model whose process others kill."""

import random
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

import anyio

from agent import Completion, Message, ModelError, Request
from agent.models import ModelSettings, open_model
from agent.models._local import LocalModel
from engine import load_config
from tests.support.models import SMALLEST

from .chaos_answers import DEADLINE_SECONDS, Answers

#: So many questions are asked side by side.
SIDE_BY_SIDE = 2
#: What the answer is when the process is killed while it loads, reads or writes.
BROKEN = "ModelError"


class _Question(NamedTuple):
    """A question.

    Attributes:
        request: It.
        answer: What is in each right answer.
    """

    request: Request
    answer: str


def _question(text: str, answer: str, tokens: int) -> _Question:
    beginning = Message("system", "You are a helpful assistant. You answer in one short sentence.")
    return _Question(Request(messages=(beginning, Message("user", text)), fixed=1, max_tokens=tokens), answer)


_QUESTIONS = (
    _question("What is the capital of France?", "Paris", 10),
    _question("What is the capital of Italy?", "Rome", 10),
    _question("Say hello.", "", 2),
)


async def ask_model(answers: Answers, chance: random.Random, states: Path) -> None:
    """Ask one question after the other; one that comes after an error has to be answered."""
    settings = ModelSettings(context_tokens=512, threads=1)
    async with (
        open_model(SMALLEST, cache=load_config().cache, settings=settings, states=states) as model,
        anyio.create_task_group() as tasks,
    ):
        assert isinstance(model, LocalModel)
        for _ in range(SIDE_BY_SIDE):
            tasks.start_soon(_repeat, model, chance, answers)


async def _repeat(model: LocalModel, chance: random.Random, answers: Answers) -> None:
    while True:
        with anyio.move_on_after(DEADLINE_SECONDS) as scope:
            await _ask(model, chance.choice(_QUESTIONS), answers)
        if scope.cancelled_caught:
            answers.complain(f"the model does not answer within {DEADLINE_SECONDS:g} s")


async def _ask(model: LocalModel, question: _Question, answers: Answers) -> None:
    try:
        pieces, completion = await _answer(model, question.request)
    except ModelError as error:
        # Anything else is not explained by a kill.
        if "died" in str(error):
            answers.note(BROKEN)
        else:
            answers.complain(f"the model: {error}")
        return
    text = completion.text if completion else ""
    if text and text == pieces and question.answer in text:
        answers.right += 1
    else:
        answers.complain(f"`{question.request.messages[-1].text}`: {pieces!r}, {completion}")


async def _answer(model: LocalModel, request: Request) -> tuple[str, Completion | None]:
    """Return the pieces of an answer, joined, and its end."""
    pieces: list[str] = []
    async with aclosing(model.complete(request)) as events:
        async for event in events:
            if isinstance(event, Completion):
                return "".join(pieces), event
            pieces.append(event)
    return "".join(pieces), None
