"""What the model is told. The beginnings never change, so that they are read once and kept.

Short on purpose: a small model reads some tens of tokens a second, and long instructions do not make it
better.
"""

from collections.abc import Sequence

from ._model import Message, Request
from ._task import Task

_CODE = """You write short {language} programs that compute the answer to a question.
Copy every number from the question. Compute step by step with named variables. Do not guess.
Print only the final answer. No input, no files, no comments, no explanation."""

_EXAMPLES = (
    Message(
        "user",
        "A ferry carries 84 cars a trip and makes 9 trips a day. A ticket costs $12.50 and one car in 7 "
        "rides free. How much does the ferry earn in 30 days?",
    ),
    Message(
        "assistant",
        "```python\ncars_per_day = 84 * 9\npaying_cars = cars_per_day - cars_per_day / 7\n"
        "earned_per_day = paying_cars * 12.50\nprint(earned_per_day * 30)\n```",
    ),
    Message(
        "user",
        "Rosa has 3 times as many stamps as Ivo, who has 18 fewer than Max. Max has 45. Rosa sells a quarter "
        "of hers for $0.80 each and shares the money equally with 3 friends. How much does each of the four "
        "get?",
    ),
    Message(
        "assistant",
        "```python\nmax_stamps = 45\nivo_stamps = max_stamps - 18\nrosa_stamps = 3 * ivo_stamps\n"
        "sold = rosa_stamps / 4\nmoney = sold * 0.80\nprint(money / 4)\n```",
    ),
    Message("user", "Which word has the most vowels: onion, queue, or idea?"),
    Message(
        "assistant",
        '```python\nwords = ["onion", "queue", "idea"]\n'
        'print(max(words, key=lambda word: sum(letter in "aeiou" for letter in word)))\n```',
    ),
)

_FUNCTION = """You write correct {language} code.
Tests and examples show what is wanted: names, parameters, and what is returned. Read them first.
Answer with one complete code block: no comments, no explanation."""

_TEXT = """You are a helpful assistant. Think step by step. \
The last line of your reply is `Answer: ` and the final answer
alone, one of the options if there are any."""
_STEP_BY_STEP = "Let's think step by step."

_ROUTE = """Decide how a request is answered best: \
`code` if a program can compute the answer, `text` if it is about
language, meaning or opinion."""

_REVIEW = (
    """You check answers. Is the answer plausible for the question: right kind, right size, right unit?"""
)

_PLAN = """You divide a task into two to four small Python functions. \
For each write only the signature with types and
a docstring that holds one sentence and one example as `>>> call` and its result. No bodies."""

_NAMES = {
    "python": "Python",
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "c": "C",
    "cpp": "C++",
    "rust": "Rust",
    "bash": "Bash",
    "java": "Java",
    "go": "Go",
    "r": "R",
    "ruby": "Ruby",
    "perl": "Perl",
}
#: A program that answers a question is short; a longer one has lost its way. Data that are copied need more.
PROGRAM_TOKENS = 768
_MOST_COPIED_TOKENS = 1536
_CHARACTERS_PER_TOKEN = 3
#: Of a question in words; what is longer holds data.
_WORDS_TOKENS = 128
TEXT_TOKENS = 640
#: A program is over when its fence is closed; what a model says after that costs time and is not read.
FENCE_END = "\n```"


def opening(language: str) -> str:
    """Return the beginning of an answer that is a program, so that the model cannot chat first."""
    return f"```{language}\n"


def answer_request(task: Task, language: str, notes: str = "", *, max_tokens: int) -> Request:
    """Ask for a program that prints the answer.

    Args:
        task: The question.
        language: Of the program.
        notes: What the model should know beside the question, such as functions that it may call.
        max_tokens: At most so many.
    """
    system = Message("system", _CODE.format(language=_name(language)))
    examples = _EXAMPLES if language == "python" else ()
    return Request(
        messages=(system, *examples, Message("user", _asked(task, notes))),
        fixed=1 + len(examples),
        opening=opening(language),
        max_tokens=max_tokens,
        stop=(FENCE_END,),
        # What helpers are called with is copied from the question.
        lookup=bool(notes),
    )


