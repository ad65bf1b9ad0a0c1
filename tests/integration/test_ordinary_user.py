"""Jails without privilege: what an ordinary user gets, and what is said to be weaker."""

import base64
import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine import EngineError, load_config
from engine.warden.trees import find_mounts
from runtimes.environments import load_environment
from runtimes.jails._guest_code import ensure_guest_code
from tests.support.machine import processes_of_uid, wait_until
from tests.support.readable_python import make_readable
from tests.support.zygotes import world_readable_folder

pytestmark = [pytest.mark.jail, pytest.mark.slow]

USER = os.environ.get("ISORUN_TEST_USER", "isorun-test")

#: Runs one program as told on standard input; prints the result, or the error, as JSON.
RUNNER = """
import json, sys
if len(sys.argv) > 1:
    sys.path.insert(0, sys.argv[1])
import anyio
from engine import Engine, EngineConfig, EngineError, File, Limits, Policy, PoolConfig, Program
from engine import result_to_dict
from policies import parse

async def main(order):
    warm = order["warm"]
    config = EngineConfig(cache_dir=order["cache"], pool=PoolConfig(warm=warm, max_warm=warm))
    policy = order["policy"] or Policy(limits=Limits(**order["limits"]))
    if isinstance(policy, str) and "[" in policy:
        policy = parse(policy)
    files = [File(name=name, data=text.encode()) for name, text in order["files"].items()]
    try:
        async with Engine(config) as engine:
            if warm:
                await engine.run(Program(code="1"))
                while not engine.stats().pools[0].idle:
                    await anyio.sleep(0.01)
            result = await engine.run(Program(code=order["code"], files=tuple(files)), policy)
    except EngineError as error:
        return {"error": type(error).__name__, "message": str(error), "clause": getattr(error, "clause", "")}
    return result_to_dict(result)

print(json.dumps(anyio.run(main, json.load(sys.stdin))))
"""


class Account(NamedTuple):
    """Who runs the programs, and the command that starts `RUNNER` as them."""

    uid: int
    command: list[str]


type Run = Callable[..., dict[str, Any]]


