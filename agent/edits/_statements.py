"""Rules for statements: leave one out, move it, or take away what stands around it."""

import ast
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ._source import Change, Scope, Source


def another_jump(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Say `break` for `continue`, and the other way round."""
    if isinstance(node, ast.Break | ast.Continue):
        yield scope.source.replaced(node, "continue" if isinstance(node, ast.Break) else "break")


def without_condition(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Do one branch always."""
    if not isinstance(node, ast.If):
        return
    indentation = scope.source.indentation(node)
    if indentation is not None:
        for branch in (node.body, node.orelse):
            if branch:
                yield scope.source.replaced(node, _lines(scope.source, branch, indentation))


def in_or_out(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Move the last statement of a block out of it, and the next one into it."""
    source = scope.source
    for block in _blocks(node):
        for statement, following in zip(block, [*block[1:], None], strict=True):
            if not isinstance(statement, ast.For | ast.While | ast.If) or statement.orelse:
                continue
            outer, inner = source.indentation(statement), source.indentation(statement.body[0])
            if outer is None or inner is None:
                continue
            start, end = source.span(statement)
            head = source.data[start : source.span(statement.body[0])[0]].decode()
            *rest, last = statement.body
            if rest:
                moved = f"{head}{_lines(source, rest, inner)}\n{outer}{_lines(source, [last], outer)}"
                yield Change(start, end, moved)
            if following is not None and source.indentation(following) is not None:
                body = _lines(source, [*statement.body, following], inner)
                yield Change(start, source.span(following)[1], f"{head}{body}")


def another_sequence(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Do two statements the other way round."""
    source = scope.source
    for block in _blocks(node):
        for first, second in pairwise(block):
            indentation = source.indentation(first)
            if indentation is not None and source.indentation(second) is not None:
                start, end = source.span(first)[0], source.span(second)[1]
                yield Change(start, end, _lines(source, [second, first], indentation))


def without_statement(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Leave a statement out."""
    for block in _blocks(node):
        for statement in block:
            yield scope.source.replaced(statement, "pass")


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block


def _lines(source: Source, statements: Sequence[ast.stmt], indentation: str) -> str:
    """Write statements one below the other at a depth; the first begins where it is put."""
    return f"\n{indentation}".join(_moved(source, statement, indentation) for statement in statements)


def _moved(source: Source, statement: ast.stmt, indentation: str) -> str:
    first, *others = source.text(statement).split("\n")
    before = source.indentation(statement) or ""
    return "\n".join([first, *(indentation + line.removeprefix(before) for line in others)])
