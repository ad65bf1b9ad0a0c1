"""Every row of the checklist that concerns a runtime of ours or the engine has a test that names it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.checklist import ROWS

from . import test_attacks_deno, test_attacks_pyodide, test_attacks_wasm
from .test_attacks import ATTACKS, header

_CORPORA = (
    test_attacks_deno.CORPUS,
    test_attacks_pyodide.CORPUS,
    test_attacks_wasm.RUNNING,
    test_attacks_wasm.COMPILING,
)


def marked_rows(folder: Path) -> Iterator[int]:
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rows":
                yield from (ast.literal_eval(argument) for argument in node.args)


def test_every_row_has_a_test() -> None:
    covered = set(marked_rows(Path(__file__).parent))
    for name in ATTACKS:
        covered |= set(header(name).rows)
    for corpus in _CORPORA:
        for name in corpus.names():
            covered |= set(corpus.header(name).rows)

    assert {row: ROWS[row] for row in ROWS.keys() - covered} == {}
