"""Finding programs and answers in what a model wrote."""

import pytest

from agent._fences import answer_in, is_closed, program_in


def test_opened_fence_ends_at_the_closing_one() -> None:
    assert program_in("print(1)\n```\nThis prints 1.", opened=True) == "print(1)"


def test_opened_fence_that_never_closes_ends_with_the_text() -> None:
    assert program_in("\nx = 1\nprint(x)\n\n", opened=True) == "x = 1\nprint(x)"


def test_fence_that_a_model_opens_once_more_is_left_out() -> None:
    assert program_in("```python\nprint(1)\n```", opened=True) == "print(1)"


@pytest.mark.parametrize("text", ["", "```", "\n```\nI cannot do that.", "```\nNo."])
def test_fence_closed_at_once_holds_no_program(text: str) -> None:
    assert program_in(text, opened=True) == ""


def test_indentation_of_the_first_line_stays() -> None:
    assert program_in("    return 1\n", opened=True) == "    return 1"


def test_last_of_several_blocks_is_the_program() -> None:
    text = "First:\n```python\nx = 1\n```\nBetter:\n```py\nx = 2\n```\nDone."

    assert program_in(text, opened=False) == "x = 2"


@pytest.mark.parametrize("language", ["", "python", "c++", "objective-c", "c#", "python title=a.py"])
def test_block_of_any_language_is_found(language: str) -> None:
    assert program_in(f"So:\n```{language}\nx\n```", opened=False) == "x"


def test_text_without_fence_is_the_program() -> None:
    assert program_in("print(1)\n", opened=False) == "print(1)"


def test_block_that_never_closes_ends_with_the_text() -> None:
    assert program_in("So:\n```python\nx = 1\n", opened=False) == "x = 1"


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("", False),
        ("no fence", False),
        ("```", False),
        ("```\n", False),
        ("```python\n", False),
        ("```python\nx = 1\n", False),
        ("```python\nx = 1\n``", False),
        ("```python\nx = 1\n```", True),
        ("Here:\n```python\nx = 1\n```\nand", True),
        ("```python\nprint('```')\n", False),
    ],
)
def test_block_is_closed_by_a_fence_alone_on_its_line(text: str, closed: bool) -> None:
    assert is_closed(text) is closed


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("So it is.\nAnswer: 42", "42"),
        ("Answer: 1\nNo.\nAnswer: 2", "2"),
        ("The final answer is: **12 apples**.", "12 apples"),
        ("Answer: \\boxed{7}", "7"),
        ("Thus \\boxed{8} holds\nbecause.", "8"),
        ("Answer:\n", "Answer:"),
        ("One.\nTwo.\n\n", "Two"),
        ("", ""),
        ("``` \n", ""),
    ],
)
def test_answer_stands_after_its_word_in_a_box_or_last(text: str, answer: str) -> None:
    assert answer_in(text) == answer
