"""What can be said of an answer without asking who gave it: small checks, each a pure function.

A check that fails is a reason to write another program. Only strong checks make an answer verified, and none
of them reads what the program says about itself.
"""

import ast
import math
import re
from collections.abc import Sequence

from ._answers import number_of, numbers_in, stated_numbers
from ._question_data import NO_DATA, QuestionData
from ._steps import Check
from ._task import Task
from ._writing import MAX_SOURCE

_COUNTS = re.compile(r"\bhow many\b|\bnumber of\b", re.IGNORECASE)
_NOT_WHOLE = re.compile(
    r"how many (?:more |fewer |less |total )?(?:\w+ )?"
    r"(?:dollars|cents|euros|pounds|kg|kilograms|grams|ounces|liters|"
    r"litres|gallons|cups|miles|kilometers|km|meters|feet|inches|hours|minutes|seconds|days|weeks|months|years|"
    r"percent|calories|degrees|acres|tons|mg|ml)",
    re.IGNORECASE,
)
_PROBABILITY = re.compile(r"\bprobability\b|\bchance that\b", re.IGNORECASE)
#: Above this share of stated numbers a program has read the question; a number may be there for the story.
_READ_SHARE = 0.6
#: Of so few, none is.
_FEW = 3
#: Numbers that programs state in other ways: as a factor left out, a half, a dozen.
_TRIVIAL = {0.0, 1.0, 2.0}


def answer_checks(
    task: Task, program: str, answer: str, *, constant: bool, data: QuestionData = NO_DATA
) -> tuple[Check, ...]:
    """Check an answer that was computed: is it possible, and does the program stem from the question?"""
    checks = [_is_computed(constant=constant), _is_finite(answer), _bounds(task.question, answer)]
    if not task.files:
        checks.append(_has_read(task.question, program, data))
    if data.function:
        checks.append(_uses_all(program, data))
    return tuple(check for check in checks if check is not None)


def _is_computed(*, constant: bool) -> Check | None:
    if constant:
        return Check(name="computed", passed=False, detail="the program only prints what it was written with")
    return None


def _is_finite(answer: str) -> Check | None:
    word = answer.strip().casefold()
    if word in ("nan", "inf", "-inf", "none", "infinity", "[]", "{}", "null", "undefined"):
        return Check(name="finite", passed=False, detail=f"{answer} is no answer")
    return None


def _bounds(question: str, answer: str) -> Check | None:
    """A count is whole and not negative, a probability lies between 0 and 1."""
    number = number_of(answer)
    if number is None:
        return None
    if _PROBABILITY.search(question) and "%" not in answer and "percent" not in question.casefold():
        return Check(name="bounds", passed=0 <= number <= 1, detail=f"a probability of {answer}")
    last = question[max(question.rfind(".", 0, -1), question.rfind("\n", 0, -1), 0) :]
    if _COUNTS.search(last) and not _NOT_WHOLE.search(last):
        whole = number >= 0 and math.isclose(number, round(number), abs_tol=1e-6)
        return Check(name="bounds", passed=whole, detail=f"a count of {answer}")
    return None


def _has_read(question: str, program: str, data: QuestionData) -> Check | None:
    """The numbers of the question are in the program, those beside its data if they were read for it."""
    numbers = data.numbers_left if data.given else stated_numbers(question)
    stated = [number for number in numbers if number not in _TRIVIAL]
    if not stated:
        return None
    missing = _missing(stated, _literals(program))
    share = 1 - len(missing) / len(stated)
    named = ", ".join(f"{number:.15g}" for number in missing[:5])
    return Check(
        name="numbers",
        passed=not missing or (share >= _READ_SHARE and len(stated) > _FEW),
        detail=f"not in the program: {named}"
        if missing
        else "all numbers of the question are in the program",
    )


def _uses_all(program: str, data: QuestionData) -> Check:
    """All that was read of the question is used, by name or written once more."""
    unused = _unused(program, data, _literals(program))
    detail = f"not used: {', '.join(unused)}" if unused else "all data of the question are used"
    return Check(name="data", passed=not unused, detail=detail)


def overlooked(program: str, data: QuestionData) -> list[str]:
    """Return what a program leaves out of a question whose data were read: names, and numbers beside them."""
    literals = _literals(program)
    stated = [number for number in data.numbers_left if number not in _TRIVIAL]
    return [*_unused(program, data, literals), *map(str, _missing(stated, literals))]


def _unused(program: str, data: QuestionData, literals: set[float]) -> list[str]:
    unused = set(data.unused_in(program))
    return [
        given.name
        for given in data.given
        if given.name in unused and not (given.numbers and literals.issuperset(map(abs, given.numbers)))
    ]


def _literals(program: str) -> set[float]:
    if len(program) > MAX_SOURCE:
        return set(numbers_in(program))
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return set(numbers_in(program))
    found: set[float] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, int | float) and abs(node.value) < 1e300:
                found.add(float(node.value))
            elif isinstance(node.value, str):
                found.update(numbers_in(node.value))
    return {abs(number) for number in found}


def _missing(stated: Sequence[int | float], literals: set[float]) -> list[int | float]:
    return [number for number in stated if not _is_among(number, literals)]


def _is_among(number: float, literals: set[float]) -> bool:
    """Whether a number is stated, also as a share, a percentage or in cents."""
    return any(number * factor in literals for factor in (1, 0.01, 100, 10)) or any(
        math.isclose(number, literal, rel_tol=1e-9) or math.isclose(number / 100, literal, rel_tol=1e-9)
        for literal in literals
    )
