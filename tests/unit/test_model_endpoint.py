"""Asking an endpoint on this machine, whose server answers well, badly, or not at all."""

import json
import socket
from collections.abc import Callable
from contextlib import aclosing

import anyio
import pytest

from agent import Completion, Message, ModelError, Request
from agent.models._endpoint import EndpointModel
from agent.models._endpoint_answer import MAX_LINE_BYTES, Answer
from tests.support.model_endpoint import DONE, Caller, end, event, piece, saying, sending, serve

# httpx leaves generators of its own to trio when an answer is not read to its end.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <async_generator:pytest.PytestUnraisableExceptionWarning",
    "ignore:Async generator 'http:ResourceWarning",
)

QUESTION = Request(messages=(Message("system", "be short"), Message("user", "how many?")), max_tokens=8)
FENCED = Request(messages=QUESTION.messages, opening="```python\n", stop=("\n```",), max_tokens=20)
CHOICE = Request(messages=QUESTION.messages, choices=("code", "text"))
KEY = "sk-very-secret"


async def ask(
    address: str, request: Request = QUESTION, *, key: str | None = None, stall_seconds: float = 10.0
) -> tuple[list[str], Completion]:
    """Return the pieces of an answer, and the whole."""
    model = EndpointModel(address, key=key, stall_seconds=stall_seconds)
    pieces: list[str] = []
    try:
        async with aclosing(model.complete(request)) as events:
            async for found in events:
                if isinstance(found, Completion):
                    assert "".join(pieces) == found.text
                    return pieces, found
                pieces.append(found)
    finally:
        await model.aclose()
    raise AssertionError("the answer has no end")


async def ask_server(
    behaviour: Callable[[Caller], None], request: Request = QUESTION
) -> tuple[list[str], Completion]:
    with serve(behaviour) as server:
        return await ask(server.address, request)


async def refused(
    behaviour: Callable[[Caller], None], *, key: str | None = None, stall_seconds: float = 10.0
) -> ModelError:
    """Return the error of a question; the server has to say something wrong."""
    with serve(behaviour) as server, pytest.raises(ModelError) as caught:
        await ask(server.address, key=key, stall_seconds=stall_seconds)
    assert caught.value.hint
    return caught.value


async def test_answer_comes_in_pieces_with_its_cost() -> None:
    pieces, whole = await ask_server(saying("for", "ty", "-two"))

    assert "".join(pieces) == "forty-two"
    assert whole.finish == "stop"
    assert (whole.prompt_tokens, whole.new_tokens) == (9, 3)
    assert 0 < whole.first_token_seconds <= whole.seconds


async def test_first_piece_is_there_before_the_last_is_written() -> None:
    def behaviour(caller: Caller) -> None:
        caller.begin()
        caller.send(piece("first"))
        caller.stall()

    with serve(behaviour) as server:
        model = EndpointModel(server.address)
        async with aclosing(model.complete(QUESTION)) as events:
            with anyio.fail_after(10):
                assert await anext(events) == "first"
        await model.aclose()


async def test_server_is_asked_for_what_the_request_says() -> None:
    request = Request(messages=QUESTION.messages, max_tokens=5, stop=("END",), temperature=0.5, seed=3)

    with serve(saying("x")) as server:
        await ask(server.address, request)

    [asked] = server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.body["model"] == "tiny"
    assert asked.body["messages"] == [
        {"role": "system", "content": "be short"},
        {"role": "user", "content": "how many?"},
    ]
    assert (asked.body["max_tokens"], asked.body["temperature"], asked.body["seed"]) == (5, 0.5, 3)
    assert asked.body["stop"] == ["END"]
    assert "Authorization" not in asked.headers


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
async def test_address_may_end_anywhere(ending: str) -> None:
    with serve(saying("x")) as server:
        await ask(server.address.removesuffix("/v1#tiny") + ending)

    assert server.asked[0].path == "/v1/chat/completions"
    assert server.asked[0].body["model"] == "default"


async def test_key_is_sent_as_a_bearer_token() -> None:
    with serve(saying("x")) as server:
        await ask(server.address, key=KEY)

    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"


async def test_key_that_the_server_repeats_is_in_no_error() -> None:
    message = f'{{"error": "wrong key {KEY}"}}'.encode()

    refusal = await refused(sending(message, status=401), key=KEY)
    report = await refused(sending(b"data: " + message + b"\n\n"), key=KEY)

    assert "wrong key" in str(refusal)
    assert "wrong key" in str(report)
    assert KEY not in f"{refusal} {refusal.hint} {report} {report.hint}"


