"""Whether a question is thought about in code or in text, and in which language, by rules alone."""

import re
from typing import NamedTuple

from ._routing_kinds import COMPUTED, LANGUAGE
from ._routing_language import choose_language
from ._routing_rules import OPENINGS, QUANTITY, QUESTIONS, Rule, first_match, measures_in, numbers_in
from ._task import Route, Task

# The request itself stands at the beginning or at the end; between them there may be any amount of data.
_HEAD, _TAIL = 4_000, 1_000
# So few numbers can stand in a question of knowledge, such as a year and a rank.
_FEW_NUMBERS = 2
# Text that is quoted is what the request is about, not what it asks for. Short quotations are names.
_QUOTED = re.compile(r'"[^"\n]{25,}"|“[^”\n]{25,}”|«[^»\n]{25,}»')


class Routing(NamedTuple):
    """How a question is thought about.

    Attributes:
        route: None when no rule decides.
        language: Of the program, if there is going to be one.
        why: What decided, as the end of "the question ...".
    """

    route: Route | None
    language: str
    why: str


def route(task: Task) -> Routing:
    """Decide by rules alone; no model is asked."""
    language, language_reason = choose_language(task)
    chosen, reason = _of_task(task) or _of_question(_excerpt(task.question))
    if chosen == "code" and language_reason:
        reason = f"{reason}; {language_reason}"
    return Routing(chosen, language, reason)


def _of_task(task: Task) -> tuple[Route | None, str] | None:
    """Decide by what arrives with the question."""
    if task.wants == "program":
        return "code", "wants a program"
    if task.code:
        return "code", "comes with a program"
    if task.tests or task.entry_point:
        return "code", "comes with tests"
    if task.files:
        return "code", "comes with files"
    if task.language is not None:
        return "code", "names a programming language"
    return None


def _of_question(question: str) -> tuple[Route | None, str]:
    prose = _QUOTED.sub('""', question)
    found = (
        first_match(OPENINGS, question)
        or first_match(LANGUAGE, prose)
        or first_match(COMPUTED, prose)
        or first_match(COMPUTED, question)
    )
    if found is not None:
        return _taken(found)
    return _by_numbers(question, prose)


def _by_numbers(question: str, prose: str) -> tuple[Route | None, str]:
    """Decide by how much there is to compute with, where the kind of request is not known."""
    numbers = numbers_in(question)
    if numbers and QUANTITY.search(question):
        return "code", "asks for a quantity and gives numbers"
    if numbers > _FEW_NUMBERS:
        return "code", "works with several numbers"
    found = first_match(QUESTIONS, question)
    if found is None or (found.route == "text" and measures_in(prose)):
        return None, "no rule knows this kind of request"
    return _taken(found)


def _taken(rule: Rule) -> tuple[Route | None, str]:
    return rule.route, rule.reason


def _excerpt(question: str) -> str:
    if len(question) <= _HEAD + _TAIL:
        return question
    return f"{question[:_HEAD]}\n{question[-_TAIL:]}"
