"""`isorun ps` and `isorun kill` across processes, with real jails."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_script import PROGRAMS, start_reporting_engine
from tests.support.machine import is_running, jailed, wardens

pytestmark = [pytest.mark.jail, pytest.mark.slow]

ISORUN = str(Path(sys.executable).with_name("isorun"))


def isorun(*argv: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*prefix, ISORUN, *argv], capture_output=True, text=True, timeout=50)


def runs_of(pid: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(isorun("ps", "--json").stdout)
    return [run for run in found if run["pid"] == pid]


@contextmanager
def engine_process() -> Iterator[subprocess.Popen[bytes]]:
    """Start an engine in another process, with a run that has printed something and waits."""
    with start_reporting_engine() as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            yield process
        finally:
            process.kill()


def test_running_jail_is_shown_and_killed_and_its_caller_gets_the_output_so_far() -> None:
    with engine_process() as process:
        [warden] = wardens(process.pid)
        processes = jailed(warden)
        [run] = runs_of(process.pid)
        assert (run["language"], run["runtime"], run["state"]) == ("python", "nsjail", "running")
        assert run["id"] in isorun("ps").stdout

        done = isorun("kill", run["id"])

        assert (done.returncode, done.stdout, done.stderr) == (0, f"{run['id']}\n", "")
        assert runs_of(process.pid) == []
        out, _ = process.communicate(timeout=30)
        result = json.loads(out)
        assert process.returncode == 0
        assert not any(map(is_running, processes))
    assert (result["status"], result["reason"], result["stdout"]) == ("cancelled", "cancelled", "up\n")
    assert result["isolation"]["path"] == "cold"


def test_isorun_run_that_is_killed_keeps_its_output_and_says_so() -> None:
    command = [ISORUN, "run", "-c", PROGRAMS[0], "--timeout", "600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            [run] = runs_of(process.pid)

            assert isorun("kill", run["id"]).returncode == 0

            _, told = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 4
    assert told.startswith("error: the run was ended by `isorun kill`")


def test_killed_engine_is_not_shown_and_its_socket_is_removed() -> None:
    with engine_process() as process:
        folder = Path(os.environ["XDG_RUNTIME_DIR"], "isorun")
        assert list(folder.glob(f"{process.pid}-*.sock"))
        process.kill()
        process.wait(10)

        assert runs_of(process.pid) == []

        assert list(folder.glob(f"{process.pid}-*.sock")) == []


def test_peer_in_another_user_namespace_is_not_answered() -> None:
    """Such is every program in a jail."""
    prefix = ("unshare", "--user", "--map-root-user")
    try:
        subprocess.run([*prefix, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("user namespaces cannot be made here by `unshare`")
    with engine_process() as process:
        [run] = runs_of(process.pid)

        listed = isorun("ps", prefix=prefix)
        killed = isorun("kill", run["id"], prefix=prefix)

        assert (
            f"the engine with pid {process.pid} refuses: the request comes from another user namespace"
            in listed.stderr
        )
        assert run["id"] not in listed.stdout
        assert killed.returncode == 2
        assert [one["id"] for one in runs_of(process.pid)] == [run["id"]]
