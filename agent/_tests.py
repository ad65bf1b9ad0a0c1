"""Tests as a program: what is run to see whether another program is right.

A run that merely ends well proves nothing: the program may have ended its process before the tests. So the
run has to say a word that is drawn for it alone, after the last test. In Python the program is a module of
its own, imported by the file that holds the tests and the word, and that file is gone by then.

This proves that the tests were reached and that none of them raised. It does not prove that they meant
anything: a program shares its process with them, and one that is written to deceive can, by objects that are
equal to everything, by changing what the tests call, or by finding the word in the frames of the interpreter.
"""

import ast
from typing import override

from engine import File, Result

from ._writing import MAX_SOURCE

#: The module that a tested Python program becomes; `agent/guest/observe.py` knows it too.
CANDIDATE = "candidate.py"
_SHOWN = 300

_PYTHON = "import observe\nobserve.take(globals())\n{tests}\n{nonce!r}\n"
_C = """#define main program_main
#line 1
{source}
#undef main
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
int main(void) {{
{tests}
puts("\\n{nonce}");
return 0;
}}
"""
_SHELL = "{source}\nset -e\n{tests}\nprintf '\\n%s\\n' {nonce}\n"
#: Where the value of a program is its last expression.
_VALUED = {
    "python": _PYTHON,
    "javascript": "{source}\n{tests}\n;{nonce!r}\n",
    "typescript": "{source}\n{tests}\n;{nonce!r}\n",
}
#: Where the word is the last line that is printed.
_PRINTED = {
    "bash": _SHELL,
    "sh": _SHELL,
    "perl": '{source}\n;{tests}\n;print "\\n{nonce}\\n";\n',
    "c": _C,
    "cpp": _C,
}


def can_test(language: str) -> bool:
    """Whether tests of this language can be told to have been passed."""
    return language in _VALUED or language in _PRINTED


def with_tests(source: str, tests: str, language: str, nonce: str) -> tuple[str, tuple[File, ...]]:
    """Return a program that tests another one and says `nonce` at the end, with the files that it needs."""
    if language == "python":
        tests = telling(tests)
    template = _VALUED.get(language) or _PRINTED[language]
    code = template.format(source=source, tests=tests, nonce=nonce)
    if language != "python":
        return code, ()
    return code, (File(name=CANDIDATE, data=source.encode("utf-8", "replace"), read_only=True),)


def is_passed(result: Result, language: str, nonce: str) -> bool:
    """Whether all tests were passed: the run ended well, and has said the word."""
    if not result.ok:
        return False
    if language in _PRINTED:
        return result.stdout.rstrip("\n").rpartition("\n")[2] == nonce
    # `console.assert` prints and goes on.
    return bool(result.value == nonce) and (language == "python" or "Assertion failed" not in result.stderr)


def telling(tests: str) -> str:
    """Have assertions say what is wrong; what cannot be parsed stays as it is."""
    if len(tests) > MAX_SOURCE:
        return tests
    try:
        tree = ast.parse(tests)
        return ast.unparse(ast.fix_missing_locations(_Telling().visit(tree)))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return tests


class _Telling(ast.NodeTransformer):
    """Gives an assertion a message with its source, and of an equality the value of the left side."""

    @override
    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        if node.msg is not None:
            return node
        test = node.test
        said = f"{ast.unparse(test)[:_SHOWN]} is false"
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
            test.left = ast.NamedExpr(ast.Name("_found", ast.Store()), test.left)
            shown = ast.parse(f"repr(_found)[:{_SHOWN}]", mode="eval").body
            node.msg = ast.BinOp(ast.Constant(f"{said}, the left side is "), ast.Add(), shown)
        else:
            node.msg = ast.Constant(said)
        return node
