"""Fractions, Roman numerals and numbers in words."""

from __future__ import annotations

import re
from fractions import Fraction

from ._read import integer

_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
    (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_GROUPS = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))


def parse_fraction(text: object) -> Fraction:
    """An exact fraction from "3/4", "1 1/2", "0.125" or "12.5%".

    >>> parse_fraction("1 1/2") + parse_fraction("25%")
    Fraction(7, 4)
    """
    cleaned = str(text).strip().replace(",", "")
    percent = cleaned.endswith("%")
    parts = cleaned.rstrip("% ").split()
    if not parts or len(parts) > 2:
        raise ValueError(f'a fraction must look like "3/4" or "1 1/2", not {text!r}')
    try:
        value = sum((abs(Fraction(part)) for part in parts), Fraction(0))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f'a fraction must look like "3/4" or "1 1/2", not {text!r}') from error
    sign = -1 if cleaned.startswith("-") else 1
    return sign * value / (100 if percent else 1)


def roman(number: object) -> str:
    """A number from 1 to 3999 as a Roman numeral.

    >>> roman(1994)
    'MCMXCIV'
    """
    left = integer(number, "number", "1994")
    if not 0 < left < 4000:
        raise ValueError(f"only 1 to 3999 have a Roman numeral, not {left}")
    signs = ""
    for value, sign in _ROMAN:
        signs += sign * (left // value)
        left %= value
    return signs


def from_roman(numeral: str) -> int:
    """The number of a Roman numeral.

    >>> from_roman("MCMXCIV")
    1994
    """
    text = numeral.strip().upper()
    total, place = 0, 0
    for value, sign in _ROMAN:
        while text.startswith(sign, place):
            total, place = total + value, place + len(sign)
    if not text or place < len(text) or not re.fullmatch("[MDCLXVI]+", text):
        raise ValueError(f"{numeral!r} is no Roman numeral, such as XIV")
    return total


def number_to_words(number: object) -> str:
    """A whole number in English words, without "and".

    >>> number_to_words(342)
    'three hundred forty-two'
    """
    value = integer(number, "number", "342")
    if abs(value) >= 10**15:
        raise ValueError(f"only numbers below a thousand trillion, not {value}")
    return f"minus {_words(-value)}" if value < 0 else _words(value)


def _words(value: int) -> str:
    for size, name in _GROUPS:
        if value >= size:
            rest = value % size
            return f"{_words(value // size)} {name}" + (f" {_words(rest)}" if rest else "")
    if value < 20:
        return _ONES[value]
    tens, ones = divmod(value, 10)
    return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
