"""The table of attacks by tier, for the documents: from the headers of the programs, without running any."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.support.attacks import Corpus
from tests.support.checklist import CONCERNS, ROWS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- attacks -->", "<!-- /attacks -->"
_SECURITY = ROOT / "tests" / "security"
#: The column of a folder of programs.
_FOLDERS = {
    "nsjail": "attacks",
    "deno": "attacks_js",
    "pyodide": "attacks_pyodide",
    "wasm": "attacks_wasm",
    "compilers": "attacks_compile",
    "docker": "attacks_docker",
}
_TESTS = "tests of their own"


class Program(NamedTuple):
    """An attack program.

    Attributes:
        name: Without the ending.
        tier: That it is run in.
        rows: Classes that it belongs to.
    """

    name: str
    tier: str
    rows: tuple[int, ...]


@cache
def own_programs() -> tuple[Program, ...]:
    """Return every program in the tier that it was written for."""
    return tuple(program for tier, folder in _FOLDERS.items() for program in _of(tier, _SECURITY / folder))


@cache
def programs() -> tuple[Program, ...]:
    """Return every program in every tier that it is run in."""
    left_out = set(_names_in(_SECURITY / "test_attacks_docker.py", "NOT_FOR_CONTAINERS"))
    of_jails = [one for one in own_programs() if one.tier == "nsjail" and one.name not in left_out]
    return (*own_programs(), *(one._replace(tier="docker") for one in of_jails))


@cache
def marked_tests() -> tuple[Program, ...]:
    """Return the tests that say which rows they are about, as if they were programs."""
    found = [_marked(path) for path in sorted(_SECURITY.glob("test_*.py"))]
    return tuple(test for tests in found for test in tests)


def missing(among: Iterable[Program], tests: Iterable[Program]) -> dict[int, tuple[str, ...]]:
    """Return the tiers for which a class has no program, though it concerns them, and no test of its own."""
    there = {(row, program.tier) for program in among for row in program.rows}
    by_test = {row for test in tests for row in test.rows}
    found = {
        row: tuple(tier for tier in tiers if (row, tier) not in there)
        for row, tiers in CONCERNS.items()
        if row not in by_test
    }
    return {row: tiers for row, tiers in found.items() if tiers}


def table() -> str:
    """Return the table as Markdown: a line for each class of the checklist, a column for each tier."""
    heads = ["", "class", *_FOLDERS, _TESTS]
    lines = [heads, ["---"] * len(heads)]
    for row, what in ROWS.items():
        tests = sorted({test.name for test in marked_tests() if row in test.rows})
        lines.append([str(row), what, *(_cell(row, tier) for tier in _FOLDERS), ", ".join(tests)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def count() -> str:
    """Return how many there are, as a sentence."""
    tiers = ", ".join(f"{sum(one.tier == tier for one in programs())} in {tier}" for tier in _FOLDERS)
    return (
        f"{len(own_programs())} programs: {tiers}. Those of nsjail run in sandboxes that were started each "
        "by itself and in forked ones, and most of them in containers, too."
    )


def section() -> str:
    """Return what stands between the markers."""
    return f"{BEGIN}\n{count()}\n\n{table()}\n{END}"


def replaced(page: str) -> str:
    """Return a page with the section brought up to date.

    Raises:
        ValueError: It has no markers.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no `{BEGIN}` and `{END}`")
    return before + section() + after


def main() -> None:
    """Write the section into the page."""
    PAGE.write_text(replaced(PAGE.read_text("utf-8")), "utf-8")


def _of(tier: str, folder: Path) -> Iterator[Program]:
    corpus = Corpus(folder, runtime=tier)
    for name in corpus.names():
        yield Program(name=name.partition(".")[0], tier=tier, rows=corpus.header(name).rows)


def _names(row: int, tier: str) -> list[str]:
    return sorted({one.name for one in programs() if one.tier == tier and row in one.rows})


def _cell(row: int, tier: str) -> str:
    names = _names(row, tier)
    if tier != "docker":
        return ", ".join(names)
    own = [name for name in names if any((one.name, one.tier) == (name, tier) for one in own_programs())]
    shared = len(names) - len(own)
    return ", ".join([*([f"{shared} of nsjail's"] if shared else []), *own])


def _names_in(path: Path, variable: str) -> Iterator[str]:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [variable]:
            yield from ast.literal_eval(node.value)


def _marked(path: Path) -> Iterator[Program]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rows":
            rows = tuple(ast.literal_eval(argument) for argument in node.args)
            yield Program(name=path.stem.removeprefix("test_"), tier=_TESTS, rows=rows)


if __name__ == "__main__":
    main()