# What the server does not do itself


async def test_stop_string_ends_the_answer_though_the_server_goes_on() -> None:
    request = Request(messages=QUESTION.messages, stop=("END",))

    pieces, whole = await ask_server(saying("one E", "ND two", "END"), request)

    assert whole.text == "one "
    assert whole.finish == "stop"
    assert not any("E" in text for text in pieces)


async def test_answer_of_as_many_tokens_as_allowed_is_whole() -> None:
    _, whole = await ask_server(saying(*"12345678", reason="length"))

    assert whole.text == "12345678"
    assert whole.finish == "length"


async def test_answer_of_more_tokens_than_allowed_is_cut() -> None:
    _, whole = await ask_server(saying(*"123456789"))

    assert whole.text == "12345678"
    assert whole.finish == "length"
    assert whole.new_tokens == 8


async def test_few_tokens_without_end_are_cut() -> None:
    _, whole = await ask_server(saying("x" * 800, "y"))

    assert whole.text == "x" * 800
    assert whole.finish == "length"


async def test_what_stands_before_the_block_is_left_out_and_the_block_ends_the_answer() -> None:
    with serve(saying("Sure!\n``", "`py\nx = 1", "\nprint(x)\n", "```\nDone.")) as server:
        _, whole = await ask(server.address, FENCED)

    assert whole.text == "x = 1\nprint(x)"
    assert "stop" not in server.asked[0].body


async def test_program_without_a_block_is_the_answer() -> None:
    _, whole = await ask_server(saying("x = 1\n", "print(x)\n"), FENCED)

    assert whole.text == "x = 1\nprint(x)\n"


async def test_lines_that_are_kept_are_not_in_the_answer_again() -> None:
    request = Request(messages=QUESTION.messages, opening="```python\nx = 1\n", stop=("\n```",))

    _, whole = await ask_server(saying("```python\n", "x =", " 1\ny", " = 2\n```"), request)

    assert whole.text == "y = 2"


async def test_other_lines_than_those_that_are_kept_stay() -> None:
    request = Request(messages=QUESTION.messages, opening="```python\nx = 1\n", stop=("\n```",))

    _, whole = await ask_server(saying("```python\n", "x =", " 3\n```"), request)

    assert whole.text == "x = 3"


@pytest.mark.parametrize(
    ("said", "chosen", "probability"),
    [
        ("text", "text", 1.0),
        ("I say: Code, not text.", "code", 1.0),
        ("decode the context as text", "text", 1.0),
        ("neither", "code", 0.5),
    ],
)
async def test_choice_is_the_word_that_is_named_first(said: str, chosen: str, probability: float) -> None:
    pieces, whole = await ask_server(
        saying(*said.split(" ")[:1], *(f" {w}" for w in said.split(" ")[1:])), CHOICE
    )

    assert pieces == [chosen]
    assert (whole.finish, whole.probability) == ("choice", probability)


# Servers that fail


@pytest.mark.parametrize("status", [404, 500])
async def test_refusal_is_in_the_words_of_the_server(status: int) -> None:
    error = await refused(sending(b'{"error": "no such model"}', status=status))

    assert str(error) == f'the endpoint answers {status}: {{"error": "no such model"}}'


async def test_refusal_without_end_is_cut() -> None:
    def behaviour(caller: Caller) -> None:
        caller.begin(500)
        while True:
            caller.send(b"x" * 4096)

    error = await refused(behaviour)

    assert len(str(error)) < 400


async def test_redirect_is_not_followed() -> None:
    with serve(saying("x")) as other:
        error = await refused(sending(status=307, Location=other.address))

    assert "307" in str(error)
    assert other.asked == []


async def test_error_in_the_stream_is_an_error() -> None:
    error = await refused(sending(piece("a"), event(error={"message": "out of memory"})))

    assert "out of memory" in str(error)


async def test_error_that_is_null_is_none() -> None:
    _, whole = await ask_server(sending(event(error=None, choices=[{"delta": {"content": "x"}}]), DONE))

    assert whole.text == "x"


@pytest.mark.parametrize(
    "line", [b"data: {nonsense\n", b"data: []\n", b'data: {"choices": 1}\n', b"data: \xff\n"]
)
async def test_other_formats_are_an_error(line: bytes) -> None:
    assert "another format" in str(await refused(sending(line)))


