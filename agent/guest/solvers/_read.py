"""Reading what a program passes: lists, tuples, sets, dicts, arrays, text; errors show the form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NoReturn

from ._answer import Number, whole

_NUMBER = re.compile(r"[-+\u2212]?(?:\d{1,3}(?:,\d{3})+(?![\d])|\d+)?(?:\.\d+)?(?:[eE][-+]?\d+)?")
_IN_TEXT = re.compile(r"-?\d+(?:\.\d+)?")

type Label = int | str


def plain(value: object) -> object:
    """Return an array or a table as lists, an iterator as a list, anything else as it is."""
    for name in ("tolist", "to_dict"):
        method = getattr(value, name, None)
        if callable(method):
            return method()
    if isinstance(value, Iterable) and not isinstance(value, str | Sequence | Mapping | set | frozenset):
        return list(value)
    return value


def number(value: object, name: str, example: str = "5") -> Number:
    """Return a number; text such as `"$1,200"` or `"12 kg"` counts by its first one."""
    value = plain(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float | Fraction):
        return whole(float(value)) if value == value else _wrong(name, value, example)
    if isinstance(value, str):
        found = [text for text in _NUMBER.findall(value) if any(map(str.isdigit, text))]
        if found:
            return whole(float(found[0].replace(",", "").replace("\u2212", "-")))
    return _wrong(name, value, example)


def integer(value: object, name: str, example: str = "5") -> int:
    """Return a whole number."""
    found = number(value, name, example)
    if isinstance(found, float):
        _wrong(name, value, example)
    return int(found)


def numbers(values: object, name: str, example: str = "[3, 5, 8]") -> list[Number]:
    """Return numbers of a list, of the values of a dict, or of a text with commas or spaces."""
    values = plain(values)
    if isinstance(values, str):
        return [whole(float(text)) for text in _IN_TEXT.findall(values)]
    if isinstance(values, Mapping):
        values = list(values.values())
    if not isinstance(values, Sequence | set | frozenset):
        _wrong(name, values, example)
    ordered = sorted(values, key=str) if isinstance(values, set | frozenset) else values
    return [number(value, name, example) for value in ordered]


def flag(value: object, name: str) -> bool:
    """Return a yes or no; what is neither is an argument in the wrong place."""
    value = plain(value)
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise ValueError(f"{name} must be True or False, not {value!r}")


def integers(values: object, name: str, example: str = "[3, 5, 8]") -> list[int]:
    """Return whole numbers, as `numbers` does."""
    return [integer(value, name, example) for value in numbers(values, name, example)]


def matrix(rows: object, name: str, example: str = "[[0, 4], [4, 0]]") -> list[list[Number]]:
    """Return rows of the same length; a dict of rows, a dict of dicts, and lines of text are understood."""
    rows = plain(rows)
    if isinstance(rows, Mapping):
        rows = list(rows.values())
    if isinstance(rows, str):
        rows = [line for line in re.split(r"[\n;]", rows) if _IN_TEXT.search(line)]
    if not isinstance(rows, Sequence) or not rows:
        _wrong(name, rows, example)
    read = [numbers(row, name, example) for row in rows]
    if len({len(row) for row in read}) != 1:
        raise ValueError(
            f"the rows of {name} have different lengths: {[len(row) for row in read]}; like {example}"
        )
    return read


def names(values: object) -> list[Label] | None:
    """Return the names that a dict gives to its entries, or None if it is no dict."""
    return [label(key) for key in values] if isinstance(values, Mapping) else None


def label(value: object) -> Label:
    """Return the name of a thing; `"3"` and `3.0` are 3."""
    value = plain(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int):
        return int(value)
    text = str(value).strip()
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def same_length(**lists: Sequence[object]) -> None:
    """Raise unless all have as many entries."""
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ValueError(f"these need one entry for each thing: {text}")


def scaled(values: Iterable[Number]) -> tuple[list[int], int]:
    """Return decimal numbers as whole ones, and what they were multiplied with."""
    exact = [Fraction(str(value)) for value in values]
    factor = 1
    for value in exact:
        factor = factor * value.denominator // _common(factor, value.denominator)
    return [int(value * factor) for value in exact], factor


def _common(first: int, second: int) -> int:
    while second:
        first, second = second, first % second
    return first


def _wrong(name: str, value: object, example: str) -> NoReturn:
    raise ValueError(f"{name} must look like {example}, not {str(value)[:80]!r} ({type(value).__name__})")
