"""Clauses of a formula, as signed numbers or as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ._read import Label, integer, label, plain

_EXAMPLE = '[[1, -2], [2, 3]] or "(x1 or not x2) and (x2 or x3)"'
_NAME = re.compile(r"(not\b|[~!¬-])?\s*([A-Za-z_]\w*|\d+)", re.IGNORECASE)
_OR = r"\bor\b|\||\u2228|\+|,|\bv\b"
#: What stands between clauses: outside of brackets only where there are any.
_AND = re.compile(r"\band\b|&&?|\u2227|;|\n|\*", re.IGNORECASE)


def read_clauses(clauses: object, variables: object = None) -> tuple[list[Label], list[list[int]]]:
    """Return the names of the variables and the clauses as signed numbers, counted from 1.

    Args:
        clauses: A list of clauses, or a text with all.
        variables: Names of all variables, or how many there are; None means those that occur.
    """
    literals = [_literals(clause) for clause in _split(plain(clauses))]
    seen = list(dict.fromkeys(name for clause in literals for name, _ in clause))
    everything = _everything(sorted(seen, key=_natural), plain(variables))
    place = {name: index + 1 for index, name in enumerate(everything)}
    return everything, [[sign * place[name] for name, sign in clause] for clause in literals]


def _split(clauses: object) -> list[object]:
    if isinstance(clauses, str):
        inside = re.findall(r"\(([^()]*)\)", clauses)
        return list(inside) if inside else [part for part in _AND.split(clauses) if part.strip()]
    if isinstance(clauses, Sequence):
        return [plain(clause) for clause in clauses]
    raise ValueError(f"clauses must look like {_EXAMPLE}, not {clauses!r}")


def _literals(clause: object) -> list[tuple[Label, int]]:
    if isinstance(clause, str):
        return [
            _literal(part)
            for part in re.split(_OR, clause.strip(" ()[]"), flags=re.IGNORECASE)
            if part.strip()
        ]
    if isinstance(clause, int):
        return [_literal(clause)]
    if not isinstance(clause, Sequence | set | frozenset | Mapping):
        raise ValueError(f"clauses must look like {_EXAMPLE}, not {clause!r}")
    if isinstance(clause, Mapping):
        return [(label(name), 1 if value else -1) for name, value in clause.items()]
    return [_literal(part) for part in clause]


def _literal(literal: object) -> tuple[Label, int]:
    """Return the variable and its sign; signed number, `"not x1"`, `"-x1"`, or `("x1", False)`."""
    if isinstance(literal, tuple | list) and len(literal) == 2:
        name, sign = literal
        return label(name), 1 if sign and sign != -1 else -1
    if isinstance(literal, int):
        if not literal:
            raise ValueError("0 is no variable; they are counted from 1, and -1 means not the first one")
        return abs(int(literal)), 1 if literal > 0 else -1
    match = _NAME.fullmatch(str(literal).strip(" ()"))
    if match is None:
        raise ValueError(f"clauses must look like {_EXAMPLE}, not {literal!r}")
    return label(match.group(2)), -1 if match.group(1) else 1


def _everything(seen: list[Label], variables: object) -> list[Label]:
    if variables is None:
        return seen
    if isinstance(variables, Sequence) and not isinstance(variables, str):
        given = [label(name) for name in variables]
    else:
        count = integer(variables, "variables", "7")
        prefixes = {match.group(1) for name in seen if (match := re.fullmatch(r"(.*?)\d+", str(name)))}
        prefix = prefixes.pop() if len(prefixes) == 1 else ""
        given = [label(f"{prefix}{index}") for index in range(1, count + 1)] if len(seen) < count else []
        given = (
            given if set(seen) <= set(given) else [f"another {index}" for index in range(count - len(seen))]
        )
    return sorted(dict.fromkeys([*seen, *given]), key=_natural)


def _natural(name: Label) -> tuple[str, int, str]:
    match = re.fullmatch(r"(.*?)(\d+)", str(name))
    return (match.group(1), int(match.group(2)), "") if match else (str(name), 0, "")
