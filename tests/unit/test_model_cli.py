"""What `isorun model` prints and refuses; pulls are in test_model_pull.py."""

import json
import os
from pathlib import Path

import pytest

from agent.models._catalog import CATALOG, DEFAULT_MODEL, model_path
from agent.models._library import is_installed, library_folder
from agent.models._stored import note_path, part_path
from engine.cli import main

Capture = pytest.CaptureFixture[str]

MODEL = CATALOG["smollm2-135m"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache that the command uses, without any source of models."""
    monkeypatch.setenv("ISORUN_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


@pytest.fixture
def pulled(cache: Path) -> Path:
    """Something that looks like a pulled model, and takes no space."""
    path = model_path(cache, MODEL)
    path.parent.mkdir(parents=True)
    path.touch()
    os.truncate(path, MODEL.bytes)
    note_path(path).write_text(f"{MODEL.sha256}  {MODEL.file}\n")
    return path


def test_listing_says_what_is_here(pulled: Path, cache: Path, capsys: Capture) -> None:
    part = part_path(model_path(cache, CATALOG[DEFAULT_MODEL]))
    part.touch()
    os.truncate(part, CATALOG[DEFAULT_MODEL].bytes // 2)

    code = main(["model", "list"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[0].split() == ["NAME", "SIZE", "STATE", "PATH"]
    assert lines[1].split()[:5] == ["qwen2.5-coder-1.5b", "1066", "MiB", "partial", "(50"]
    assert lines[3].split() == ["smollm2-135m", "94", "MiB", "ready", str(pulled)]


def test_json_listing_has_all_facts(pulled: Path, capsys: Capture) -> None:
    main(["model", "list", "--json"])

    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert [name for name, entry in listed.items() if entry["default"]] == [DEFAULT_MODEL]
    assert listed["smollm2-135m"]["state"] == "ready"
    assert listed["smollm2-135m"]["bytes_here"] == MODEL.bytes
    assert listed["smollm2-135m"]["path"] == str(pulled)


def test_pull_of_a_model_that_is_here_prints_its_path(pulled: Path, capsys: Capture) -> None:
    code = main(["model", "pull", "smollm2-135m", "--no-library"])

    printed = capsys.readouterr()
    assert code == 0
    assert printed.out == f"{pulled}\n"
    assert printed.err == ""


def test_pull_can_print_json(pulled: Path, capsys: Capture) -> None:
    main(["model", "pull", "smollm2-135m", "--no-library", "--json"])

    assert json.loads(capsys.readouterr().out) == {"name": "smollm2-135m", "path": str(pulled)}


@pytest.mark.skipif(is_installed(), reason="llama_cpp is installed here")
def test_library_that_is_here_prints_its_folder(cache: Path, capsys: Capture) -> None:
    folder = library_folder(cache)
    (folder / "llama_cpp").mkdir(parents=True)

    code = main(["model", "library"])

    assert code == 0
    assert capsys.readouterr().out == f"{folder}\n"


def test_pull_without_a_source_fails_with_a_hint(cache: Path, capsys: Capture) -> None:
    code = main(["model", "pull", "smollm2-135m", "--from", "hub", "--no-library"])

    told = capsys.readouterr().err.splitlines()
    assert code == 4
    assert told[-2].startswith("error: `smollm2-135m` cannot be pulled: `http://127.0.0.1:1/")
    assert told[-1].startswith("hint: connect to the hub")


def test_error_can_be_json(cache: Path, capsys: Capture) -> None:
    code = main(["model", "pull", "gpt", "--json"])

    error = json.loads(capsys.readouterr().out)["error"]
    assert code == 4
    assert error["type"] == "ModelError"
    assert "`smollm2-135m`" in error["hint"]


def test_removing_says_what_it_gave_back(pulled: Path, capsys: Capture) -> None:
    code = main(["model", "remove", "smollm2-135m"])

    assert code == 0
    assert capsys.readouterr().err == "`smollm2-135m` is deleted: 94 MiB\n"
    assert not pulled.exists()


def test_removing_what_is_not_here_fails(cache: Path, capsys: Capture) -> None:
    assert main(["model", "remove", "smollm2-135m"]) == 4
    assert "is not here" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["", "disk", "HUB"])
def test_unknown_source_is_a_usage_error(cache: Path, source: str) -> None:
    assert main(["model", "pull", "--from", source]) == 2
