import json
from pathlib import Path

import pytest

from engine.cli import main
from policies import load, preset_names, schema_text

Capture = pytest.CaptureFixture[str]


def test_list_has_a_line_for_each_preset(capsys: Capture) -> None:
    assert main(["policy", "list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == preset_names()
    assert all(len(line.split()) > 3 for line in lines)


def test_list_is_available_as_json(capsys: Capture) -> None:
    main(["policy", "list", "--json"])

    listed = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in listed] == preset_names()
    assert listed[0]["policy"]["limits"]["wall-seconds"] > 0


@pytest.mark.parametrize("name", preset_names())
def test_shown_preset_can_be_saved_and_used(capsys: Capture, tmp_path: Path, name: str) -> None:
    main(["policy", "show", name])
    (tmp_path / "copy.toml").write_text(capsys.readouterr().out)

    assert load(tmp_path / "copy.toml") == load(name)
    assert main(["policy", "show", str(tmp_path / "copy.toml")]) == 0


def test_show_as_json_has_the_defaults(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[limits]\npids = 3\n")

    main(["policy", "show", str(tmp_path / "p.toml"), "--json"])

    limits = json.loads(capsys.readouterr().out)["limits"]
    assert (limits["pids"], limits["wall-seconds"]) == (3, 30.0)


def test_bad_policy_file_is_refused_with_file_and_key(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text("[limits]\npids = 0\n")

    assert main(["policy", "show", str(path)]) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert str(path) in captured.err
    assert "limits.pids" in captured.err


def test_shown_file_cannot_steer_the_terminal(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("# a\u009b2J\u202e\n")

    main(["policy", "show", str(tmp_path / "p.toml")])

    assert capsys.readouterr().out == "# a\\x9b2J\\u202e\n"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_schema_is_json(capsys: Capture, options: list[str]) -> None:
    main(["policy", "schema", *options])

    assert capsys.readouterr().out == schema_text()
