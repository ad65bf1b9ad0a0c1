"""The command as a process, where no jail is needed."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ISORUN = str(Path(sys.executable).with_name("isorun"))


def _isorun(*argv: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ISORUN, *argv],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
    )


@pytest.fixture
def empty_cache(tmp_path: Path) -> Mapping[str, str]:
    """A machine on which nothing is set up; nsjail is a file that does not exist."""
    return {"ISORUN_CACHE_DIR": str(tmp_path / "cache"), "ISORUN_NSJAIL": str(tmp_path / "nsjail")}


def test_version_is_one_line() -> None:
    done = _isorun("--version")

    assert done.returncode == 0
    assert done.stdout.startswith("isorun ")
    assert done.stderr == ""


def test_missing_nsjail_is_a_host_failure_with_a_hint(empty_cache: Mapping[str, str]) -> None:
    done = _isorun("run", "-c", "1", env=empty_cache)

    assert done.returncode == 4
    assert done.stdout == ""
    said = [line.partition(": ") for line in done.stderr.splitlines()]
    assert [kind for kind, _, _ in said] == ["error", "hint", "hint"]  # for jails, and for containers
    assert "nsjail" in said[1][2]


def test_missing_nsjail_is_one_object_with_json(empty_cache: Mapping[str, str]) -> None:
    done = _isorun("run", "-c", "1", "--json", env=empty_cache)

    assert done.returncode == 4
    assert done.stderr == ""
    assert json.loads(done.stdout)["error"]["type"] == "RuntimeUnavailableError"


def test_doctor_tells_what_is_missing(empty_cache: Mapping[str, str]) -> None:
    done = _isorun("doctor", "--json", env=empty_cache)

    found = json.loads(done.stdout)
    facts = {fact["name"]: fact for fact in found["facts"]}
    assert done.returncode == 4
    assert found["ok"] is False
    assert all(tier["fix"] for tier in found["tiers"])
    assert not facts["nsjail"]["ok"]
    assert "isorun setup" in facts["environments"]["fix"]


def test_environments_that_are_not_set_up_are_listed(empty_cache: Mapping[str, str]) -> None:
    done = _isorun("env", "list", "--json", env=empty_cache)

    assert done.returncode == 0
    assert [(entry["name"], entry["usable"]) for entry in json.loads(done.stdout)] == [
        ("base", False),
        ("data", False),
    ]


@pytest.mark.parametrize(
    "argv",
    [
        ["setup", "unknown"],
        ["setup", "../x"],
        ["env", "add", "mine"],
        ["env", "add", "data", "--wheels", "."],
        ["env", "add", "mine", "--requirements", "/missing.txt"],
        ["env", "remove", "base"],
        ["env", "remove", "unknown"],
    ],
)
def test_environment_that_cannot_be_is_refused(empty_cache: Mapping[str, str], argv: list[str]) -> None:
    done = _isorun(*argv, env=empty_cache)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("policy", "unknown-key = 1"),
        ("policy", "[limits]\nwall-seconds = 'soon'"),
        ("policy", "not toml"),
        ("config", "unknown-key = 1"),
        ("config", "[pool]\nwarm = -1"),
        ("config", "not toml"),
    ],
)
def test_malformed_file_is_refused_by_name(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "isorun" / "config.toml" if name == "config" else tmp_path / "policy.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    options = [] if name == "config" else ["--policy", str(path)]

    done = _isorun("run", "-c", "1", *options, env={"XDG_CONFIG_HOME": str(tmp_path)})

    assert done.returncode == 2
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr


def test_reader_that_leaves_ends_the_command_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run([ISORUN, "policy", "schema"], stdout=writing, stderr=subprocess.PIPE)

    os.close(writing)
    assert done.returncode == 141
    assert done.stderr == b""


def test_full_disk_is_told() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([ISORUN, "policy", "schema"], stdout=full, stderr=subprocess.PIPE, text=True)

    assert done.returncode == 4
    assert done.stderr == "error: stdout cannot be written: No space left on device\n"


@pytest.mark.parametrize("target", ["pipe without reader", "/dev/full"])
def test_error_that_cannot_be_told_still_has_its_exit_code(target: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    if target == "/dev/full":
        os.close(writing)
        writing = os.open(target, os.O_WRONLY)

    done = subprocess.run([ISORUN, "policy", "show", "unknown"], stderr=writing)

    os.close(writing)
    assert done.returncode == 2


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_descriptors_do_no_harm(closed: str) -> None:
    done = subprocess.run(["/bin/sh", "-c", f'"$0" policy list {closed}', ISORUN], capture_output=True)

    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_encoding_without_our_signs_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("# \u202e\u4e00\n")

    done = _isorun("policy", "show", str(tmp_path / "p.toml"), env={"PYTHONIOENCODING": "latin-1"})

    assert done.returncode == 0
    assert done.stdout == "# \\u202e\\u4e00\n"
