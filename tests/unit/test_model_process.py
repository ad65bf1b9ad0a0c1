"""The client of the process that holds a model, with a process that does what a test says.

In place of llama.cpp the process loads a module that takes over the socket.
"""

import os
import signal
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest

from agent import Completion, Message, ModelError, Request
from agent.models import ModelSettings, _local
from agent.models._line import MAX_FRAME_BYTES
from agent.models._local import LocalModel
from tests.support.machine import descriptors, is_running, until

QUESTION = Request(messages=(Message("user", "how many?"),))
PRELUDE = """
import json, os, socket, struct, sys, time
line = socket.socket(fileno=int(sys.argv[1]))

def take(kind):
    data = line.recv(4, socket.MSG_WAITALL)
    if not data:
        sys.exit()
    message = json.loads(line.recv(int.from_bytes(data, "big"), socket.MSG_WAITALL))
    assert message["kind"] == kind, message
    return message

def frame(**message):
    data = json.dumps(message).encode()
    return len(data).to_bytes(4, "big") + data

def say(**message):
    line.sendall(frame(**message))

def ready():
    settings = take("load")["settings"]
    say(kind="ready", context_tokens=100)
    return settings

def answer(text):
    asked = take("complete")
    say(kind="piece", number=asked["number"], text=text)
    say(kind="done", number=asked["number"], completion={"text": text})
    return asked
"""
ANSWERS = "ready()\nwhile True:\n    answer('x')"

#: Ends answers of an even number, and the others when they are taken back.
OBEYS = """
ready()
while True:
    number = take("complete")["number"]
    say(kind="piece", number=number, text=str(number))
    if number % 2:
        assert take("cancel")["number"] == number
        say(kind="piece", number=number, text="too late")
    say(kind="done", number=number, completion={"text": str(number)})
"""

#: Takes two questions before it answers either.
MIXES = """
ready()
numbers = [take("complete")["number"] for _ in range(2)]
for part in "ab":
    for number in reversed(numbers):
        say(kind="piece", number=number, text=f"{part}{number}")
for number in numbers:
    say(kind="done", number=number, completion={"text": f"a{number}b{number}"})
take("never")
"""

#: Begins an answer, is asked for another, and has the first taken back.
MIXES_AND_OBEYS = """
ready()
first = take("complete")["number"]
say(kind="piece", number=first, text="begun")
second = take("complete")["number"]
assert take("cancel")["number"] == first
say(kind="piece", number=second, text="whole")
say(kind="done", number=first, completion={"text": "begun"})
say(kind="done", number=second, completion={"text": "whole"})
take("never")
"""

