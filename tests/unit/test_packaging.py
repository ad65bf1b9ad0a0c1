"""What is shipped, and whether the promises and scripts that come with it hold together."""

import ast
import os
import re
import statistics
import subprocess
import zipfile
from pathlib import Path

import pytest
import uv

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("agent", "engine", "policies", "runtimes")
_TEST_NAME = re.compile(r"`(?P<file>\w+/test_\w+\.py)::(?P<test>\w+)`")
_ATTACKS = re.compile(r"\battacks? (?P<names>`\w+`(, `\w+`)*)")
_SPECIFICATION = (_ROOT / "SPECIFICATION.md").read_text(encoding="utf-8")
_PROMISES = [line for line in _SPECIFICATION.splitlines() if re.match(r"\| [A-Z]\d", line)]
_SCRIPTS = ("run", "test", "check")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [uv.find_uv_bin(), "build", "--wheel", "--quiet", "--out-dir", str(folder), str(_ROOT)]
    subprocess.run(command, check=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.mark.slow
def test_wheel_brings_exactly_our_four_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(_PACKAGES)


@pytest.mark.slow
@pytest.mark.parametrize("package", _PACKAGES)
def test_wheel_holds_every_file_of_a_package(wheel: zipfile.ZipFile, package: str) -> None:
    there = {str(path.relative_to(_ROOT)) for path in _files(_ROOT / package)}

    assert {name for name in wheel.namelist() if name.startswith(f"{package}/")} == there


@pytest.mark.slow
def test_wheel_offers_the_command_and_the_runtime(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]

    text = wheel.read(name).decode()

    assert "isorun = engine.cli:main" in text
    assert "nsjail = runtimes.nsjail:NsjailRuntime" in text


def test_median_module_has_at_most_200_lines() -> None:
    sizes = [
        len(path.read_text(encoding="utf-8").splitlines())
        for package in _PACKAGES
        for path in _files(_ROOT / package)
        if path.suffix == ".py"
    ]

    assert statistics.median(sizes) <= 200


def test_each_promise_names_a_test_or_says_pending() -> None:
    held = [_TEST_NAME, _ATTACKS, re.compile("`pending`")]

    assert len(_PROMISES) > 20
    assert [row for row in _PROMISES if not any(pattern.search(row) for pattern in held)] == []


def test_promises_are_numbered_without_repetition() -> None:
    numbers = [row.split()[1] for row in _PROMISES]

    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("named", sorted({match[0] for match in _TEST_NAME.finditer(_SPECIFICATION)}))
def test_test_named_in_the_specification_exists(named: str) -> None:
    file, _, test = named.strip("`").partition("::")

    assert test in _functions_in(_ROOT / "tests" / file)


def test_attacks_named_in_the_specification_exist() -> None:
    named = {
        name
        for row in _PROMISES
        for match in _ATTACKS.finditer(row)
        for name in re.findall(r"\w+", match["names"])
    }

    assert named
    assert named <= {path.stem for path in (_ROOT / "tests/security/attacks").glob("*.py")}


@pytest.mark.parametrize("name", _SCRIPTS)
def test_script_is_executable_and_parses(name: str) -> None:
    path = _ROOT / "scripts" / name

    assert os.access(path, os.X_OK)
    subprocess.run(["/bin/bash", "-n", path], check=True)


def _files(package: Path) -> list[Path]:
    return [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def _functions_in(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}
