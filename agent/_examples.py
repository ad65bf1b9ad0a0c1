"""Examples in the manner of a docstring, as assertions."""

import ast
import re
from collections.abc import Iterator

_MAX_EXAMPLES = 6
#: No example worth a test is longer.
_MAX_CHARACTERS = 1_000
_MAX_LINES = 20
_PROMPT = ">>>"
_ENDS = re.compile(r'"""|\'\'\'|\*/')
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)")
#: From so many digits on a number has been rounded for the reader.
_ROUNDED_DIGITS = 3


def examples_in(text: str, entry_point: str) -> str:
    """Return the examples of a docstring as assertions; empty when there are none that can be compared.

    What is printed, raised, or depends on an example before it cannot.

    Args:
        text: A question or a program with `>>> call` and its result in the next lines.
        entry_point: Calls of other functions are left out; empty takes all.
    """
    found: list[str] = []
    assigned: set[str] = set()
    for call, lines in _pairs(text):
        match = _ASSIGNED.match(call)
        if match:
            assigned.add(match[1])
            continue
        if entry_point and not call.startswith(f"{entry_point}("):
            continue
        assertion = _assertion(call, lines)
        if assertion and not assigned & _names(call) and assertion not in found:
            found.append(assertion)
    return "\n".join(found[:_MAX_EXAMPLES])


def _pairs(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each call with the lines that follow it, up to an empty one or the next call."""
    call, lines = "", list[str]()
    for line in [*text.splitlines(), ""]:
        bare = line.strip()
        begins = bare.startswith(_PROMPT)
        if call and (begins or not bare):
            yield call, lines
            call = ""
        if begins:
            call, lines = bare.removeprefix(_PROMPT).strip(), []
        elif call:
            lines.append(bare)


def _assertion(call: str, lines: list[str]) -> str:
    """Compare a call with as few of the lines as are an expression; empty if none is one that can be."""
    expression = _expression(call)
    if expression is None or not any(isinstance(node, ast.Call) for node in ast.walk(expression)):
        return ""
    if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name):
        if expression.func.id == "print":
            return ""
    for count in range(1, min(len(lines), _MAX_LINES) + 1):
        expected = _ENDS.split(" ".join(lines[:count]))[0].strip()
        value = _expression(expected)
        if value is not None:
            return _compared(call, expected, value, is_comparison=isinstance(expression, ast.Compare))
    return ""


def _compared(call: str, expected: str, value: ast.expr, *, is_comparison: bool) -> str:
    if expected == "True" and is_comparison:
        return f"assert {call}"
    if _is_literal(value):
        digits = len(expected.partition(".")[2]) if isinstance(value, ast.Constant) else 0
        if (
            isinstance(getattr(value, "value", None), float)
            and digits >= _ROUNDED_DIGITS
            and "e" not in expected
        ):
            return f"assert abs(({call}) - {expected}) < 0.6e-{digits}"
        return f"assert ({call}) == ({expected})"
    # `Decimal('1.5')` or `Point(x=1)`: what the interpreter prints.
    return f"assert repr({call}) == {expected!r}" if isinstance(value, ast.Call) else ""


def _expression(text: str) -> ast.expr | None:
    if "..." in text or len(text) > _MAX_CHARACTERS:
        return None
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _names(call: str) -> set[str]:
    expression = _expression(call)
    nodes = () if expression is None else ast.walk(expression)
    return {node.id for node in nodes if isinstance(node, ast.Name)}