type Make = Callable[[str], LocalModel]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a model whose process runs this code."""

    def made(code: str) -> LocalModel:
        (tmp_path / "llama_cpp.py").write_text(PRELUDE + code)
        settings = ModelSettings(context_tokens=512, threads=1)
        return LocalModel(
            tmp_path / "m.gguf", name="fake", library=tmp_path, states=tmp_path, settings=settings
        )

    return made


async def ask(model: LocalModel) -> str:
    """Return the text of one answer."""
    with anyio.fail_after(10):
        async with aclosing(model.complete(QUESTION)) as events:
            async for event in events:
                if isinstance(event, Completion):
                    return event.text
    raise AssertionError("the answer has no end")


async def failure(model: LocalModel) -> ModelError:
    """Return the error of a question, after which no process is left."""
    with pytest.raises(ModelError) as caught:
        await ask(model)
    await model.aclose()
    assert caught.value.hint
    return caught.value


async def test_process_starts_with_the_first_question_and_stays(make: Make) -> None:
    model = make(ANSWERS)
    assert model.pid is None

    assert await ask(model) == "x"
    pid = model.pid
    assert await ask(model) == "x"

    assert model.pid == pid
    assert model.context_tokens == 100
    await model.aclose()
    assert model.pid is None
    assert pid is not None
    assert not is_running(pid)


async def test_process_has_nothing_of_the_environment_but_what_graphics_cards_need(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISORUN_MODEL_KEY", "sk-secret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")

    error = await failure(
        make("say(kind='failed', number=0, error=' '.join(sorted(os.environ)), why='load')")
    )

    assert "CUDA_VISIBLE_DEVICES" in str(error)
    assert "ISORUN_MODEL_KEY" not in str(error)


async def test_paths_are_those_of_our_own_working_folder(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("settings = ready()\nanswer(settings['path'] + ' ' + settings['states'])\nanswer('')")
    monkeypatch.chdir(tmp_path)
    model = LocalModel(
        Path("m.gguf"), name="fake", library=Path("."), states=Path("states"), settings=ModelSettings()
    )

    assert await ask(model) == f"{tmp_path / 'm.gguf'} {tmp_path / 'states'}"
    await model.aclose()


# Processes that fail


async def test_model_that_cannot_be_loaded_is_an_error_with_the_reason(make: Make) -> None:
    error = await failure(make("take('load')\nsay(kind='failed', number=0, error='no memory', why='load')"))

    assert str(error) == "`fake` cannot be loaded: no memory"


async def test_process_that_dies_while_it_loads_is_an_error_with_its_last_words(make: Make) -> None:
    error = await failure(make("sys.exit('no such instruction')"))

    assert "died: no such instruction" in str(error)


async def test_process_that_crashes_is_an_error_with_the_signal(make: Make) -> None:
    error = await failure(make("ready()\ntake('complete')\nos.abort()"))

    assert "died: ended by SIGABRT" in str(error)


@pytest.mark.parametrize(
    "frame",
    [
        b"hello",
        b'{"kind": "other"}',
        b'{"kind": "ready"}',
        b'{"kind": "ready", "context_tokens": "many"}',
        b'{"kind": "failed", "number": 0, "error": "", "why": "because"}',
        b"\xff",
        b"",
    ],
)
async def test_process_that_speaks_otherwise_is_an_error(make: Make, frame: bytes) -> None:
    sent = len(frame).to_bytes(4, "big") + frame

    error = await failure(make(f"line.sendall({sent!r})\ntake('load')\ntake('never')"))

    assert "does not speak as it should" in str(error)


async def test_process_that_says_something_at_the_wrong_time_is_an_error(make: Make) -> None:
    error = await failure(make("say(kind='piece', number=1, text='x')\ntake('load')\ntake('never')"))

    assert "which is none" in str(error)


async def test_frame_may_be_as_long_as_the_limit(make: Make) -> None:
    head = b'{"kind": "ready", "context_tokens": 7}'
    code = f"""
take("load")
line.sendall(({MAX_FRAME_BYTES}).to_bytes(4, "big") + {head!r} + b" " * {MAX_FRAME_BYTES - len(head)})
answer("x")
take("never")
"""
    model = make(code)

    assert await ask(model) == "x"
    assert model.context_tokens == 7
    await model.aclose()


async def test_longer_frame_is_an_error_before_it_comes(make: Make) -> None:
    error = await failure(
        make(f"line.sendall(({MAX_FRAME_BYTES + 1}).to_bytes(4, 'big'))\ntake('load')\ntake('never')")
    )

    assert f"a frame of {MAX_FRAME_BYTES + 1} bytes" in str(error)


async def test_request_that_is_refused_leaves_the_process(make: Make) -> None:
    model = make(
        "ready()\n"
        "number = take('complete')['number']\n"
        "say(kind='failed', number=number, error='too long', why='context')\n"
        "while True:\n    answer('x')"
    )

    with pytest.raises(ModelError, match="`fake`: too long") as caught:
        await ask(model)
    pid = model.pid

    assert "--context" in caught.value.hint
    assert await ask(model) == "x"
    assert model.pid == pid
    await model.aclose()


async def test_process_that_died_while_nobody_asked_is_started_anew(make: Make) -> None:
    model = make("ready()\nanswer(str(os.getpid()))")
    first = await ask(model)
    await until(lambda: not is_running(int(first)), what="it has ended")

    second = await ask(model)

    assert second != first
    await model.aclose()


async def test_process_that_is_killed_in_an_answer_is_an_error_and_started_anew(make: Make) -> None:
    model = make(OBEYS)
    async with aclosing(model.complete(QUESTION)) as events:
        await anext(events)
        pid = model.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        with pytest.raises(ModelError, match="ended by SIGKILL"):
            await anext(events)

    assert await ask(model) == "2"
    assert model.pid != pid
    await model.aclose()


# Answers that nobody wants


async def test_answer_that_is_left_is_taken_back_and_the_process_stays(make: Make) -> None:
    model = make(OBEYS)
    async with aclosing(model.complete(QUESTION)) as events:
        assert await anext(events) == "1"
    pid = model.pid

    assert await ask(model) == "2"
    assert model.pid == pid
    await model.aclose()


async def test_answer_that_is_cancelled_is_taken_back_and_the_process_stays(make: Make) -> None:
    model = make(OBEYS)
    pieces: list[str | Completion] = []

    async def listen() -> None:
        async with aclosing(model.complete(QUESTION)) as events:
            async for event in events:
                pieces.append(event)  # noqa: PERF401 (looked at while it grows)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        await until(lambda: pieces, what="it answers")
        tasks.cancel_scope.cancel()
    pid = model.pid

    assert pieces == ["1"]
    assert await ask(model) == "2"
    assert model.pid == pid
    await model.aclose()


async def test_cancellation_in_the_middle_of_a_frame_loses_nothing(make: Make) -> None:
    model = make("""
