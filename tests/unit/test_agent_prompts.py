"""What the model is told."""

import re
from collections.abc import Callable

import pytest

from agent import Message, Request, Task
from agent._prompts import (
    FENCE_END,
    answer_request,
    helper_notes,
    opening,
    plan_request,
    program_request,
    program_tokens,
    repaired,
    review_request,
    route_request,
    solvers_import,
    text_request,
)
from engine import File

QUESTIONS = (
    Task(question="How many primes are below 100?"),
    Task(question="Sort {these}: \"a\", 'b' %s\n", files=(File(name="b.csv", data=b"secret"),)),
)
ASKERS: dict[str, Callable[[Task], Request]] = {
    "answer": lambda task: answer_request(task, "python", max_tokens=9),
    "answer in another language": lambda task: answer_request(task, "rust", max_tokens=9),
    "program": lambda task: program_request(task, "python", max_tokens=9),
    "text": lambda task: text_request(task, max_tokens=9),
    "route": route_request,
    "review": lambda task: review_request(task, "42"),
    "plan": lambda task: plan_request(task, max_tokens=9),
}


def beginning(request: Request) -> tuple[Message, ...]:
    return request.messages[: request.fixed]


def words(messages: tuple[Message, ...]) -> int:
    """Count at least as many tokens as a tokenizer would: words, signs, and each digit."""
    return sum(len(re.findall(r"\d|[A-Za-z]{1,8}|[^\w\s]|\n", message.text)) + 4 for message in messages)


@pytest.mark.parametrize("kind", ASKERS)
def test_beginning_is_the_same_for_all_questions(kind: str) -> None:
    first, second = (ASKERS[kind](task) for task in QUESTIONS)

    assert beginning(first) == beginning(second)
    assert beginning(first)
    assert first.messages[first.fixed :] != second.messages[second.fixed :]


@pytest.mark.parametrize("kind", ASKERS)
def test_beginning_is_short(kind: str) -> None:
    assert words(beginning(ASKERS[kind](QUESTIONS[0]))) < 400


@pytest.mark.parametrize("kind", ASKERS)
def test_question_follows_the_beginning(kind: str) -> None:
    request = ASKERS[kind](QUESTIONS[0])

    assert not any(QUESTIONS[0].question in message.text for message in beginning(request))
    assert QUESTIONS[0].question in request.messages[-1].text


@pytest.mark.parametrize("kind", ASKERS)
def test_content_of_files_is_in_no_request(kind: str) -> None:
    request = ASKERS[kind](QUESTIONS[1])

    assert not any("secret" in message.text for message in request.messages)


def test_names_of_files_are_told() -> None:
    request = answer_request(QUESTIONS[1], "python", max_tokens=9)

    assert "b.csv" in request.messages[-1].text


@pytest.mark.parametrize("ask", [answer_request, program_request])
def test_notes_stand_after_the_fixed_part(ask: Callable[..., Request]) -> None:
    notes = helper_notes(["f(x)  # Half of x"])

    bare = ask(QUESTIONS[0], "python", max_tokens=9)
    noted = ask(QUESTIONS[0], "python", notes, max_tokens=9)

    assert beginning(noted) == beginning(bare)
    assert notes in noted.messages[-1].text
    assert "f(x)" not in bare.messages[-1].text


def test_no_helpers_are_no_notes() -> None:
    assert helper_notes([]) == ""


@pytest.mark.parametrize(("language", "fence"), [("python", "```python\n"), ("rust", "```rust\n")])
def test_program_is_begun_for_the_model_and_ends_at_its_fence(language: str, fence: str) -> None:
    request = answer_request(QUESTIONS[0], language, max_tokens=9)

    assert request.opening == opening(language) == fence
    assert request.stop == (FENCE_END,)
    assert (request.temperature, request.max_tokens) == (0.0, 9)


@pytest.mark.parametrize(("kind", "choices"), [("route", ("code", "text")), ("review", ("yes", "no"))])
def test_decision_is_one_of_a_few_words(kind: str, choices: tuple[str, ...]) -> None:
    assert ASKERS[kind](QUESTIONS[0]).choices == choices


def test_program_that_is_to_be_mended_and_its_tests_are_shown() -> None:
    task = Task(question="Mend f.", wants="program", code="def f(): return 1\n", tests="assert f() == 2")

    request = program_request(task, "python", max_tokens=9)

    assert "```python\ndef f(): return 1\n```" in request.messages[-1].text
    assert "assert f() == 2" in request.messages[-1].text
    assert request.lookup


def test_tests_that_the_question_holds_are_not_told_twice() -> None:
    task = Task(question="Write f.\nassert f() == 2", wants="program", tests="assert f() == 2")

    text = program_request(task, "python", max_tokens=9).messages[-1].text

    assert text.count("assert f() == 2") == 1


def test_repair_goes_on_from_the_request() -> None:
    request = answer_request(QUESTIONS[0], "python", max_tokens=9)

    again = repaired(request, "print(1)", "python", "It failed.")

    assert again.messages[:-2] == request.messages
    assert again.messages[-2] == Message("assistant", "```python\nprint(1)\n```")
    assert again.messages[-1] == Message("user", "It failed.")
    assert (again.fixed, again.opening, again.stop, again.max_tokens) == (
        request.fixed,
        request.opening,
        request.stop,
        9,
    )
    assert again.lookup
    assert again.temperature == 0.0


@pytest.mark.parametrize("kind", ["route", "review"])
def test_long_question_is_cut_where_one_word_is_asked(kind: str) -> None:
    request = ASKERS[kind](Task(question="a" * 5000))

    assert len(request.messages[-1].text) < 2500


@pytest.mark.parametrize(
    ("characters", "tokens"), [(30, 768), (387, 769), (384, 768), (3000, 1640), (10_000, 2304)]
)
def test_program_may_be_longer_by_the_data_that_the_question_holds(characters: int, tokens: int) -> None:
    assert program_tokens(Task(question="x" * characters)) == tokens


def test_program_that_uses_helpers_begins_with_their_import() -> None:
    assert solvers_import(["tour", "knapsack"]) == "from solvers import tour, knapsack\n"
    assert solvers_import([]) == ""
