"""An ordinary user from the first set-up on: the cache, and so the guest's interpreter, is the user's own.

`test_ordinary_user.py` runs jails from a cache that somebody else made.
"""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import EngineError, load_config
from runtimes.jails._binary import find_nsjail
from tests.support.readable_python import make_readable

pytestmark = [pytest.mark.jail, pytest.mark.slow]

_ACCOUNT = "isorun-test"
_MAIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from engine.cli import main; sys.exit(main())"
_SECONDS = 50


class User:
    """Runs `isorun` as the account, with a home of its own."""

    def __init__(self, home: Path, command: list[str]) -> None:
        self.home = home
        self._command = command

    def isorun(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*self._command, *arguments]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*self._command, *arguments], stdout=subprocess.PIPE, text=True)

    def run_for_json(self, *arguments: str) -> dict[str, Any]:
        done = self.isorun("run", "--json", *arguments)
        fields: dict[str, Any] = json.loads(done.stdout)
        assert "error" not in fields or "status" in fields, fields
        return fields


@pytest.fixture(scope="module")
def user() -> Iterator[User]:
    if os.geteuid() != 0:
        pytest.skip("only root can change to another account")
    try:
        account = pwd.getpwnam(_ACCOUNT)
        nsjail = find_nsjail(None, load_config().cache)
    except KeyError:
        pytest.skip(f"there is no account `{_ACCOUNT}`; scripts/test makes it")
    except EngineError as error:
        pytest.skip(f"{error}; {error.hint}")
    # Not below pytest's own folder, which is closed to others.
    folder = Path(tempfile.mkdtemp(prefix="isorun-user-"))
    try:
        folder.chmod(0o755)
        python = make_readable(folder, Path(__file__).resolve().parents[2])
        home = folder / "home"
        home.mkdir()
        os.chown(home, account.pw_uid, account.pw_gid)
        become = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        names = [f"HOME={home}", f"XDG_RUNTIME_DIR={home}", f"ISORUN_NSJAIL={nsjail}"]
        variables = ["env", "--ignore-environment", *names]
        isorun = [str(python.executable), "-I", "-c", _MAIN, str(python.packages)]
        user = User(home, [*become, *variables, *isorun])
        done = user.isorun("setup")
        assert done.returncode == 0, done.stderr
        yield user
    finally:
        shutil.rmtree(folder)


def test_doctor_finds_the_tier_and_says_what_is_weaker(user: User) -> None:
    done = user.isorun("doctor", "--json")

    (tier,) = [found for found in json.loads(done.stdout)["tiers"] if found["name"] == "nsjail"]

    assert tier["available"], tier["reason"]
    assert done.returncode == 0
    assert tier["cgroups"] or len(tier["degraded"]) == 3


def test_program_runs_and_its_file_belongs_to_the_user(user: User) -> None:
    output = user.home / "output"

    done = user.isorun("run", "-c", "print(6 * 7, file=open('answer', 'w'))", "--output", str(output))

    assert done.returncode == 0, done.stderr
    assert (output / "answer").read_text() == "42\n"
    assert (output / "answer").owner() == _ACCOUNT


@pytest.mark.parametrize("name", ["mem", "maps", "environ", "fd"])
def test_supervisor_is_closed_to_a_program_of_the_same_uid(user: User, name: str) -> None:
    code = f"import os; os.listdir('/proc/1/fd') if {name!r} == 'fd' else open('/proc/1/{name}', 'rb')"

    fields = user.run_for_json("-c", code)

    assert fields["error"] is not None, fields
    assert fields["error"]["type"] in ("PermissionError", "FileNotFoundError")


def test_users_own_cache_cannot_be_written_from_inside(user: User) -> None:
    code = "import os; os.chmod('/opt/python/bin/python3', 0o755)"

    fields = user.run_for_json("-c", code)

    assert fields["error"] is not None, fields
    assert fields["error"]["message"].startswith("[Errno 30]")  # a read-only file system


def test_program_that_sees_the_control_socket_is_not_answered(user: User) -> None:
    """It has the uid that the folder belongs to, and its policy shows it the folder."""
    policy = user.home / "shows.toml"
    policy.write_text(f'[[mounts]]\nsource = "{user.home}/isorun"\ntarget = "/mnt/control"\n')
    code = (
        "import os, socket\n"
        "[name] = os.listdir('/mnt/control')\n"
        "peer = socket.socket(socket.AF_UNIX)\n"
        "peer.connect(f'/mnt/control/{name}')\n"
        'peer.sendall(b\'{"kind": "list"}\\n\')\n'
        "print(peer.recv(1000).decode())\n"
    )

    fields = user.run_for_json("-c", code, "--policy", str(policy))

    assert fields["error"] is None, fields
    assert json.loads(fields["stdout"]) == {
        "kind": "refused",
        "reason": "the request comes from another user namespace",
    }


def test_users_run_is_listed_and_killed_by_the_user(user: User) -> None:
    code = "import time; print('up', flush=True); time.sleep(600)"
    with user.start("run", "-c", code, "--timeout", "600") as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            [run] = json.loads(user.isorun("ps", "--json").stdout)

            done = user.isorun("kill", run["id"])

            assert (done.returncode, done.stderr) == (0, "")
            assert process.wait(_SECONDS) == 4
        finally:
            process.kill()
