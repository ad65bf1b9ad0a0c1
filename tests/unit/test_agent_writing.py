"""Having a model write, and watching it."""

from contextlib import aclosing

import anyio
import pytest

from agent import Budget, Completion, Message, ModelError, Request, Token, Wrote
from agent._ledger import Ledger
from agent._writing import MAX_SOURCE, Writer, bad_line, prompt_hash
from agent.testing import Reply, ScriptedModel

OPENED = Request(messages=(Message("user", "write"),), opening="```python\n", max_tokens=100)
BARE = Request(messages=(Message("user", "write"),))


class Written:
    """What a writer yielded, and what it left behind."""

    def __init__(self, replies: list[Reply | None], budget: Budget | None = None) -> None:
        self.model = ScriptedModel(replies)
        self.ledger = Ledger(budget or Budget())
        self.writer = Writer(self.model, self.ledger)
        self.streamed = ""

    async def ask(self, request: Request, *, language: str = "python", check: bool = True) -> Wrote:
        async with aclosing(self.writer.write(request, "write", language=language, check=check)) as steps:
            async for step in steps:
                match step:
                    case Token(text=text):
                        self.streamed += text
                    case Wrote():
                        return step
        raise AssertionError("nothing was written")


async def test_program_is_streamed_and_counted() -> None:
    written = Written(["x = 1\nprint(x)\n"])

    wrote = await written.ask(OPENED)

    assert written.streamed == "x = 1\nprint(x)\n"
    assert wrote.text == written.writer.last == "x = 1\nprint(x)"
    assert (wrote.new_tokens, wrote.prompt_tokens, wrote.finish) == (4, 10, "stop")
    assert wrote.prompt_hash == prompt_hash(OPENED)
    assert (written.ledger.model_calls, written.ledger.new_tokens) == (1, 4)
    assert written.model.left == 0


async def test_text_stays_as_it_is() -> None:
    written = Written(["One.\n```\nAnswer: 2"])

    wrote = await written.ask(BARE, language="")

    assert wrote.text == "One.\n```\nAnswer: 2"


async def test_model_is_stopped_when_its_own_fence_closes() -> None:
    written = Written(["```python\nx = 1\n```\nThis program\nis long.\n"])

    wrote = await written.ask(BARE)

    assert wrote.text == "x = 1"
    assert "long" not in written.streamed
    assert written.model.left == 1
    assert wrote.new_tokens == 3


async def test_syntax_error_is_taken_back_before_its_line() -> None:
    written = Written(["x = 1\nconst y = 2;\nprint(x + y)\n", "y = 2\nprint(x + y)\n"])

    wrote = await written.ask(OPENED)

    again = written.model.requests[1]
    assert again.opening == "```python\nx = 1\n"
    assert again.avoid == "const y = 2;"
    assert again.messages == OPENED.messages
    assert wrote.text == "x = 1\ny = 2\nprint(x + y)"
    assert wrote.went_back == 1
    assert written.model.left == 1


async def test_tokens_of_thrown_lines_count() -> None:
    written = Written(["x = 1\nconst y = 2;\nprint(x)\n", "y = 2\nprint(x + y)\n"])

    wrote = await written.ask(OPENED)

    # Two pieces before the model was stopped, six words after.
    assert wrote.new_tokens == written.ledger.new_tokens == 2 + 6
    assert written.model.requests[1].max_tokens == 100 - 2


async def test_line_is_thrown_away_at_most_twice() -> None:
    bad = "x = 1\nlet y = 2\n"
    written = Written([bad, bad.removeprefix("x = 1\n"), "let y = 2\nprint(y)\n"])

    wrote = await written.ask(OPENED)

    assert wrote.went_back == 2
    assert wrote.text == "x = 1\nlet y = 2\nprint(y)"
    assert written.model.is_finished


async def test_kept_part_ends_before_the_first_of_equal_bad_lines() -> None:
    # The line is right the first time, in a text over several lines.
    written = Written(['x = """\nlet y\n"""\nlet y\nprint(x)\n', "y = x\n"])

    wrote = await written.ask(OPENED)

    assert written.model.requests[1].opening == '```python\nx = """\nlet y\n"""\n'
    assert wrote.text == 'x = """\nlet y\n"""\ny = x'


async def test_error_may_stand_before_the_last_line() -> None:
    written = Written(["z = 3\nx = [1\ny = 2\n", "x = [1]\n"])

    await written.ask(OPENED)

    assert written.model.requests[1].opening == "```python\nz = 3\n"
    assert written.model.requests[1].avoid == "x = [1"


async def test_beginning_of_ours_counts_as_program() -> None:
    request = Request(messages=BARE.messages, opening="```python\ndef f():\n")
    written = Written(["    return 1\n"])

    wrote = await written.ask(request)

    assert wrote.went_back == 0
    assert wrote.text == "    return 1"


