"""The model for tests."""

from contextlib import aclosing

import anyio
import pytest

from agent import Completion, Message, ModelError, Request
from agent.testing import ScriptedModel

QUESTION = Request(messages=(Message("user", "how many?"),))
CHOICE = Request(messages=(Message("user", "yes or no?"),), choices=("yes", "no"))


async def asked(model: ScriptedModel, request: Request = QUESTION) -> list[str | Completion]:
    async with aclosing(model.complete(request)) as events:
        return [event async for event in events]


async def test_replies_come_in_order_in_pieces_and_as_a_whole() -> None:
    model = ScriptedModel(["a = 1\nb = 2\n", "other"])

    first, second = await asked(model), await asked(model)

    assert first[:-1] == ["a = 1\n", "b = 2\n"]
    assert isinstance(first[-1], Completion)
    assert first[-1].text == "a = 1\nb = 2\n"
    assert isinstance(second[-1], Completion)
    assert second[-1].text == "other"
    assert model.is_finished


async def test_requests_are_remembered() -> None:
    model = ScriptedModel(["yes"])

    await asked(model, CHOICE)

    assert model.requests == [CHOICE]


async def test_choice_ends_as_one() -> None:
    [*_, last] = await asked(ScriptedModel(["yes"]), CHOICE)

    assert isinstance(last, Completion)
    assert last.finish == "choice"


async def test_function_answers_by_what_is_asked() -> None:
    model = ScriptedModel([lambda request: request.messages[-1].text.upper()])

    [*_, last] = await asked(model)

    assert isinstance(last, Completion)
    assert last.text == "HOW MANY?"


async def test_whole_completion_is_given_as_it_is() -> None:
    reply = Completion(text="x", finish="length", new_tokens=7)

    assert await asked(ScriptedModel([reply])) == ["x", reply]


async def test_error_is_raised() -> None:
    with pytest.raises(ModelError, match="no room"):
        await asked(ScriptedModel([ModelError("no room")]))


async def test_model_whose_script_is_over_says_what_it_was_asked() -> None:
    model = ScriptedModel([])

    with pytest.raises(AssertionError, match="how many"):
        await asked(model)


async def test_answer_that_is_read_to_its_end_is_not_left() -> None:
    model = ScriptedModel(["a\nb\n"])

    await asked(model)

    assert model.left == 0


async def test_answer_that_is_left_early_is_counted() -> None:
    model = ScriptedModel(["a\nb\n"])

    async with aclosing(model.complete(QUESTION)) as events:
        await anext(events)

    assert model.left == 1


async def test_stalled_model_can_be_cancelled() -> None:
    model = ScriptedModel([None])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(asked, model)
        with anyio.fail_after(5):
            await model.stalled.wait()
        tasks.cancel_scope.cancel()

    assert model.left == 1


def test_half_characters_in_a_message_are_replaced() -> None:
    assert Message("user", "caf\udce9 ü").text == "caf? ü"
