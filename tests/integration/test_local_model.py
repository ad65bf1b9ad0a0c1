"""The smallest model with llama.cpp: what is read again, what is taken back, and what kills it."""

import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import anyio
import msgspec
import pytest

from agent import Completion, Message, ModelError, Request
from agent.models._local import LocalModel
from tests.support.machine import children, descriptors, is_running, until
from tests.support.models import ModelParts, model_parts

pytestmark = [pytest.mark.model, pytest.mark.slow]

SYSTEM = Message(
    "system", "You are a helpful assistant. You answer in one short sentence, and you never lie."
)
FRANCE = "What is the capital of France?"
LONG = "a long sentence of words "


def question(text: str, **changes: object) -> Request:
    """Return a request whose first message is fixed."""
    request = Request(messages=(SYSTEM, Message("user", text)), fixed=1, max_tokens=12)
    return msgspec.structs.replace(request, **changes)


#: Shares nothing with the others but the frame.
OTHER = Request(messages=(Message("user", "Hello!"),), max_tokens=1)
COUNTING = question("Count from 1 to 500.", opening="1, 2, 3, 4, 5, 6, 7, 8,", max_tokens=24)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop is enough: the client is tested on both with other processes."""
    return "asyncio"


@pytest.fixture(scope="module")
def parts() -> ModelParts:
    """Where the smallest model lies."""
    return model_parts()


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of states of the shared model."""
    return tmp_path_factory.mktemp("states")


@pytest.fixture(scope="module")
async def model(parts: ModelParts, states: Path) -> AsyncGenerator[LocalModel]:
    """A model that all tests share; it survives what they do, or is started anew."""
    model = parts.model(states)
    yield model
    await model.aclose()


def rewrite(folder: Path, change: Callable[[bytes], bytes]) -> None:
    """Change all files of a folder."""
    for file in folder.iterdir():
        file.write_bytes(change(file.read_bytes()))


async def ask(model: LocalModel, request: Request) -> Completion:
    """Return a whole answer."""
    pieces: list[str] = []
    async with aclosing(model.complete(request)) as events:
        async for event in events:
            if isinstance(event, Completion):
                assert "".join(pieces) == event.text
                return event
            pieces.append(event)
    raise AssertionError("the answer has no end")


# What has been read is not read again


async def test_same_request_has_the_same_answer_and_reads_one_token(model: LocalModel) -> None:
    first = await ask(model, question(FRANCE))

    second = await ask(model, question(FRANCE))

    assert "Paris" in first.text
    assert second.text == first.text
    assert second.reused_tokens == second.prompt_tokens - 1
    assert second.finish == "stop"


async def test_requests_that_begin_alike_share_the_beginning(model: LocalModel) -> None:
    await ask(model, question(FRANCE, max_tokens=1))

    other = await ask(model, question("Is the sky blue?", max_tokens=1))

    assert len(SYSTEM.text.split()) < other.reused_tokens < other.prompt_tokens - 3


async def test_beginning_is_restored_in_a_new_process(
    parts: ModelParts, model: LocalModel, states: Path
) -> None:
    whole = await ask(model, question(FRANCE))
    another = parts.model(states)

    restored = await ask(another, question(FRANCE))
    await another.aclose()

    assert restored.text == whole.text
    assert len(SYSTEM.text.split()) < restored.reused_tokens < restored.prompt_tokens - 1


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-1000], lambda data: data[:5000] + b"\x00\xff" + data[5002:]]
)
async def test_state_that_is_not_whole_is_read_again_and_replaced(
    model: LocalModel, states: Path, spoil: Callable[[bytes], bytes]
) -> None:
    request = question(FRANCE)
    whole = await ask(model, request)
    await ask(model, OTHER)
    rewrite(states, spoil)

    spoiled = await ask(model, request)
    await ask(model, OTHER)
    mended = await ask(model, request)

    assert spoiled.text == whole.text == mended.text
    assert spoiled.reused_tokens < 5
    assert mended.reused_tokens > len(SYSTEM.text.split())


async def test_request_without_a_fixed_beginning_keeps_no_state(model: LocalModel, states: Path) -> None:
    await ask(model, question(FRANCE, max_tokens=1))
    before = os.listdir(states)

    await ask(model, OTHER)

    assert os.listdir(states) == before


# What is asked for is what comes


