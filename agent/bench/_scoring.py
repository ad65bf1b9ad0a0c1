"""Whether the text of an answer is right, by the rule of its item's type.

The leniencies are the same for every arm.

- Numbers: the last one counts, in any way of writing (`_numbers`).
- Named values: the objective decides, which may be any number of the last line.
- Multiple choice such as `(B)`: the last line is `B`, ends with `(B)`, or names no other option.
- `yes`, `True`, `valid` and their opposites: the last line has the word and not its opposite, or has it last;
  case does not matter.
- Other strings: the whole answer or its last lines, as many as are wanted, without quotes, emphasis and a
  final full stop.
"""

import re
from fractions import Fraction
from typing import assert_never

import msgspec

from ._items import Item
from ._numbers import last_number, numbers, only_number

# Floating point leaves an integer by less than this.
_NOISE = Fraction(1, 10**6)
_MAX_CHARACTERS = 20_000
_OBJECTIVE = re.compile(r"\b(max\w*|minimum|minimi[sz]\w*|total|optimal|objective)\b", re.IGNORECASE)
_NO_SOLUTION = re.compile(
    r"\b(infeasible|unbounded|not feasible|no (optimum|maximum|minimum)|does not exist"
    r"|no\s+((best|optimal|feasible|finite|valid|such|possible)\s+)?solutions?)\b",
    re.IGNORECASE,
)
_OPTION = re.compile(r"\(([A-Z])\)")
_PAIRS = (frozenset({"yes", "no"}), frozenset({"true", "false"}), frozenset({"valid", "invalid"}))


def is_right(item: Item, answer: str) -> bool:
    """Whether the text answers an item that needs no program to be run.

    Raises:
        ValueError: The item is not of such a type.
    """
    answer = answer[-_MAX_CHARACTERS:]
    match item.answer_type:
        case "int" | "float":
            return _is_number(item, answer)
        case "named_floats":
            wanted = _objective(item)
            return any(_is_close(item, found, wanted) for found in numbers(last_line(answer)))
        case "no_solution":
            return _NO_SOLUTION.search(answer) is not None
        case "string":
            return _is_string(item.answer, answer)
        case "label":
            return item.answer == "either" or answer == item.answer
        case "latex" | "tests" | "io" | "task_json" | "verifier":
            raise ValueError(f"`{item.answer_type}` is not scored by its text")
        case _:
            assert_never(item.answer_type)


def last_line(text: str) -> str:
    """Return the last line with anything on it."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def _is_number(item: Item, answer: str) -> bool:
    found, wanted = last_number(answer), only_number(item.answer)
    return found is not None and wanted is not None and _is_close(item, found, wanted)


def _is_close(item: Item, found: Fraction, wanted: Fraction) -> bool:
    difference = abs(found - wanted)
    if item.answer_type == "float" and item.abs_tol is None and item.rel_tol is None:
        return difference <= max(_NOISE, _NOISE * abs(wanted))
    if item.abs_tol is not None and difference <= Fraction(item.abs_tol):
        return True
    if item.rel_tol is not None and difference <= Fraction(item.rel_tol) * abs(wanted):
        return True
    return difference <= _NOISE


def _objective(item: Item) -> Fraction:
    """Return the value of the last entry that names an optimum or total, else of the last entry."""
    named = msgspec.json.decode(item.answer, type=dict[str, float])
    objectives = [value for name, value in named.items() if _OBJECTIVE.search(name)]
    return Fraction((objectives or list(named.values()))[-1])


def _is_string(wanted: str, answer: str) -> bool:
    wanted, line = wanted.strip(), _bare(last_line(answer))
    tail = "\n".join(answer.strip().splitlines()[-len(wanted.splitlines()) :])
    if _bare(wanted) in (_bare(answer), _bare(tail)):
        return True
    if _OPTION.fullmatch(wanted):
        return _is_option(wanted, line)
    for pair in _PAIRS:
        if wanted.lower() in pair:
            return _is_word(wanted.lower(), pair, line)
    number = only_number(wanted)
    return number is not None and last_number(line) == number


def _is_option(wanted: str, line: str) -> bool:
    letter = wanted[1]
    if line in (letter, f"{letter})") or line.endswith(wanted):
        return True
    return set(_OPTION.findall(line)) == {letter}


def _is_word(wanted: str, pair: frozenset[str], line: str) -> bool:
    said = [word for word in re.findall(r"[a-z]+", line.lower()) if word in pair]
    return bool(said) and (set(said) == {wanted} or said[-1] == wanted)


def _bare(text: str) -> str:
    """Take off what models wrap around an answer."""
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    text = text.strip("*`").removesuffix(".").strip("*`")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return text.strip()
