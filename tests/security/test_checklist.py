"""Every row of the checklist that concerns a runtime of ours or the engine has a test that names it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from . import test_attacks_deno, test_attacks_pyodide, test_attacks_wasm
from .test_attacks import ATTACKS, header

#: Classes of attacks by number; those that are missing concern other tiers.
ROWS = {
    1: "host files by path",
    2: "static imports, the module loader",
    3: "links and climbing out of writable folders",
    4: "magic links of /proc, a working folder left outside",
    5: "writing to the system or the interpreter",
    6: "devices, kernel switches, accounts",
    7: "core dumps",
    8: "outbound network, the host's loopback",
    9: "unix sockets, abstract and by path",
    10: "odd socket families, io_uring",
    11: "remote imports as a channel",
    12: "other processes: visible, traced, signalled",
    13: "secrets in environment, arguments, frames",
    14: "regaining privilege",
    15: "the kernel's surface, other ABIs",
    16: "loosening limits from inside",
    17: "terminal injection",
    18: "inherited descriptors",
    19: "memory shared between runs",
    20: "equal random streams and hash seeds",
    21: "residue between runs",
    22: "siblings at the same time",
    23: "fork bombs, zombies, threads",
    24: "memory, of every kind",
    25: "memory and descriptors of a process on a module's behalf",
    26: "disk: bytes and files",
    27: "cpu: one process and a tree",
    28: "wall time whatever the program does",
    29: "daemons",
    30: "stdout held open by a grandchild",
    31: "late work in a warm sandbox",
    32: "output floods",
    33: "bytes that are not text",
    34: "terminal escapes",
    35: "hostile exceptions and values",
    36: "forged result frames",
    37: "the harness patched from inside",
    38: "formats that execute while they are read",
    39: "exit codes taken for limits",
    40: "the control channel",
    41: "artefact links, races, FIFOs, sparse files",
    42: "archives of a guest",
    43: "input names given by the caller",
    44: "the compile step: includes, macros, compile-time execution, huge objects",
    45: "a crash of the runtime that takes others down",
    46: "faults of an engine that makes machine code",
    47: "what a container can be left by",
    48: "failing open",
    49: "a second door",
    50: "starving the supervisor",
}


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
