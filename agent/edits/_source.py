"""A program as text and as a tree, with what a rule may take from around the place that it changes."""

import ast
from collections.abc import Iterator
from typing import NamedTuple


class Change(NamedTuple):
    """Another text for a part of the program.

    Attributes:
        start: First byte that goes, in UTF-8.
        end: First byte that stays.
        text: What comes in its place.
    """

    start: int
    end: int
    text: str


class Source:
    """A program, by the places of its nodes.

    Raises:
        SyntaxError: It is no Python.
    """

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self.data = text.encode()
        self._lines = [0]
        for line in self.data.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        """Return the first byte of a node, and the first one after it."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._lines[node.lineno - 1] + node.col_offset, self._lines[end_line - 1] + end_column

    def text(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        """Return a node as it is written."""
        start, end = self.span(node)
        return self.data[start:end].decode()

    def operand(self, node: ast.expr) -> str:
        """Return an expression as it may stand beside an operator."""
        text = self.text(node)
        return text if isinstance(node, _CLOSED) else f"({text})"

    def line_of(self, place: int) -> int:
        """Return the number of the line in which a byte stands, from 1."""
        return self.data.count(b"\n", 0, place) + 1

    def indentation(self, statement: ast.stmt) -> str | None:
        """Return what stands before a statement on its line; None if that is another statement."""
        start, _ = self.span(statement)
        before = self.data[self.data.rfind(b"\n", 0, start) + 1 : start].decode()
        return None if before.strip() else before

    def replaced(self, node: ast.expr | ast.stmt | ast.keyword, text: str) -> Change:
        """Write something else in place of a node."""
        return Change(*self.span(node), text)

    def between(self, left: ast.expr, right: ast.expr, text: str) -> Change:
        """Write something else between two nodes."""
        return Change(self.span(left)[1], self.span(right)[0], text)


_CLOSED = (ast.Name, ast.Constant, ast.Call, ast.Subscript, ast.Attribute, ast.List, ast.Dict, ast.Set)


class Scope(NamedTuple):
    """A function, and what stands in it.

    Attributes:
        source: The program.
        names: Parameters and variables.
        numbers: Those written in it.
        strings: Those written in it; its description is none.
        conditions: Of its branches and loops.
    """

    source: Source
    names: tuple[str, ...]
    numbers: tuple[int | float, ...]
    strings: tuple[str, ...]
    conditions: tuple[ast.expr, ...]


type Function = ast.FunctionDef | ast.AsyncFunctionDef


def scope_of(source: Source, function: Function) -> Scope:
    """Collect what stands in a function."""
    nodes = list(nodes_of(function))
    every = function.args
    parameters = [one.arg for one in (*every.posonlyargs, *every.args, *every.kwonlyargs)]
    stored = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return Scope(
        source,
        names=tuple(dict.fromkeys([*parameters, *stored])),
        numbers=tuple(dict.fromkeys(numbers)),
        strings=tuple(dict.fromkeys(value for value in values if isinstance(value, str))),
        conditions=tuple(_conditions(nodes)),
    )


def body_of(function: Function) -> list[ast.stmt]:
    """Return the statements of a function without its description."""
    return function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body


def nodes_of(function: Function) -> Iterator[ast.AST]:
    """Yield all nodes in the statements of a function."""
    for statement in body_of(function):
        yield from ast.walk(statement)


def _conditions(nodes: list[ast.AST]) -> Iterator[ast.expr]:
    for node in nodes:
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield node.test
        elif isinstance(node, ast.comprehension):
            yield from node.ifs
