"""Look at a program before it runs: what is wrong for certain, and what can be put right by rule."""

import ast
import shutil
import sys
from pathlib import Path
from typing import NamedTuple, override

import msgspec

from engine import EngineError
from engine._process import run_tool

from ._helpers import arguments_by_name, missing_imports
from ._question_data import NO_DATA, QuestionData
from ._writing import MAX_SOURCE

_LINT_SECONDS = 10.0
#: Errors that are errors for certain. Unused names and the like are no reason to write a program again.
_RULES = "E9,F63,F7,F821,F822,F823"

#: Names that programs use without importing them, and what brings them.
_IMPORTS = {
    **{name: f"import {name}" for name in ("math", "re", "itertools", "collections", "functools", "heapq")},
    **{name: f"import {name}" for name in ("random", "statistics", "string", "json", "sys", "os", "bisect")},
    **{
        name: f"import {name}"
        for name in ("datetime", "fractions", "decimal", "operator", "calendar", "copy")
    },
    **{name: f"import {name}" for name in ("time", "textwrap", "csv", "hashlib", "sympy", "scipy")},
    "np": "import numpy as np",
    "numpy": "import numpy",
    "pd": "import pandas as pd",
    "nx": "import networkx as nx",
    "sp": "import sympy as sp",
    "plt": "import matplotlib.pyplot as plt",
    **{name: f"from math import {name}" for name in ("sqrt", "ceil", "floor", "gcd", "lcm", "comb", "perm")},
    **{name: f"from math import {name}" for name in ("factorial", "pi", "log", "sin", "cos", "tan", "isqrt")},
    **{name: f"from math import {name}" for name in ("prod", "inf", "hypot", "radians", "degrees", "exp")},
    **{
        name: f"from itertools import {name}" for name in ("permutations", "combinations", "product", "chain")
    },
    **{name: f"from itertools import {name}" for name in ("accumulate", "groupby", "islice", "zip_longest")},
    "combinations_with_replacement": "from itertools import combinations_with_replacement",
    **{
        name: f"from collections import {name}" for name in ("Counter", "defaultdict", "deque", "OrderedDict")
    },
    "namedtuple": "from collections import namedtuple",
    **{name: f"from functools import {name}" for name in ("reduce", "lru_cache", "cache", "cmp_to_key")},
    **{name: f"from heapq import {name}" for name in ("heappush", "heappop", "heapify")},
    **{name: f"from datetime import {name}" for name in ("date", "timedelta")},
    **{name: f"from bisect import {name}" for name in ("bisect_left", "bisect_right")},
    "Fraction": "from fractions import Fraction",
    "Decimal": "from decimal import Decimal",
    "Path": "from pathlib import Path",
    **{name: f"from typing import {name}" for name in ("List", "Dict", "Tuple", "Set", "Optional", "Any")},
    **{name: f"from typing import {name}" for name in ("Union", "Callable", "Iterable", "Iterator")},
}


class Finding(msgspec.Struct, frozen=True):
    """One line of the linter's report."""

    code: str | None
    message: str
    location: dict[str, int] | None = None

    @override
    def __str__(self) -> str:
        where = f" (line {self.location['row']})" if self.location else ""
        return f"{self.message}{where}"


class Looked(NamedTuple):
    """What looking at a program has brought.

    Attributes:
        program: As it should run.
        problems: What is wrong with it for certain.
        mended: What was put right.
        constant: It prints only what it was written with.
    """

    program: str
    problems: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    constant: bool = False


def look_at(program: str, language: str, *, helpers: bool, data: QuestionData = NO_DATA) -> Looked:
    """Check a program; blocks for some tens of milliseconds. Languages other than Python have compilers.

    Args:
        program: As it was written.
        language: Its own.
        helpers: Whether it may use the helper library.
        data: What it may take from the question by name.
    """
    if not program.strip():
        return Looked(program, ("there is no program",))
    if language != "python" or len(program) > MAX_SOURCE:
        return Looked(program)
    tree = _parsed(program)
    if isinstance(tree, str):
        return Looked(program, (tree,))
    named = arguments_by_name(program, tree) if helpers else program
    findings = lint(named)
    lines = [*_missing(named, findings, helpers=helpers), *data.missing_in(tree)]
    names = {line.rpartition(" ")[2].strip(",") for line in lines}
    left = [found for found in findings if not _is_mended(found, names, "\n".join(lines))]
    mended = lines if named == program else [*lines, "arguments are passed by name"]
    return Looked(_with_imports(named, tree, lines), tuple(map(str, left)), tuple(mended), is_constant(tree))