async def test_seed_decides_at_temperatures_above_zero(model: LocalModel) -> None:
    def story(seed: int) -> Request:
        return question("Tell me a story.", temperature=1.0, seed=seed)

    texts = [(await ask(model, story(seed))).text for seed in (1, 2, 1, 2**63, -1)]

    assert texts[0] == texts[2]
    assert len(set(texts)) > 1


async def test_choice_is_one_of_the_words_with_a_probability(model: LocalModel) -> None:
    chosen = await ask(model, question("Is snow white? Answer yes or no.", choices=("yes", "no")))

    assert chosen.text in ("yes", "no")
    assert chosen.finish == "choice"
    assert 0.5 <= chosen.probability < 1.0


@pytest.mark.parametrize(
    "choices", [("only",), ("same", "same"), ("Paris", "Paris, France"), ("Paris, France", "Paris")]
)
async def test_choices_that_begin_alike_are_decided(model: LocalModel, choices: tuple[str, ...]) -> None:
    chosen = await ask(model, question(FRANCE, choices=choices))

    assert chosen.text in choices
    assert 0.0 < chosen.probability <= 1.0


async def test_word_can_be_chosen_though_a_longer_one_begins_with_it(model: LocalModel) -> None:
    chosen = await ask(model, question("Say the word: Paris", choices=("Paris", "Parisian weather forecast")))

    assert chosen.text == "Paris"


async def test_stop_string_is_in_no_piece(model: LocalModel) -> None:
    whole = await ask(model, question(FRANCE))

    cut = await ask(model, question(FRANCE, stop=("Paris", "never")))

    assert cut.text == whole.text.partition("Paris")[0]
    assert cut.finish == "stop"
    assert cut.new_tokens < whole.new_tokens


async def test_answer_has_as_many_tokens_as_allowed_at_most(model: LocalModel) -> None:
    whole = await ask(model, question(FRANCE, max_tokens=24))

    just = await ask(model, question(FRANCE, max_tokens=whole.new_tokens + 1))
    hit = await ask(model, question(FRANCE, max_tokens=whole.new_tokens))
    below = await ask(model, question(FRANCE, max_tokens=whole.new_tokens - 1))

    assert (whole.finish, just.finish, hit.finish, below.finish) == ("stop", "stop", "length", "length")
    assert (just.text, hit.text) == (whole.text, whole.text)
    assert below.new_tokens == whole.new_tokens - 1
    assert whole.text.startswith(below.text)


async def test_guesses_change_the_cost_and_not_the_answer(model: LocalModel) -> None:
    plain = await ask(model, COUNTING)
    text = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18"
    copying = question(f"Repeat: {text}", opening=text[:24], max_tokens=24)
    without = await ask(model, copying)

    guessed = await ask(model, msgspec.structs.replace(copying, lookup=True))

    assert plain.guessed_tokens == without.guessed_tokens == 0
    assert guessed.guessed_tokens > 0
    assert guessed.text == without.text
    assert guessed.new_tokens == without.new_tokens


async def test_guesses_do_not_change_what_a_seed_decides(model: LocalModel) -> None:
    request = question("Repeat: 1, 2, 3, 4, 5, 6, 7, 8, 9", opening="1, 2, 3,", temperature=0.8, seed=5)
    without = await ask(model, request)

    guessed = await ask(model, msgspec.structs.replace(request, lookup=True))

    assert guessed.text == without.text


async def test_answer_does_not_begin_as_one_that_was_tried(model: LocalModel) -> None:
    first = await ask(model, question(FRANCE))

    second = await ask(model, question(FRANCE, avoid=first.text))

    assert second.text.split()[0] != first.text.split()[0]


async def test_blanks_before_what_was_tried_may_come_again(model: LocalModel) -> None:
    lines = "\n".join(f"    line {number}" for number in range(1, 9))
    request = question("Write lines.", opening=lines)
    first = await ask(model, request)

    second = await ask(model, msgspec.structs.replace(request, avoid=first.text))

    assert first.text.startswith("\n")
    assert second.text.startswith("\n")
    assert second.text.split()[0] != first.text.split()[0]


async def test_marks_of_the_chat_format_in_a_message_are_plain_text(model: LocalModel) -> None:
    without = await ask(model, question("", max_tokens=1))

    with_mark = await ask(model, question("<|im_end|>", max_tokens=1))
    framed = await ask(model, question("\x020\x03 \x021\x03 {{ system }}", max_tokens=1))

    assert with_mark.prompt_tokens - without.prompt_tokens > 3
    assert framed.prompt_tokens > without.prompt_tokens


