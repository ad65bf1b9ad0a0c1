"""Divide a task into functions with declared inputs and outputs, each tested by its own example.

A plan that a small model makes of itself does more harm than good, so this comes only after repairs have
failed.
"""

import ast

import msgspec

from ._examples import examples_in
from ._writing import MAX_SOURCE

_MAX_PARTS = 4


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One function of a plan.

    Attributes:
        name: Of the function.
        stub: Signature and docstring.
        tests: Its examples as assertions; may be empty.
    """

    name: str
    stub: str
    tests: str


def parts_of(plan: str) -> tuple[Part, ...]:
    """Read the functions that a plan declares; empty when it is no Python, or declares fewer than two."""
    if len(plan) > MAX_SOURCE:
        return ()
    try:
        tree = ast.parse(plan)
        parts = [
            _part(node) for node in tree.body if isinstance(node, ast.FunctionDef) and ast.get_docstring(node)
        ]
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return ()
    return tuple(parts[:_MAX_PARTS]) if len(parts) > 1 else ()


def _part(node: ast.FunctionDef) -> Part:
    document = ast.get_docstring(node) or ""
    empty = ast.FunctionDef(
        name=node.name,
        args=node.args,
        body=[ast.Expr(ast.Constant(document))],
        decorator_list=[],
        returns=node.returns,
        type_params=[],
    )
    stub = ast.unparse(ast.fix_missing_locations(empty))
    return Part(name=node.name, stub=stub, tests=examples_in(document + "\n", node.name))


def composed(parts: list[str], program: str) -> str:
    """Return the program with the functions that it calls before it."""
    return "\n\n".join([*parts, program])