def find_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        if shutil.which("useradd") is None:
            pytest.skip(f"there is no user `{USER}`, and no `useradd` to make one")
        subprocess.run(["useradd", "--create-home", USER], check=True, capture_output=True)
        return pwd.getpwnam(USER)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Ourselves, or the test user if we are root."""
    runner = ["-I", "-c", RUNNER]
    if os.geteuid() != 0:
        yield Account(os.geteuid(), [sys.executable, *runner])
        return
    if shutil.which("setpriv") is None:
        pytest.skip("`setpriv` is not installed, which takes root's rights away")
    user = find_user()
    # Not below pytest's own folder, which is closed to others.
    folder = Path(subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip())
    folder.chmod(0o755)
    python = make_readable(folder, Path(__file__).resolve().parents[2])
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups", "--reset-env"]
    own = folder / "run"
    own.mkdir(mode=0o700)
    os.chown(own, user.pw_uid, user.pw_gid)
    become = ["setpriv", *ids, "env", f"XDG_RUNTIME_DIR={own}"]
    yield Account(user.pw_uid, [*become, str(python.executable), *runner, str(python.packages)])
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def run(account: Account) -> Run:
    """Runs one program in an engine of the user's own."""
    if Path("/proc/sys/user/max_user_namespaces").read_text("ascii").strip() == "0":
        pytest.skip("user namespaces are switched off here (user.max_user_namespaces is 0)")
    cache = load_config().cache
    ensure_guest_code(cache)  # a cache of root's is only read by others

    def run_one(
        code: str,
        *,
        policy: str = "",
        files: dict[str, str] | None = None,
        groups: Iterable[Path] = (),
        warm: int = 0,
        **limits: float,
    ) -> dict[str, Any]:
        order = {"cache": str(cache), "code": code, "policy": policy, "limits": limits, "warm": warm}
        order["files"] = files or {}
        join = "".join(f"echo $$ > {group}/cgroup.procs; " for group in groups)
        command = ["sh", "-c", f'{join}exec "$@"', "sh", *account.command]
        done = subprocess.run(
            command, input=json.dumps(order), capture_output=True, text=True, timeout=50, cwd="/"
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return run_one


def test_program_runs(run: Run) -> None:
    result = run("print('hello, world')")

    assert (result["status"], result["stdout"]) == ("ok", "hello, world\n")


def test_disk_limit_of_a_run_is_enforced_while_another_sandbox_waits(run: Run) -> None:
    code = "for number in range(%d): open(str(number), 'wb').write(bytes(1 << 20))"

    above = run(code % 5, warm=1, disk_mib=4)
    below = run(code % 3, warm=1, disk_mib=4)

    assert (above["status"], below["status"]) == ("disk", "ok")


def test_mounts_and_limits_of_disk_come_into_a_sandbox_that_waits(run: Run) -> None:
    code = "import os; print(os.listdir('/mnt/etc') != [], os.statvfs('/box').f_blocks * 4096 >> 20)"
    policy = """
        [[mounts]]
        source = "/etc"
        target = "/mnt/etc"
        [limits]
        disk-mib = 7
    """

    result = run(code, warm=1, policy=policy)

    assert (result["stdout"], result["isolation"]["path"]) == ("True 7\n", "warm")


def test_mount_cannot_be_written_by_its_owner(run: Run, account: Account) -> None:
    with world_readable_folder() as folder:
        os.chown(folder, account.uid, -1)
        folder.chmod(0o700)
        policy = f'[[mounts]]\nsource = "{folder}"\ntarget = "/mnt/own"'

        result = run("open('/mnt/own/planted', 'w')", policy=policy)

        assert "Read-only file system" in result["stderr"]
        assert os.listdir(folder) == []


def test_mount_that_the_user_may_not_reach_is_an_error_that_names_it(run: Run, account: Account) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder that the user may not reach")
    with world_readable_folder() as folder:
        folder.chmod(0o700)
        source = f"{folder}/."

        answer = run(
            "print('must not run')", policy=f'[[mounts]]\nsource = "{source}"\ntarget = "/mnt/closed"'
        )

    assert answer["error"] == "SandboxStartError"
    assert f"`{source}`: Permission denied" in answer["message"]


def test_program_has_no_capability_and_cannot_get_one(run: Run) -> None:
    result = run("result = dict(line.split(':', 1) for line in open('/proc/self/status'))")

    status = {name: text.strip() for name, text in result["value"].items()}
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_program_is_not_its_caller_by_number(run: Run) -> None:
    result = run("import os; result = [os.getuid(), os.getgid(), os.getgroups()]")

    uid, gid, groups = result["value"]
    assert (uid, gid) == (1000, 1000)
    assert set(groups) <= {1000, 65534}


def test_file_of_the_caller_is_out_of_sight(run: Run, account: Account) -> None:
    home = pwd.getpwuid(account.uid).pw_dir

    result = run(
        f"import os; result = [path for path in ({home!r}, '/home', '/root') if os.path.exists(path)]"
    )

    assert result["value"] == []


def test_pandas_is_there(run: Run) -> None:
    try:
        load_environment(load_config().cache, "data")
    except EngineError as error:
        pytest.skip(f"no data environment here: {error}")

    result = run(
        "import pandas\nresult = int(pandas.Series([1, 2, 3]).sum())", memory_mib=1024, wall_seconds=40
    )

    assert (result["status"], result["value"]) == ("ok", 6)


def test_what_is_weaker_is_said(run: Run) -> None:
    degraded = run("pass")["isolation"]["degraded"]

    if not degraded:
        pytest.skip("this user may make cgroups, so nothing is weaker")
    assert [line.partition(":")[0] for line in degraded] == ["memory", "cpu", "pids"]


def test_policy_that_requires_cgroups_is_refused(run: Run) -> None:
    if not run("pass")["isolation"]["degraded"]:
        pytest.skip("this user may make cgroups, so the policy can be enforced")

    answer = run("print('must not run')", policy="strict")

    assert (answer["error"], answer["clause"]) == ("PolicyUnsupportedError", "isolation.require-cgroups")
    assert "isolation.require-cgroups" in answer["message"]


@pytest.mark.parametrize(("mib", "status"), [(24, "ok"), (160, "error")])
def test_memory_above_the_limit_is_refused(run: Run, mib: int, status: str) -> None:
    result = run(f"data = bytearray({mib} << 20)", memory_mib=128)

    if result["isolation"]["degraded"]:
        error = result["error"]["type"] if result["error"] else None
        assert (result["status"], error) == (status, "MemoryError" if status == "error" else None)
    else:
        assert result["status"] == ("ok" if status == "ok" else "memory")


FORKS = """
import os, signal
children = []
try:
    while len(children) < {wanted}:
        pid = os.fork()
        if pid == 0:
            signal.pause()
            os._exit(0)
        children.append(pid)
finally:
    for pid in children:
        os.kill(pid, signal.SIGKILL)
"""


def test_processes_up_to_the_limit_are_made(run: Run) -> None:
    result = run(FORKS.format(wanted=7), pids=8)

    assert result["status"] == "ok"


def test_processes_above_the_limit_are_refused(run: Run) -> None:
    result = run(FORKS.format(wanted=60), pids=8)

    if result["isolation"]["degraded"]:
        assert (result["status"], result["error"]["type"]) == ("error", "BlockingIOError")
    else:
        assert result["status"] == "pids"


def test_processes_of_the_user_elsewhere_do_not_count(run: Run) -> None:
    """The engine and its warden alone are more than this limit."""
    assert run("print(1)", pids=1)["status"] == "ok"


def test_endless_program_is_ended(run: Run) -> None:
    result = run("while True: pass", wall_seconds=1, cpu_seconds=30)

    assert (result["status"], result["reason"]) == ("timeout", "wall-limit")


def test_program_that_burns_cpu_is_ended(run: Run) -> None:
    result = run("while True: pass", wall_seconds=30, cpu_seconds=1)

    assert (result["status"], result["reason"]) == ("timeout", "cpu-limit")


def test_helpers_of_a_timed_out_program_end_with_it(run: Run, account: Account) -> None:
    before = set(processes_of_uid(account.uid, account.uid))

    result = run(
        "import os, time\nfor _ in range(5): os.fork() or os.setsid()\ntime.sleep(600)",
        wall_seconds=1,
        pids=64,
    )

    assert result["reason"] == "wall-limit"
    wait_until(
        lambda: set(processes_of_uid(account.uid, account.uid)) <= before,
        what="the jail's processes are gone",
    )


def test_output_files_are_collected(run: Run) -> None:
    code = "open('out', 'wb').write(open('in', 'rb').read() * 2); open('closed', 'w').close()"

    result = run(f"{code}; import os; os.chmod('closed', 0)", files={"in": "ab"})

    files = {file["name"]: file for file in result["files"]}
    assert base64.b64decode(files["out"]["base64"]) == b"abab"
    assert files["closed"]["skipped"] == "cannot be opened: Permission denied"
    assert "in" not in files


def test_folder_that_the_program_closed_does_no_harm(run: Run) -> None:
    result = run(
        "import os; os.mkdir('d'); open('d/f', 'w').close(); os.chmod('d', 0o400); os.chmod('.', 0o400)"
    )

    assert result["status"] == "ok"
    assert [file["skipped"] for file in result["files"]] == ["cannot be opened: Permission denied"]


def test_nothing_is_left_afterwards(run: Run, account: Account) -> None:
    before = (set(processes_of_uid(account.uid, account.uid)), temporary_files(account.uid))

    run("import subprocess, os\nos.fork()\nopen('/tmp/file', 'w').write('x')")

    wait_until(
        lambda: set(processes_of_uid(account.uid, account.uid)) <= before[0], what="all processes are gone"
    )
    assert temporary_files(account.uid) <= before[1]


def temporary_files(uid: int) -> set[str]:
    """Return what a user has in the folders for temporary files."""
    folders = [folder for folder in ("/tmp", "/var/tmp", "/dev/shm") if os.path.isdir(folder)]
    return {entry.path for folder in folders for entry in os.scandir(folder) if owner(entry) == uid}


def owner(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat(follow_symlinks=False).st_uid
    except FileNotFoundError:
        return None


@pytest.fixture
def own_groups(account: Account) -> Iterator[list[Path]]:
    """Folders in every hierarchy that belong to the user, as a session manager delegates them."""
    if os.geteuid() != 0:
        pytest.skip("only root can hand out control groups")
    mounts = find_mounts(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    folders = [Path(mount.own) / f"delegated-{os.getpid()}" for mount in mounts]
    for folder in folders:
        folder.mkdir()
        for path in (folder, folder / "cgroup.procs"):
            os.chown(path, account.uid, account.uid)
    yield folders
    for folder in folders:
        wait_until(lambda folder=folder: not (folder / "cgroup.procs").read_text(), what="the group is empty")  # type: ignore[misc]
        folder.rmdir()


def test_user_with_control_groups_gets_forked_sandboxes(run: Run, own_groups: list[Path]) -> None:
    # `strict` prefers Python in WebAssembly, which gives way to threads.
    code = "import os, threading; result = [os.getuid(), open('/proc/self/uid_map').read().split()]"

    result = run(code, groups=own_groups, policy="strict")

    assert (result["isolation"]["path"], result["isolation"]["fallback"]) == ("fork", None)
    assert result["isolation"]["degraded"] == []
    # Inside of the zygote's namespace there is only the user who started the engine.
    assert result["value"] == [1000, ["1000", "0", "1"]]


def test_forked_sandboxes_of_a_user_are_limited(run: Run, own_groups: list[Path]) -> None:
    result = run("data = bytearray(160 << 20)", groups=own_groups, memory_mib=128)

    assert (result["isolation"]["path"], result["status"]) == ("fork", "memory")


def test_without_control_groups_nothing_is_forked(run: Run) -> None:
    isolation = run("pass")["isolation"]

    if not isolation["degraded"]:
        pytest.skip("this user may make cgroups")
    assert isolation["path"] == "cold"
    assert isolation["fallback"] == "without cgroups nothing would limit a forked sandbox"