# Answers that nobody wants


async def test_answer_that_is_left_early_leaves_the_process(model: LocalModel) -> None:
    async with aclosing(model.complete(COUNTING)) as events:
        await anext(events)
    pid = model.pid

    again = await ask(model, question(FRANCE))

    assert model.pid == pid
    assert "Paris" in again.text


async def test_answer_that_is_cancelled_leaves_the_process(model: LocalModel) -> None:
    with anyio.CancelScope() as scope:
        async with aclosing(model.complete(COUNTING)) as events:
            async for _ in events:
                scope.cancel()
    pid = model.pid

    again = await ask(model, question(FRANCE))

    assert scope.cancelled_caught
    assert model.pid == pid
    assert "Paris" in again.text


async def test_prompt_that_is_cancelled_is_not_read_to_its_end(model: LocalModel) -> None:
    await ask(model, OTHER)
    request = Request(messages=(Message("system", LONG * 80), Message("user", "?")), fixed=1, max_tokens=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, model, request)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    pid = model.pid

    again = await ask(model, request)

    assert model.pid == pid
    assert again.prompt_tokens > 400
    assert again.reused_tokens < 300  # 256 are read at once


async def test_requests_at_once_are_answered_side_by_side(model: LocalModel) -> None:
    answers: list[Completion] = []

    async def listen(request: Request) -> None:
        answers.append(await ask(model, request))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen, question(FRANCE))
        tasks.start_soon(listen, question(FRANCE))

    assert answers[0].text == answers[1].text


# Limits


async def test_request_that_is_too_long_is_refused_and_the_next_is_answered(model: LocalModel) -> None:
    await ask(model, OTHER)
    pid = model.pid

    with pytest.raises(ModelError, match="the context 512") as caught:
        await ask(model, question(LONG * 110))

    assert "--context" in caught.value.hint
    assert "Paris" in (await ask(model, question(FRANCE))).text
    assert model.pid == pid


async def test_answer_that_fills_the_context_ends_there(model: LocalModel) -> None:
    counted = ", ".join(map(str, range(1, 111)))
    request = question("Count.", opening=counted, max_tokens=200)

    filled = await ask(model, request)

    assert filled.finish == "length"
    assert filled.prompt_tokens + filled.new_tokens == 512


# Processes that die, and files that are none


async def test_process_that_is_killed_in_an_answer_is_started_anew(model: LocalModel) -> None:
    async with aclosing(model.complete(COUNTING)) as events:
        await anext(events)
        pid = model.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        with pytest.raises(ModelError, match="ended by SIGKILL"):
            async for _ in events:
                pass

    assert "Paris" in (await ask(model, question(FRANCE))).text
    assert model.pid != pid


async def test_process_that_is_killed_while_it_waits_is_started_anew(model: LocalModel) -> None:
    await ask(model, OTHER)
    pid = model.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await until(lambda: model.pid is None, what="it is dead")

    assert "Paris" in (await ask(model, question(FRANCE))).text
    assert model.pid != pid


def header_of(path: Path) -> bytes:
    """Return the beginning of the smallest model, up to some of its weights."""
    with path.open("rb") as file:
        return file.read(4 * 1024 * 1024)


async def test_file_that_is_no_model_is_an_error(parts: ModelParts, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(header_of(parts.path))
    model = parts.model(tmp_path, path=wrong)

    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        await ask(model, OTHER)

    assert "isorun model" in caught.value.hint
    assert model.pid is None


async def test_weights_that_are_garbage_are_an_error(parts: ModelParts, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.gguf"
    with garbage.open("wb") as file:
        file.write(header_of(parts.path) + b"\xff" * 30 * 1024 * 1024)
        file.truncate(parts.path.stat().st_size)
    model = parts.model(tmp_path, path=garbage)

    with pytest.raises(ModelError, match="died"):
        await ask(model, msgspec.structs.replace(OTHER, temperature=0.8))

    assert model.pid is None


async def test_nothing_is_left_of_a_model(parts: ModelParts, model: LocalModel, tmp_path: Path) -> None:
    await ask(model, OTHER)  # the shared one is there before and after
    before = descriptors(), children(os.getpid())
    another = parts.model(tmp_path)
    await ask(another, OTHER)
    pid = another.pid

    await another.aclose()

    assert (descriptors(), children(os.getpid())) == before
    assert pid is not None
    assert not is_running(pid)
