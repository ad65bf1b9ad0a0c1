"""Compare answers: numbers as numbers, words as words."""

import math
import re

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(rf"[-\u2212]?(?:{_DIGITS})(?:[eE][-+]?\d{{1,3}})?")
#: Rounding in another order of steps must not make two answers differ.
_SAME = 1e-6
#: Nor what is left of a difference that should be 0.
_ZERO = 1e-9


def numbers_in(text: str) -> list[float]:
    """Return the numbers of a text in order; thousands separators are read, units are not."""
    found: list[float] = []
    for match in _NUMBER.finditer(text):
        number = float(match[0].replace(",", "").replace("\u2212", "-"))
        if math.isfinite(number):
            found.append(number)
    return found


def number_of(answer: str) -> float | None:
    """Return the number that an answer is, if it is one number and perhaps a unit."""
    found = numbers_in(answer)
    if len(found) == 1:
        return found[0]
    return None


def same_answer(first: str, second: str) -> bool:
    """Whether two answers say the same."""
    one, other = number_of(first), number_of(second)
    if one is not None and other is not None:
        return _is_close(one, other)
    return _plain(first) == _plain(second) or _same_row(first, second)


def _same_row(first: str, second: str) -> bool:
    """Whether two answers are the same words with the same numbers between them, as lists are."""
    one, other = numbers_in(first), numbers_in(second)
    if len(one) != len(other) or _around_numbers(first) != _around_numbers(second):
        return False
    return all(map(_is_close, one, other))


def _around_numbers(text: str) -> str:
    return "".join(_plain(_NUMBER.sub("0", text)).split())


def _is_close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_SAME, abs_tol=_ZERO)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .\"'`()[]")


def readable(answer: str) -> str:
    """Write a whole number without `.0`, as a person would."""
    text = answer.strip()
    if re.fullmatch(r"-?\d+\.0+", text):
        return text.partition(".")[0]
    return text


def stated_numbers(question: str) -> list[float]:
    """Return the numbers that a question states in digits, each once, without those that are names."""
    text = re.sub(r"\b[A-Za-z_]+\d+\b|\b\d+(?:st|nd|rd|th)\b", " ", question)
    return list(dict.fromkeys(abs(number) for number in numbers_in(text)))