@pytest.mark.parametrize(("language", "check"), [("javascript", True), ("python", False)])
async def test_lines_are_watched_in_python_and_on_request_alone(language: str, check: bool) -> None:
    written = Written(["let y = 2\nlet z = 3\n"])

    wrote = await written.ask(OPENED, language=language, check=check)

    assert (wrote.went_back, wrote.text) == (0, "let y = 2\nlet z = 3")


@pytest.mark.parametrize("text", ["", "\n\n"])
async def test_empty_answer_is_no_program(text: str) -> None:
    written = Written([text])

    assert (await written.ask(OPENED)).text == ""


async def test_tokens_asked_for_fit_into_the_budget() -> None:
    written = Written(["a = b + c\n", "f\n"], Budget(tokens=40))

    await written.ask(OPENED)
    await written.ask(OPENED)

    assert [request.max_tokens for request in written.model.requests] == [40, 35]


async def test_model_that_stalls_is_left_when_the_time_is_over() -> None:
    written = Written([None], Budget(seconds=0.03))

    wrote = await written.ask(OPENED)

    assert (wrote.finish, wrote.text) == ("time", "")
    assert wrote.seconds < 1
    assert written.model.stalled.is_set()
    assert written.model.left == 1


async def test_what_was_written_in_time_is_kept() -> None:
    written = Written(["x = 1\nlet y = 2\n", None], Budget(seconds=0.03))

    wrote = await written.ask(OPENED)

    assert (wrote.finish, wrote.text, wrote.went_back) == ("time", "x = 1", 1)


async def test_failure_of_the_model_is_raised() -> None:
    written = Written([ModelError("the prompt is too long")])

    with pytest.raises(ModelError, match="too long"):
        await written.ask(OPENED)


async def test_leaving_closes_the_answer_of_the_model() -> None:
    written = Written(["x = 1\nx = 2\nx = 3\n"])

    async with aclosing(written.writer.write(OPENED, "write", language="python")) as steps:
        async for _ in steps:
            break

    assert written.model.left == 1


async def test_cancellation_closes_the_answer_of_the_model() -> None:
    written = Written([None])

    async with anyio.create_task_group() as group:
        group.start_soon(written.ask, OPENED)
        await written.model.stalled.wait()
        group.cancel_scope.cancel()

    assert written.model.left == 1


async def test_same_request_is_known_when_nothing_is_left_to_chance() -> None:
    written = Written(["x = 1\n", "x = 2\n"])
    warm = Request(messages=BARE.messages, temperature=0.7)

    await written.ask(OPENED)
    await written.ask(warm)

    assert written.writer.has_asked(OPENED)
    assert not written.writer.has_asked(BARE)
    assert not written.writer.has_asked(warm)


async def test_costs_of_parts_are_added() -> None:
    whole = Completion(
        text="y = 2\n",
        prompt_tokens=30,
        reused_tokens=20,
        new_tokens=7,
        guessed_tokens=4,
        first_token_seconds=0.5,
    )
    written = Written(["let x\n", whole])

    wrote = await written.ask(OPENED)

    assert (wrote.prompt_tokens, wrote.reused_tokens) == (30, 20)
    assert (wrote.new_tokens, wrote.guessed_tokens, wrote.first_token_seconds) == (1 + 7, 4, 0.5)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("for i in range(3)\n", 1),
        ("x = 1\n  y = 2\n", 2),
        ("try:\n    x\ny = 1\n", 3),
        ("x = [1,\n(2\n]\n", 3),
        ("return 5\n", 1),
        ("x = 'abc\n", 1),
        ("function f(a) {\n", 1),
        ("x = 0777\n", 1),
        ("x = '\x0b'\nlet y\n", 2),
    ],
)
def test_line_that_is_no_syntax_is_found(source: str, line: int) -> None:
    assert bad_line(source) == line


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n\n",
        "x = (1,\n",
        "x = '''a\n",
        "x = f'''{a\n",
        "def f():\n    # comment\n",
        "@cache\n",
        "try:\n    x\n",
        "if a:\n    b\nelse:\n",
        "x = 1 + \\\n",
        "class A:\n\n    def f(self):\n",
        "match x:\n    case 1:\n",
        "x = {\n    'a': 1,\n",
        "print('\\d')\n",
        "from __future__ import annotations\n",
    ],
)
def test_beginning_of_a_program_may_go_on(source: str) -> None:
    assert bad_line(source) is None


@pytest.mark.parametrize(("size", "line"), [(MAX_SOURCE, 2), (MAX_SOURCE + 1, None)])
def test_very_long_text_is_not_parsed(size: int, line: int | None) -> None:
    end = "\nlet y\n"
    source = "#" * (size - len(end)) + end

    assert bad_line(source) == line


def test_deeply_nested_text_is_no_failure() -> None:
    assert bad_line("(" * 5000 + "\n") in (None, 1)


def test_request_has_a_hash_of_its_own() -> None:
    assert prompt_hash(OPENED) == prompt_hash(
        Request(messages=OPENED.messages, opening="```python\n", max_tokens=100)
    )
    assert prompt_hash(OPENED) != prompt_hash(BARE)
