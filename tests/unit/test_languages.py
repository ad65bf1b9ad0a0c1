"""Which languages are offered, and which configured interpreters are refused."""

from pathlib import Path

import pytest

from engine import ConfigError, Interpreter
from runtimes.nsjail._languages import Language, find_languages


def test_python_is_always_there_and_started_without_a_command() -> None:
    assert find_languages({})["python"] == Language(None, ".py")


def test_shell_is_offered_by_its_absolute_path() -> None:
    shell = find_languages({})["sh"]

    assert shell.command in (("/usr/bin/sh",), ("/bin/sh",))


def test_configured_interpreter_is_taken_with_its_arguments() -> None:
    languages = find_languages({"mine": Interpreter(command=("/bin/sh", "-e"), suffix=".mine")})

    assert languages["mine"] == Language(("/bin/sh", "-e"), ".mine")


def test_configured_interpreter_replaces_a_built_in_one() -> None:
    languages = find_languages({"bash": Interpreter(command=("/bin/sh",))})

    assert languages["bash"].command == ("/bin/sh",)


@pytest.mark.parametrize(
    ("name", "command", "message"),
    [
        ("python", ("/bin/sh",), "Python is built in"),
        ("mine", (), "is empty"),
        ("mine", ("sh",), "is not below /usr"),
        ("mine", ("/etc/passwd",), "is not below /usr"),
        ("mine", ("/usr/../etc/passwd",), "is not below /usr"),
        ("mine", ("/usr/bin/no-such-interpreter",), "is not an executable file"),
    ],
)
def test_unusable_interpreter_is_refused_by_its_key(
    name: str, command: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=rf"`interpreters\.{name}\.command`: .*{message}"):
        find_languages({name: Interpreter(command=command)})


def test_link_out_of_the_visible_folders_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.symlink_to("/etc/passwd")

    with pytest.raises(ConfigError, match="is not below /usr"):
        find_languages({"mine": Interpreter(command=(str(program),))})
