"""Objectives and constraints: coefficients, dicts by name, or text such as `"3x + 2y <= 18"`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from ._read import numbers, plain

_TERM = re.compile(
    r"\s*([+-]?)\s*(?:(\d+(?:\.\d+)?(?:/\d+)?)\s*\*?\s*([A-Za-z_]\w*)?|([A-Za-z_]\w*)\s*(?:\*\s*(\d+(?:\.\d+)?))?)\s*"
)
_SENSE = re.compile(r"<=|>=|==|=<|=>|≤|≥|=|<|>")
_SENSES = {"<=": "<=", "=<": "<=", "≤": "<=", "<": "<=", ">=": ">=", "=>": ">=", "≥": ">=", ">": ">="}
_OBJECTIVE = re.compile(r"^\s*(max|min)(?:imi[sz]e)?\b[\s:]*(?:[A-Za-z]\w*\s*=(?!=))?", re.IGNORECASE)
_EXAMPLE = '"3x + 2y <= 18" or ([3, 2], "<=", 18)'

#: Coefficients by the name of the variable; a list gives the indexes as names.
type Terms = dict[str | int, Fraction]
type Limit = tuple[Terms, str, Fraction]


def read_objective(objective: object) -> tuple[Terms, bool | None]:
    """Return the coefficients, and whether to maximise if the text says so."""
    objective = plain(objective)
    if not isinstance(objective, str):
        return read_terms(objective), None
    match = _OBJECTIVE.match(objective)
    if match is None:
        return read_terms(re.sub(r"^\s*\w+\s*=(?!=)", "", objective)), None
    return read_terms(objective[match.end() :]), match.group(1).lower() == "max"


def read_limit(limit: object) -> Limit:
    """Return a constraint with all variables on the left and a number on the right."""
    limit = plain(limit)
    if isinstance(limit, str):
        return _of_text(limit)
    if not isinstance(limit, Sequence) or len(limit) != 3:
        raise ValueError(f"a constraint must look like {_EXAMPLE}, not {limit!r}")
    left, sense, right = limit
    if isinstance(sense, int | float):
        sense, right = right, sense
    terms = read_terms(left)
    return terms, _sense(str(sense)), exact(right)


def read_terms(terms: object) -> Terms:
    """Return coefficients by name."""
    terms = plain(terms)
    if isinstance(terms, str):
        found, constant = _linear(terms)
        if constant:
            found["1"] = constant
        return found
    if isinstance(terms, Mapping):
        return {name if isinstance(name, str) else str(name): exact(value) for name, value in terms.items()}
    return {index: exact(value) for index, value in enumerate(numbers(terms, "coefficients", "[3, 2]"))}


def exact(value: object) -> Fraction:
    """Return a decimal number as it is written, not as the machine rounds it."""
    return Fraction(str(plain(value)))


def _of_text(text: str) -> Limit:
    senses = _SENSE.findall(text)
    if len(senses) != 1:
        raise ValueError(f"a constraint must look like {_EXAMPLE}, with one of <=, >=, ==, not {text!r}")
    left, right = _SENSE.split(text)
    terms, constant = _linear(left)
    others, other = _linear(right)
    for name, value in others.items():
        terms[name] = terms.get(name, Fraction(0)) - value
    return terms, _sense(senses[0]), other - constant


def _sense(text: str) -> str:
    return _SENSES.get(text.strip(), "==")


def _linear(text: str) -> tuple[Terms, Fraction]:
    """Return the coefficients and the constant of a sum."""
    terms: Terms = {}
    constant, place = Fraction(0), 0
    text = text.strip()
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None or match.end() == place:
            raise ValueError(f"cannot read {text[place:]!r}; write a sum such as 3x + 2y, without brackets")
        sign, digits, name, other, factor = match.groups()
        value = Fraction(digits or factor or 1) * (-1 if sign == "-" else 1)
        if name or other:
            terms[name or other] = terms.get(name or other, Fraction(0)) + value
        else:
            constant += value
        place = match.end()
    return terms, constant
