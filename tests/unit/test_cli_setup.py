"""What `isorun setup` takes; real builds are in tests/integration/test_environments.py."""

from pathlib import Path

import pytest

from engine.cli import main
from engine.cli._parser import parse
from engine.cli._set_up import Wanted
from engine.cli.setup import wanted

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], Wanted([])),
        (["data"], Wanted(["data"])),
        (["data", "--npm", "a@1", "b"], Wanted(["data"], npm=["a@1", "b"])),
        (["--npm", "a", "--npm", "b", "--json"], Wanted([], npm=["a", "b"])),
        (["--npm"], Wanted([], npm=[])),
        (["--pyodide"], Wanted([], pyodide=[])),
        (["--pyodide", "numpy", "--npm", "a"], Wanted([], npm=["a"], pyodide=["numpy"])),
        (["--pyodide-from", "/wheels"], Wanted([], pyodide=[], pyodide_from="/wheels")),
        (["--wasm"], Wanted([], wasm=["c"])),
        (["--wasm", "rust"], Wanted([], wasm=["rust"])),
        (["data", "--wasm", "c", "rust"], Wanted(["data"], wasm=["c", "rust"])),
        (["--image"], Wanted([], images=[])),
        (["--image", "python", "--image", "go", "r"], Wanted([], images=["python", "go", "r"])),
        (["--pyodide", "x", "--pyodide-from", "/w"], Wanted([], pyodide=["x"], pyodide_from="/w")),
    ],
)
def test_arguments_say_what_is_wanted(arguments: list[str], expected: Wanted) -> None:
    assert wanted(parse(["setup", *arguments])) == expected


@pytest.mark.parametrize("name", ["../x", "jsr:@std/path", "a@file:x"])
def test_bad_package_name_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, name: str
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("ISORUN_CACHE_DIR", str(cache))

    code = main(["setup", "--npm", name])

    said = capsys.readouterr().err
    assert code == 2
    assert name in said
    assert "hint: " in said
    assert not cache.exists()


def test_image_that_there_is_not_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("ISORUN_CACHE_DIR", str(tmp_path / "cache"))

    code = main(["setup", "--image", "python", "cobol"])

    said = capsys.readouterr().err
    assert code == 2
    assert "`cobol`" in said
    assert "hint: there are base, python" in said
    assert not (tmp_path / "cache").exists()


def test_compiler_that_there_is_not_is_refused(capsys: Capture) -> None:
    assert main(["setup", "--wasm", "fortran"]) == 2

    assert "fortran" in capsys.readouterr().err