def _parsed(program: str) -> ast.Module | str:
    try:
        return ast.parse(program)
    except SyntaxError as error:
        where = "" if error.lineno is None else f" (line {error.lineno})"
        return f"SyntaxError: {error.msg}{where}"
    except (ValueError, MemoryError, RecursionError) as error:
        return f"{type(error).__name__}: the program cannot be parsed"


def lint(program: str) -> list[Finding]:
    """Return what ruff is certain about; nothing where it is not installed or fails."""
    tool = _ruff()
    if tool is None:
        return []
    command = [tool, "check", "--isolated", "--select", _RULES, "--output-format", "json", "--exit-zero"]
    try:
        text = run_tool(
            [*command, "--stdin-filename", "program.py", "-"],
            timeout_seconds=_LINT_SECONDS,
            stdin=program.encode("utf-8", "replace"),
        )
        return msgspec.json.decode(text, type=list[Finding])
    except (EngineError, msgspec.DecodeError):
        return []


def _ruff() -> str | None:
    beside = Path(sys.executable).with_name("ruff")
    return str(beside) if beside.is_file() else shutil.which("ruff")


def _missing(program: str, findings: list[Finding], *, helpers: bool) -> list[str]:
    """Return the import lines that a program lacks."""
    undefined = [name for name in map(_undefined, findings) if name]
    lines = [missing_imports(program)] if helpers else []
    lines += [_import_of(name, program) for name in undefined]
    return list(dict.fromkeys(line for line in lines if line))


def _with_imports(program: str, tree: ast.Module, lines: list[str]) -> str:
    """Put import lines at the beginning, or after imports from the future, which nothing may precede."""
    future = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    at = (future[-1].end_lineno or 0) if future else 0
    own = program.split("\n")
    return "\n".join([*own[:at], *lines, *own[at:]])


def _import_of(name: str, program: str) -> str:
    # `datetime.now()` wants the class, `datetime.datetime.now()` the module.
    if name == "datetime" and "datetime.datetime" not in program and "datetime.date(" not in program:
        return "from datetime import datetime"
    return _IMPORTS.get(name, "")


def _undefined(finding: Finding) -> str:
    """Return the name that the linter does not find defined."""
    return finding.message.split("`")[1] if finding.code == "F821" and "`" in finding.message else ""


def _is_mended(finding: Finding, names: set[str], lines: str) -> bool:
    name = _undefined(finding)
    return bool(name) and (name in names or name in lines.replace(",", " ").split())


_WORKING = (ast.For, ast.While, ast.BinOp, ast.comprehension, ast.arg, ast.Compare, ast.AugAssign)
#: These hand on what they are given.
_SHOWING = frozenset({"print", "str", "int", "float", "repr", "round"})


def is_constant(tree: ast.Module) -> bool:
    """Whether a program only prints what it was written with.

    It has no loop, no arithmetic and no parameter, and calls only what shows, and functions of its own kind.
    """
    nodes = list(ast.walk(tree))
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    return not any(isinstance(node, _WORKING) for node in nodes) and all(
        isinstance(call, ast.Name) and call.id in _SHOWING | own for call in calls
    )


def same_program(first: str, second: str) -> bool:
    """Whether two Python programs do the same by construction: equal up to comments and layout."""
    if len(first) > MAX_SOURCE or len(second) > MAX_SOURCE:
        return first == second
    one, other = _parsed(first), _parsed(second)
    if not isinstance(one, str) and not isinstance(other, str):
        try:
            return ast.dump(one) == ast.dump(other)
        except RecursionError:  # it can be nested more deeply than it can be written out
            pass
    return "".join(first.split()) == "".join(second.split())
