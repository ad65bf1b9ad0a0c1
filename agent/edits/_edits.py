"""All edits of a program, the likeliest slips first."""

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import _expressions, _statements
from ._source import Change, Scope, Source, body_of, nodes_of, scope_of

#: More are not worth their time.
MAX_EDITS = 1_500
#: A program with more characters has more places than can be tried.
_MAX_SOURCE = 20_000
_SHOWN = 100

type _Rule = Callable[[ast.AST, Scope], Iterator[Change]]
#: In the order in which they are tried. Where several edits pass, an earlier one is preferred.
_RULES: tuple[_Rule, ...] = (
    _expressions.another_name,
    _expressions.another_comparison,
    _expressions.another_operator,
    _expressions.another_logic,
    _expressions.another_function,
    _expressions.another_constant,
    _expressions.another_order,
    _expressions.one_part,
    _expressions.another_slice,
    _expressions.another_range,
    _expressions.fewer_arguments,
    _expressions.another_way_to_sort,
    _expressions.one_more_condition,
    _statements.without_condition,
    _statements.in_or_out,
    _statements.another_sequence,
    _statements.without_statement,
    _statements.another_jump,
    _expressions.one_off,
)


class Edit(NamedTuple):
    """One small change.

    Attributes:
        change: Where, and what comes there.
        before: The program as it was.
        program: As it is then.
    """

    change: Change
    before: str
    program: str

    @property
    def said(self) -> str:
        """What was changed, for a person: the first line that is another one now."""
        pairs = zip(self.before.splitlines(), [*self.program.splitlines(), ""], strict=False)
        for number, (old, new) in enumerate(pairs, 1):
            if old != new and old.strip() == new.strip():
                return f"line {number}: `{old.strip()[:_SHOWN]}` stands at another depth"
            if old != new:
                return f"line {number}: `{old.strip()[:_SHOWN]}` becomes `{new.strip()[:_SHOWN]}`"
        return "the end is another one"


def edits_of(text: str) -> list[Edit]:
    """Return small edits of the functions in a program: at most `MAX_EDITS`, none if it is no Python."""
    if len(text) > _MAX_SOURCE:
        return []
    try:
        source = Source(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []
    seen = {text}
    edits: list[Edit] = []
    for change in _changes(source):
        program = (source.data[: change.start] + change.text.encode() + source.data[change.end :]).decode()
        if program not in seen:
            seen.add(program)
            edits.append(Edit(change, text, program))
        if len(edits) == MAX_EDITS:
            break
    return edits


def _changes(source: Source) -> Iterator[Change]:
    functions = [
        node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    scopes = [(function, scope_of(source, function)) for function in functions]
    for rule in _RULES:
        for function, scope in scopes:
            # Its own statements are a block as well, but for the description.
            yield from rule(ast.Module(body_of(function), []), scope)
            for node in nodes_of(function):
                yield from rule(node, scope)
