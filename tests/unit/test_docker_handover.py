"""What a container is handed: the order of its parts, and what stands in the script. Nothing is run here."""

import shlex
import subprocess

import pytest

from engine import File, Program
from policies import Limits, Policy
from runtimes.docker._handover import encode
from runtimes.docker._tar import TarReader

ODD = ("", " ", "-x", "$HOME", "`id`", "$(id)", "a'b\"c", "line\nend", "é", "*", "\\", "'; exit 3; '")


def handed(program: Program, policy: Policy | None = None) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    reader = TarReader(
        lambda _: True, lambda member, content: found.__setitem__(member.name.decode(), content or b"")
    )
    reader.feed(
        encode(
            program,
            policy or Policy(),
            mark="isorun-mark",
            file_name="main.py",
            command=("python3", "-B"),
            env={"ONE": "1"},
        )
    )
    return found


def script(program: Program, policy: Policy | None = None) -> str:
    return handed(program, policy)[".isorun/start"].decode()


def test_script_comes_last_and_everything_has_a_place_of_its_own() -> None:
    files = (File(name="sub/a", data=b"A"), File(name=".isorun", data=b"mine"))
    found = handed(Program(code="code", stdin=b"in", files=files))

    assert list(found)[-1] == ".isorun/start"
    assert found["work/sub/a"] == b"A"
    assert found["work/.isorun"] == b"mine"
    assert (found[".isorun/main.py"], found[".isorun/stdin"]) == (b"code", b"in")


@pytest.mark.parametrize("odd", ODD)
def test_arguments_and_variables_are_quoted(odd: str) -> None:
    text = script(Program(code="", args=(odd, "last"), env={"ODD": odd}))
    words = shlex.split(text, comments=False)

    at = words.index("exec", words.index("ulimit"))
    assert words[at + 1 : at + 6] == ["python3", "-B", "/tmp/.isorun/main.py", odd, "last"]
    assert f"ODD={odd}" in words
    subprocess.run(["sh", "-n"], input=text.encode(), check=True)  # reads it, and runs nothing


def test_variables_of_the_program_do_not_reach_the_supervisor() -> None:
    text = script(Program(code="", env={"options": "--to-command=x", "PATH": "/tmp/work"}))
    before, inside = text.split("( unset", 1)

    assert "export" not in before
    assert "export options=" in inside.split(")", 1)[0]


def test_shell_has_read_it_all_before_it_runs_any_of_it() -> None:
    text = script(Program(code=""))

    assert text.startswith("{\n")
    assert text.endswith("\n}\n")


def test_limits_of_a_process_are_those_of_the_policy() -> None:
    text = script(Program(code=""), Policy(limits=Limits(cpu_seconds=2.5, open_files=77, disk_mib=3)))

    assert "ulimit -f 6144; ulimit -n 77; ulimit -t 4\n" in text