ready()
number = take("complete")["number"]
say(kind="piece", number=number, text="a")
rest = frame(kind="piece", number=number, text="long " * 100)
line.sendall(rest[:100])
assert take("cancel")["number"] == number
line.sendall(rest[100:])
say(kind="done", number=number, completion={"text": "a"})
while True:
    answer("next")
""")
    async with aclosing(model.complete(QUESTION)) as events:
        assert await anext(events) == "a"
        with anyio.move_on_after(0.02) as scope:
            await anext(events)
    assert scope.cancelled_caught
    pid = model.pid

    assert await ask(model) == "next"
    assert model.pid == pid
    await model.aclose()


async def test_process_that_does_not_stop_is_killed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_local, "CANCEL_SECONDS", 0.02)
    model = make(
        "ready()\nnumber = take('complete')['number']\n"
        "say(kind='piece', number=number, text='a')\ntime.sleep(600)"
    )

    async with aclosing(model.complete(QUESTION)) as events:
        await anext(events)
        pid = model.pid

    assert model.pid is None
    assert pid is not None
    assert not is_running(pid)


async def test_cancellation_while_it_loads_leaves_no_process(make: Make) -> None:
    model = make("take('load')\ntime.sleep(600)")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, model)
        await until(lambda: model.pid, what="it has started")
        pid = model.pid
        tasks.cancel_scope.cancel()

    assert model.pid is None
    assert pid is not None
    assert not is_running(pid)


async def test_questions_at_once_are_all_answered(make: Make) -> None:
    model = make(ANSWERS.replace("'x'", "'whole answer'"))
    texts: list[str] = []

    async def listen() -> None:
        texts.append(await ask(model))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(listen)

    assert texts == ["whole answer"] * 3
    await model.aclose()


async def test_answers_that_come_mixed_reach_those_who_asked(make: Make) -> None:
    model = make(MIXES)
    texts: list[str] = []

    async def listen() -> None:
        texts.append(await ask(model))

    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(listen)

    assert sorted(texts) == ["a1b1", "a2b2"]
    await model.aclose()


async def test_taking_one_question_back_leaves_the_other(make: Make) -> None:
    model = make(MIXES_AND_OBEYS)
    second: list[str] = []

    async def listen() -> None:
        second.append(await ask(model))

    async with anyio.create_task_group() as tasks:
        async with aclosing(model.complete(QUESTION)) as first:
            await anext(first)
            tasks.start_soon(listen)
            await anyio.wait_all_tasks_blocked()

    assert second == ["whole"]
    await model.aclose()


async def test_end_of_the_model_wakes_who_waits_for_an_answer(make: Make) -> None:
    model = make("ready()\ntake('complete')\ntake('never')")

    async def listen() -> None:
        with pytest.raises(ModelError, match="died"):
            await ask(model)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        await until(lambda: model.context_tokens == 100, what="it is loaded")
        await anyio.wait_all_tasks_blocked()
        await model.aclose()


async def test_nothing_is_left_when_it_ends(make: Make) -> None:
    await failure(make("sys.exit()"))  # what the event loop opens once
    before = descriptors()
    model = make(ANSWERS)
    await ask(model)
    pid = model.pid

    await model.aclose()
    await model.aclose()

    assert descriptors() == before
    assert pid is not None
    assert not is_running(pid)
