"""Tests as a program: what is appended to a program to see whether it is right."""

import ast
import re

from ._writing import MAX_SOURCE

_DOCTEST = re.compile(r"^[ \t]*>>>[ \t]*(?P<call>.+)\n(?P<expected>(?:[ \t]*(?!>>>)\S.*\n?)+)", re.MULTILINE)
_ENDS = ('"""', "'''", "*/")
_MAX_EXAMPLES = 6


def tests_program(source: str, tests: str, language: str, nonce: str) -> str:
    """Return a program followed by its tests, whose value is `nonce` if the end is reached."""
    if language == "python":
        return f"{source}\n{telling(tests)}\n{nonce!r}\n"
    return f"{source}\n{tests}\n;{nonce!r}\n"


def telling(tests: str) -> str:
    """Have assertions of equality say what was found; what cannot be parsed stays as it is."""
    if len(tests) > MAX_SOURCE:
        return tests
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return tests
    return ast.unparse(ast.fix_missing_locations(_Telling().visit(tree)))


class _Telling(ast.NodeTransformer):
    """Gives `assert call == expected` a message with the source of the test and the value of the call."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:  # noqa: N802 (the name that `ast` calls)
        test = node.test
        if node.msg is not None or not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return node
        if not isinstance(test.ops[0], ast.Eq):
            return node
        found = ast.Name("_found", ast.Load())
        shown = ast.Call(ast.Name("repr", ast.Load()), [found], [])
        said = ast.BinOp(ast.Constant(f"{ast.unparse(test)[:300]} is false, the left side is "), ast.Add(), shown)
        test.left = ast.NamedExpr(ast.Name("_found", ast.Store()), test.left)
        node.msg = said
        return node


def examples_in(text: str, entry_point: str) -> str:
    """Return the examples of a docstring as assertions; empty when there are none that can be compared.

    Args:
        text: A question or a program with `>>> call` and its result in the next line.
        entry_point: Calls of other functions are left out; empty takes all.
    """
    found: list[str] = []
    for match in _DOCTEST.finditer(text):
        call = match["call"].strip()
        expected = match["expected"].strip().splitlines()[0].strip()
        if entry_point and not call.startswith(f"{entry_point}("):
            continue
        if expected.endswith(_ENDS):
            expected = expected[:-3].strip()
        assertion = f"assert {call}" if expected == "True" and "==" in call else f"assert ({call}) == ({expected})"
        if _is_code(assertion) and assertion not in found:
            found.append(assertion)
    return "\n".join(found[:_MAX_EXAMPLES])


def _is_code(text: str) -> bool:
    if "..." in text or len(text) > 1000:
        return False
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True