def program_request(task: Task, language: str, notes: str = "", *, max_tokens: int) -> Request:
    """Ask for the program that the task wants, or for its mending."""
    return Request(
        messages=(
            Message("system", _FUNCTION.format(language=_name(language))),
            Message("user", _wanted(task, language, notes)),
        ),
        fixed=1,
        opening=opening(language),
        max_tokens=max_tokens,
        stop=(FENCE_END,),
        lookup=bool(task.code),
    )


def program_tokens(task: Task) -> int:
    """Return how long a program may be: as long as usual, and more if the question has data to copy."""
    data = len(task.question) // _CHARACTERS_PER_TOKEN - _WORDS_TOKENS
    return PROGRAM_TOKENS + max(0, min(data, _MOST_COPIED_TOKENS))


def text_request(task: Task, *, max_tokens: int) -> Request:
    """Ask for an answer in words."""
    return Request(
        messages=(Message("system", _TEXT), Message("user", _asked(task, _STEP_BY_STEP))),
        fixed=1,
        max_tokens=max_tokens,
    )


def route_request(task: Task) -> Request:
    """Ask whether a program helps."""
    question = f"Request: {task.question[:2000]}\n\nWhich is better, `code` or `text`?"
    return Request(
        messages=(Message("system", _ROUTE), Message("user", question)),
        fixed=1,
        max_tokens=4,
        choices=("code", "text"),
    )


def review_request(task: Task, answer: str) -> Request:
    """Ask whether an answer is plausible."""
    question = f"Question: {task.question[:2000]}\n\nAnswer: {answer[:300]}\n\nPlausible?"
    return Request(
        messages=(Message("system", _REVIEW), Message("user", question)),
        fixed=1,
        max_tokens=4,
        choices=("yes", "no"),
    )


def plan_request(task: Task, *, max_tokens: int) -> Request:
    """Ask for the functions that a task could be made of."""
    return Request(
        messages=(Message("system", _PLAN), Message("user", _asked(task, ""))),
        fixed=1,
        opening=opening("python"),
        max_tokens=max_tokens,
        stop=(FENCE_END,),
    )


def repaired(request: Request, program: str, language: str, what_happened: str) -> Request:
    """Go on from a request whose program failed: the program, what happened, and one instruction."""
    said = f"{opening(language)}{program}{FENCE_END}"
    messages = (*request.messages, Message("assistant", said), Message("user", what_happened))
    return Request(
        messages=messages,
        fixed=request.fixed,
        opening=request.opening,
        max_tokens=request.max_tokens,
        stop=request.stop,
        lookup=True,
    )


def _asked(task: Task, notes: str) -> str:
    files = ", ".join(file.name for file in task.files)
    parts = [task.question.strip()]
    if files:
        parts.append(f"Files in the working folder: {files}")
    if notes:
        parts.append(notes)
    return "\n\n".join(parts)


def _wanted(task: Task, language: str, notes: str) -> str:
    parts = [task.question.strip()]
    if task.code:
        parts.append(f"{opening(language)}{task.code.strip(chr(10))}{FENCE_END}")
    if task.tests and task.tests.strip() not in task.question:
        parts.append(f"It has to pass these tests:\n{opening(language)}{task.tests.strip()}{FENCE_END}")
    if notes:
        parts.append(notes)
    return "\n\n".join(parts)


def helper_notes(stubs: Sequence[str]) -> str:
    """Return what is said about functions that exist already."""
    if not stubs:
        return ""
    listed = "\n".join(stubs)
    return f"These functions exist, call one of them, do not define it:\n```python\n{listed}\n```"


def solvers_import(functions: Sequence[str]) -> str:
    """Return the first line of a program that uses some of the helper library; empty without any.

    A small model that may begin otherwise writes such a function again, however clearly it is told not to.
    """
    return f"from solvers import {', '.join(functions)}\n" if functions else ""


def _name(language: str) -> str:
    return _NAMES.get(language, language)
