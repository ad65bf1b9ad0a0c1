"""The command as a process that runs real programs."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.jail, pytest.mark.slow]

ISORUN = str(Path(sys.executable).with_name("isorun"))
PRINTS_FOR_EVER = "while True: print('y' * 99, flush=True)"


@pytest.fixture(scope="module", autouse=True)
def _jail_works() -> None:
    done = subprocess.run([ISORUN, "doctor", "--json"], capture_output=True, text=True)
    found = json.loads(done.stdout)
    if not found["ok"]:
        pytest.skip("; ".join(f"{tier['name']}: {tier['reason']} ({tier['fix']})" for tier in found["tiers"]))


def _isorun(*argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([ISORUN, "run", *argv], capture_output=True, text=True, input=stdin)


def _descendants(pid: int) -> Iterator[Path]:
    """Yield the `/proc` folders of everything that a process has started."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found = parents.get(pid, [])
    for child in found:
        yield Path(f"/proc/{child}")
        found.extend(parents.get(child, []))


def _runs(folder: Path) -> bool:
    """Whether a process is there; a dead one that the system's first process has not reaped yet is not."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_program_prints() -> None:
    done = _isorun("-c", "import sys; print('out'); print('err', file=sys.stderr)")

    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "err\n")


def test_program_gets_arguments_input_and_variables(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("file")
    (tmp_path / "p.py").write_text(
        "import os, sys\nprint(sys.argv[1:], sys.stdin.read(), open('x/b.txt').read(), os.environ['A'])\n"
    )

    done = _isorun(
        str(tmp_path / "p.py"),
        *("--arg", "1", "--stdin", "text", "--env", "A=b", "--input", f"{tmp_path / 'a.txt'}:x/b.txt"),
        *("--", "--json"),
    )

    assert done.stdout == "['1', '--json'] text file b\n"


@pytest.mark.parametrize(
    ("code", "options", "returncode", "status"),
    [
        ("1", [], 0, "ok"),
        ("raise SystemExit(3)", [], 1, "error"),
        ("1 +", [], 1, "error"),
        ("import os; os.kill(os.getpid(), 11)", [], 1, "crashed"),
        ("while True: pass", ["--timeout", "0.5"], 3, "timeout"),
        ("x = bytearray(1 << 30)", ["--memory", "64"], 3, "memory"),
        (PRINTS_FOR_EVER, ["--policy", "quick", "--timeout", "10"], 3, "output"),
    ],
)
def test_end_of_a_run_is_an_exit_code(code: str, options: list[str], returncode: int, status: str) -> None:
    done = _isorun("-c", code, "--json", *options)

    assert json.loads(done.stdout)["status"] == status
    assert done.returncode == returncode
    assert done.stderr == ""


def test_files_come_back(tmp_path: Path) -> None:
    done = _isorun("-c", "open('a.txt', 'w').write('x'); None", "--output", str(tmp_path / "out"))

    assert done.returncode == 0
    assert (tmp_path / "out/a.txt").read_text() == "x"
    assert "a.txt" in done.stderr


def test_other_interpreters_run() -> None:
    done = _isorun("-", "--explain", "--lang", "sh", stdin="echo $((1 + 1))")
    assert "taken" in done.stdout

    assert _isorun("-", "--lang", "sh", stdin="echo $((1 + 1))").stdout == "2\n"


@pytest.mark.parametrize(("number", "returncode"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_in_mid_run_leaves_nothing(number: int, returncode: int) -> None:
    code = "import time; print('ready', flush=True); time.sleep(1000)"
    process = subprocess.Popen(
        [ISORUN, "run", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"ready\n"
        started = list(_descendants(process.pid))

        process.send_signal(number)

        assert process.wait(20) == returncode
        assert process.stderr.read() == b""
    assert len(started) > 1
    assert [folder for folder in started if _runs(folder)] == []


def test_reader_that_leaves_ends_the_run_quietly() -> None:
    process = subprocess.Popen(
        [ISORUN, "run", "-c", PRINTS_FOR_EVER, "--policy", "data"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"y" * 99 + b"\n"
        started = list(_descendants(process.pid))

        process.stdout.close()

        assert process.wait(20) == 141
        assert process.stderr.read() == b""
    assert [folder for folder in started if _runs(folder)] == []


def test_terminal_is_not_steered_by_a_program() -> None:
    terminal, ours = pty.openpty()
    code = r"print('\x1b]0;owned\x07\x9b2J\u202e')"

    done = subprocess.run([ISORUN, "run", "-c", code], stdout=ours, stderr=subprocess.PIPE)

    shown = os.read(terminal, 1000)
    os.close(terminal)
    os.close(ours)
    assert done.returncode == 0
    assert shown.decode() == "␛]0;owned␇\\x9b2J\\u202e\r\n"


def test_missing_module_is_told_with_advice() -> None:
    done = _isorun("-c", "import no_such_module_anywhere")

    assert done.returncode == 1
    assert "hint: " in done.stderr
    assert "isorun env add" in done.stderr


def test_pandas_runs_where_the_data_environment_is() -> None:
    listed = subprocess.run([ISORUN, "env", "list", "--json"], capture_output=True, check=True)
    if not {entry["name"]: entry["usable"] for entry in json.loads(listed.stdout)}["data"]:
        pytest.skip("the environment `data` is missing (`isorun setup data`)")

    done = _isorun("-c", "import pandas as pd; print(pd.__version__)", "--policy", "data", "--json")

    assert json.loads(done.stdout)["stdout"][0].isdigit()
    assert done.returncode == 0


def test_setup_of_what_is_there_changes_nothing() -> None:
    before = subprocess.run([ISORUN, "env", "list", "--json"], capture_output=True, check=True)

    done = subprocess.run([ISORUN, "setup", "--json"], capture_output=True)

    assert done.returncode == 0
    assert done.stdout == before.stdout


def test_doctor_says_that_the_jail_works() -> None:
    done = subprocess.run([ISORUN, "doctor"], capture_output=True, text=True)

    assert done.returncode == 0
    assert "nsjail: available for " in done.stdout
