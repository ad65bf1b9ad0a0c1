"""Numbers in text as people and models write them, read exactly."""

import re
from fractions import Fraction

# An answer ends with its number; what stands far before cannot be it, and a long text must not cost much.
MAX_CHARACTERS = 2_000

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
# Exponents of three digits at most: `1e999999999` would be a number that fills the memory.
_DECIMAL = rf"(?:{_DIGITS}(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{{1,3}}(?!\d))?"
# A sign that follows a digit or a word is an operator or a hyphen; digits in a word are part of a name.
_NUMBER = re.compile(rf"(?<![\w.])(?P<sign>[-+]?)(?P<top>{_DECIMAL})(?:/(?P<bottom>\d+(?:\.\d+)?))?")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*(-?[\d.,]+)\s*\}\s*\{\s*([\d.,]+)\s*\}")
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_MINUS = str.maketrans(dict.fromkeys("\u2212\u2012\u2013\ufe63\uff0d", "-") | {"\u00a0": " ", "\u202f": ""})


def numbers(text: str) -> list[Fraction]:
    r"""Return the numbers of a text in order.

    Commas between groups of three digits, `$`, `%` (which divides nothing), fractions as `3/4` or
    `\frac{3}{4}`, the minus signs of Unicode, and `1.5e3` are understood. If there is a `\boxed{}`, the last
    one is all that counts.
    """
    plain = _plain(text[-MAX_CHARACTERS:])
    boxed = _BOXED.findall(plain)
    found = [_value(match) for match in _NUMBER.finditer(boxed[-1] if boxed else plain)]
    return [value for value in found if value is not None]


def last_number(text: str) -> Fraction | None:
    """Return the last number of a text."""
    found = numbers(text)
    return found[-1] if found else None


def only_number(text: str) -> Fraction | None:
    """Return the number that the text is; None if it says anything else."""
    match = _NUMBER.fullmatch(_plain(text[:MAX_CHARACTERS]).strip())
    return None if match is None else _value(match)


def _plain(text: str) -> str:
    """Write the signs of LaTeX, currency and Unicode in one way."""
    text = text.translate(_MINUS).replace("{,}", ",").replace("\\!", "").replace("\\,", "")
    text = _FRACTION.sub(r" \1/\2 ", text)
    return re.sub(r"\\?[$%\u20ac\u00a3]", "", text)


def _value(match: re.Match[str]) -> Fraction | None:
    try:
        top = Fraction(match["top"].replace(",", ""))
        value = top / Fraction(match["bottom"]) if match["bottom"] else top
    except (ValueError, ZeroDivisionError):
        return None
    return -value if match["sign"] == "-" else value
