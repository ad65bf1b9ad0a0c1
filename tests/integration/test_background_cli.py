"""`isorun up`, `run`, `status` and `down`: one engine that all commands share, with real jails."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.background_command import ISORUN, BackgroundEngine, background_engine
from tests.support.machine import is_running, wait_until, wardens

pytestmark = [pytest.mark.jail, pytest.mark.slow]

WAITS = "import time\nprint('ready', flush=True)\ntime.sleep(600)"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackgroundEngine]:
    with background_engine(tmp_path_factory.mktemp("background")) as started:
        yield started


def path_of(done: "subprocess.CompletedProcess[bytes]") -> str:
    return str(json.loads(done.stdout)["isolation"]["path"])


# The same as in a process of its own


@pytest.mark.parametrize(
    "argv",
    [
        ["-c", "print('out'); import sys; print('err', file=sys.stderr); sys.exit(7)"],
        ["-c", "1 + 1"],
        ["-c", "raise ValueError('no')"],
        ["-c", "open('left.txt', 'w').write('x')"],
        ["-c", "while True: pass", "--timeout", "0.5"],
        ["-c", "print('é\\x1b[31m')", "--", "a", "--json"],
        ["--lang", "perl", "-c", "print 'x'"],
        ["-c", "print(1)", "--policy", "nonsense"],
        ["-c", "print(1)", "--lang", "nonsense"],
        ["missing.py"],
        ["-c", "1", "--memory", "x"],
        ["-c", "1", "--policy", "./missing.toml"],
    ],
    ids=lambda argv: " ".join(argv)[:40],
)
def test_output_and_exit_code_are_those_of_an_engine_of_its_own(
    engine: BackgroundEngine, argv: list[str], tmp_path: Path
) -> None:
    shared = engine.isorun("run", *argv, cwd=tmp_path)

    own = engine.isorun("run", "--no-background", *argv, cwd=tmp_path)

    assert (shared.returncode, shared.stdout, shared.stderr) == (own.returncode, own.stdout, own.stderr)


def test_result_as_json_has_the_same_fields(engine: BackgroundEngine) -> None:
    shared = json.loads(engine.isorun("run", "-c", "2 + 3", "--json").stdout)

    own = json.loads(engine.isorun("run", "--no-background", "-c", "2 + 3", "--json").stdout)

    assert shared.keys() == own.keys()
    assert (shared["value"], shared["status"]) == (own["value"], own["status"]) == (5, "ok")


def test_error_as_json_is_the_same(engine: BackgroundEngine) -> None:
    argv = ["run", "-c", "1", "--policy", "nonsense", "--json"]

    shared, own = engine.isorun(*argv), engine.isorun(*argv, "--no-background")

    assert (shared.returncode, shared.stdout) == (own.returncode, own.stdout)


def test_file_and_input_are_found_from_where_the_command_was_written(
    engine: BackgroundEngine, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text("print(open('data.txt').read())")
    (tmp_path / "data.txt").write_text("here")

    done = engine.isorun("run", "program.py", "--input", "data.txt", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, b"here\n")


@pytest.mark.parametrize("argv", [["-"], ["-c", "import sys; exec(sys.stdin.read())", "--stdin", "-"]])
def test_standard_input_is_passed_on(engine: BackgroundEngine, argv: list[str]) -> None:
    done = engine.isorun("run", *argv, stdin=None, input=b"print('x' * 3)")

    assert (done.returncode, done.stdout) == (0, b"xxx\n")


def test_ten_megabytes_of_standard_input_arrive(engine: BackgroundEngine) -> None:
    data = os.urandom(10 << 20)

    code = "import sys, hashlib; print(len(sys.stdin.buffer.read()))"
    done = engine.isorun("run", "-c", code, "--stdin", "-", stdin=None, input=data)

    assert (done.returncode, done.stdout) == (0, b"10485760\n")


def test_path_that_only_the_client_can_open_is_read_by_the_client(engine: BackgroundEngine) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"print('from a pipe')")
    os.close(writing)

    done = engine.isorun("run", "--lang", "py", f"/dev/fd/{reading}", pass_fds=[reading])

    os.close(reading)
    assert (done.returncode, done.stdout) == (0, b"from a pipe\n")


def test_files_are_written_by_the_client(engine: BackgroundEngine, tmp_path: Path) -> None:
    done = engine.isorun("run", "-c", "open('a.txt', 'w').write('x')", "--output", "out", cwd=tmp_path)

    assert done.returncode == 0
    assert (tmp_path / "out" / "a.txt").read_text() == "x"


def test_output_comes_while_the_program_runs(engine: BackgroundEngine) -> None:
    with engine.start("run", "-c", WAITS) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"

        process.send_signal(signal.SIGINT)

        assert process.wait(30) == 130


def test_control_characters_are_made_visible_for_a_terminal(engine: BackgroundEngine) -> None:
    ours, theirs = pty.openpty()
    try:
        with engine.start("run", "-c", r"print('\x1b[31m', end='')", stdout=theirs) as process:
            assert process.wait(30) == 0
        shown = os.read(ours, 1024)
    finally:
        os.close(ours)
        os.close(theirs)

    assert shown.decode() == "␛[31m\r\n"


# Ending


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_the_program_in_the_engine(engine: BackgroundEngine, number: int, code: int) -> None:
    with engine.start("run", "-c", WAITS) as process:
        assert process.stdout is not None
        process.stdout.readline()

        process.send_signal(number)

        assert process.wait(30) == code
    assert engine.stats()["active"] == 0


def test_client_that_is_killed_takes_its_program_with_it(engine: BackgroundEngine) -> None:
    with engine.start("run", "-c", WAITS) as process:
        assert process.stdout is not None
        process.stdout.readline()

        process.kill()

    wait_until(lambda: engine.stats()["active"] == 0, what="the program has ended")


def test_program_can_be_listed_and_killed_from_elsewhere(engine: BackgroundEngine) -> None:
    with engine.start("run", "-c", WAITS) as process:
        assert process.stdout is not None
        process.stdout.readline()
        [run] = [run for run in json.loads(engine.isorun("ps", "--json").stdout) if run["pid"] == engine.pid]

        engine.isorun("kill", run["id"])

        assert process.wait(30) == 4


def test_reader_that_goes_ends_the_program(engine: BackgroundEngine) -> None:
    endless = "while True: print('x' * 1000)"
    with engine.start("run", "-c", endless, "--timeout", "60") as process:
        assert process.stdout is not None
        process.stdout.read(10)

        process.stdout.close()

        assert process.wait(30) == 141
    wait_until(lambda: engine.stats()["active"] == 0, what="the program has ended")


# One engine for all


def test_second_run_finds_a_sandbox_waiting(engine: BackgroundEngine) -> None:
    engine.isorun("run", "-c", "1")
    wait_until(lambda: any(pool["idle"] for pool in engine.stats()["pools"]), what="a sandbox waits")

    done = engine.isorun("run", "-c", "print(1)", "--json")

    assert path_of(done) == "warm"


def test_second_engine_is_not_started(engine: BackgroundEngine) -> None:
    done = engine.isorun("up", "--json")

    assert done.returncode == 0
    assert json.loads(done.stdout)["pid"] == engine.pid
    assert json.loads(done.stdout)["started"] is False


def test_status_shows_programs_pools_and_times(engine: BackgroundEngine) -> None:
    engine.isorun("run", "-c", "1")

    shown = engine.isorun("status").stdout.decode()

    assert f"process {engine.pid}" in shown
    assert "POOL" in shown
    assert "nsjail" in shown
    assert "TOTAL p50" in shown


def test_other_configuration_is_not_run_in_the_shared_engine(engine: BackgroundEngine) -> None:
    done = engine.isorun("run", "-c", "print(1)", "--json", env={"ISORUN_POLICY": "default"})

    assert path_of(done) == "cold"
    assert b"ISORUN_POLICY" in done.stderr


def test_own_engine_can_be_asked_for(engine: BackgroundEngine) -> None:
    done = engine.isorun("run", "-c", "1", "--json", "--no-background")

    assert path_of(done) == "cold"


# Its life


def test_engine_that_is_killed_takes_its_programs_with_it_and_can_be_started_again(tmp_path: Path) -> None:
    with background_engine(tmp_path / "first") as first:
        clients = [first.start("run", "-c", WAITS) for _ in range(3)]
        for client in clients:
            assert client.stdout is not None
            client.stdout.readline()

        os.kill(first.pid, signal.SIGKILL)

        ends = [client.communicate(timeout=30)[1] for client in clients]
        assert [client.returncode for client in clients] == [4, 4, 4]
        assert all(end.startswith(b"error: the background engine has gone") for end in ends)
        alone = first.isorun("run", "-c", "print(1)", "--json")
        assert path_of(alone) == "cold"
        again = first.isorun("up", "--json")
        assert json.loads(again.stdout)["started"] is True


def test_engine_that_can_run_nothing_any_more_ends_and_commands_do_without(tmp_path: Path) -> None:
    with background_engine(tmp_path / "first") as first:
        [warden] = wardens(first.pid)

        os.kill(warden, signal.SIGKILL)

        wait_until(lambda: not is_running(first.pid), what="it has ended by itself")
        assert "the warden process died" in first.log()
        alone = first.isorun("run", "-c", "print(1)", "--json")
        assert path_of(alone) == "cold"
        again = first.isorun("up", "--json")
        assert json.loads(again.stdout)["started"] is True


def test_engine_that_nobody_needs_ends(tmp_path: Path) -> None:
    with background_engine(tmp_path / "idle", "[background]\nidle-seconds = 0.2\n") as started:
        wait_until(lambda: not is_running(started.pid), what="it has ended by itself")

        assert started.isorun("status").returncode == 4
        assert "nobody has needed it" in started.log()


def test_nothing_is_left_when_it_has_ended(tmp_path: Path) -> None:
    with background_engine(tmp_path / "left") as started:
        started.isorun("run", "-c", "1")

    left = sorted(path.name for path in (tmp_path / "left" / "isorun").iterdir())
    assert [name for name in left if name.endswith(".sock")] == []
    assert not is_running(started.pid)


def test_changed_configuration_is_told_and_not_ignored(tmp_path: Path) -> None:
    with background_engine(tmp_path / "changed") as started:
        file = tmp_path / "changed" / "config" / "isorun" / "config.toml"
        file.write_text('policy = "default"\n', "utf-8")

        done = started.isorun("run", "-c", "1", "--json")

        assert path_of(done) == "cold"
        assert b"the configuration has changed" in done.stderr


def test_malformed_configuration_is_told_by_up(tmp_path: Path) -> None:
    with background_engine(tmp_path / "malformed") as started:
        started.isorun("down")
        file = tmp_path / "malformed" / "config" / "isorun" / "config.toml"
        file.write_text("nonsense = 1\n", "utf-8")

        done = started.isorun("up")

        assert done.returncode == 4
        assert b"nonsense" in done.stderr


def test_unit_starts_the_engine_in_the_foreground(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}

    done = subprocess.run([ISORUN, "up", "--install"], env=env, capture_output=True, timeout=60)

    unit = tmp_path / "systemd" / "user" / "isorun.service"
    assert done.returncode == 0
    assert done.stdout.decode() == f"{unit}\n"
    assert f"ExecStart={ISORUN} up --foreground\n" in unit.read_text("utf-8")