async def test_server_that_does_not_stream_is_an_error() -> None:
    whole = json.dumps({"choices": [{"message": {"content": "x"}}]}).encode()

    assert "in the middle" in str(await refused(sending(whole)))


async def test_server_that_says_nothing_is_given_up() -> None:
    assert "nothing for too long" in str(await refused(Caller.stall, stall_seconds=0.05))


async def test_server_that_says_nothing_more_is_given_up() -> None:
    def behaviour(caller: Caller) -> None:
        caller.begin()
        caller.send(piece("a"))
        caller.stall()

    assert "nothing for too long" in str(await refused(behaviour, stall_seconds=0.05))


async def test_nobody_listens_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        with pytest.raises(ModelError, match="cannot be asked") as caught:
            await ask(f"http://127.0.0.1:{taken.getsockname()[1]}")

    assert "start its server" in caught.value.hint


async def test_answer_without_its_end_is_an_error() -> None:
    assert "in the middle" in str(await refused(sending(piece("a"))))


async def test_line_that_is_cut_is_an_error() -> None:
    assert "cannot be asked" in str(await refused(sending(piece("a"), Content_Length="10000")))


@pytest.mark.parametrize("last", [end(), DONE])
async def test_answer_whose_end_was_said_is_whole_though_the_line_is_cut(last: bytes) -> None:
    _, whole = await ask_server(sending(piece("a"), last, Content_Length="10000"))

    assert whole.text == "a"


async def test_answer_that_is_left_early_leaves_the_model_usable() -> None:
    with serve(saying("x")) as server:
        model = EndpointModel(server.address)
        async with aclosing(model.complete(QUESTION)) as events:
            await anext(events)

        again = [found async for found in model.complete(QUESTION)]
        await model.aclose()

    assert again[0] == "x"


# Limits of the stream


def test_line_as_long_as_allowed_is_read() -> None:
    line = b"data:" + b" " * (MAX_LINE_BYTES - 11) + b"[DONE]"
    answer = Answer(QUESTION)

    answer.feed(line)
    answer.feed(b"\n")

    assert len(line) == MAX_LINE_BYTES
    assert answer.is_over


def test_line_that_is_longer_is_given_up_before_its_end() -> None:
    answer = Answer(QUESTION)
    answer.feed(b"data: " + b" " * (MAX_LINE_BYTES - 6))

    with pytest.raises(ModelError, match="lines without end"):
        answer.feed(b" ")


async def test_line_without_end_is_given_up() -> None:
    def behaviour(caller: Caller) -> None:
        caller.begin()
        while True:
            caller.send(b"x" * 65536)

    assert "lines without end" in str(await refused(behaviour))


@pytest.mark.parametrize("size", [1, 7])
def test_stream_may_be_cut_anywhere(size: int) -> None:
    stream = b": a comment\r\n\r\n" + (piece("für ") + piece("dich") + end()).replace(b"\n", b"\r\n") + DONE
    answer = Answer(QUESTION)

    text = "".join(answer.feed(stream[at : at + size]) for at in range(0, len(stream), size)) + answer.end()

    assert text == "für dich"
    assert answer.is_over


# Which hosts are asked


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/v1",
        "http://10.0.0.1:8080",
        "http://0.0.0.0:8080",
        "http://127.0.0.1.evil.com",
        "http://localhost.evil.com",
        "http://evil.localhost",
        "http://127.0.0.1@evil.com",
        "http://evil.com\\@127.0.0.1.evil.com",
        "http://[2001:db8::1]:8080",
        "http://2130706433",
        "http:///v1",
    ],
)
def test_other_machines_are_not_asked(address: str) -> None:
    with pytest.raises(ModelError, match="not on this machine") as caught:
        EndpointModel(address)

    assert "127.0.0.1" in caught.value.hint


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1", "http://127.9.9.9:1/v1", "http://[::1]:8080/v1#a", "https://LOCALHOST:1"]
)
async def test_this_machine_is_asked(address: str) -> None:
    await EndpointModel(address).aclose()


@pytest.mark.parametrize("address", ["http://127.0.0.1:port", "http://[::1"])
def test_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ModelError, match="address of the endpoint is none"):
        EndpointModel(address)


def test_key_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ModelError, match="does not belong into an address") as caught:
        EndpointModel(f"http://me:{KEY}@127.0.0.1")

    assert KEY not in f"{caught.value} {caught.value.hint}"
