"""What goes wrong around real jails: it ends in a typed error or a true result, and nothing is left."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import anyio
import pytest

from engine import (
    ConfigError,
    Engine,
    EngineError,
    File,
    PolicyUnsupportedError,
    RuntimeUnavailableError,
    SandboxLostError,
    SandboxStartError,
)
from policies import Mount, Network, Policy
from runtimes.jails._binary import find_nsjail
from tests.support.background import begin
from tests.support.jails import config, limited, run_python
from tests.support.machine import (
    PATIENCE_SECONDS,
    children,
    command_line,
    descendants,
    group_folders,
    is_running,
    jailed,
    mounts,
    until,
    wait_until,
    wardens,
)

pytestmark = [pytest.mark.jail, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    async with Engine(config()) as opened:
        yield opened


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that a jail's uid can reach, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="isorun-test-") as path:
        os.chmod(path, 0o755)
        yield Path(path)


@pytest.fixture
def cache(folder: Path) -> Path:
    """A cache of our own with the guest environments and the nsjail of the machine's."""
    made = folder / "cache"
    made.mkdir()
    for name in ("environments", "interpreters", "tools"):
        (made / name).symlink_to(config().cache / name)
    return made


def real_nsjail() -> Path:
    return find_nsjail(None, config().cache)


# The engine dies

SEVERAL_RUNS = """
import anyio
from engine import Engine, Program
from tests.support.background import WAITS
from tests.support.jails import config

async def main():
    tell = lambda output: print("ready", flush=True)
    async with Engine(config(pool={"warm": 2})) as engine, anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(lambda: engine.run(Program(code=WAITS), emit=tell))

anyio.run(main)
"""


def test_killed_engine_leaves_no_process_group_mount_or_file(tmp_path: Path) -> None:
    mounts_before = mounts()
    process = subprocess.Popen(
        [sys.executable, "-c", SEVERAL_RUNS],
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(4)] == [b"ready\n"] * 4
        [warden] = wardens(process.pid)
        started = descendants(process.pid)
        assert len(jailed(warden)) >= 4 * 3
        assert group_folders(warden)

        os.kill(process.pid, signal.SIGKILL)

    wait_until(lambda: not any(map(is_running, started)), what="everything that was started has ended")
    assert group_folders(warden) == []
    assert mounts() == mounts_before
    assert list(tmp_path.iterdir()) == []


# The warden dies


async def test_run_is_lost_when_the_warden_is_killed_and_its_jails_die_with_it(engine: Engine) -> None:
    async with anyio.create_task_group() as tasks:
        run = await begin(tasks, engine)
        [warden] = wardens()
        started = [*descendants(warden), warden]

        os.kill(warden, signal.SIGKILL)

        with pytest.raises(SandboxLostError) as caught:
            await run.finish()
    assert caught.value.dispatched
    assert caught.value.hint
    await until(lambda: not any(map(is_running, started)), what="the jails have died with their warden")


async def test_engine_without_its_warden_refuses_further_runs(engine: Engine) -> None:
    await run_python(engine, "1")
    [warden] = wardens()
    os.kill(warden, signal.SIGKILL)
    await until(lambda: not is_running(warden), what="the warden is dead")

    with pytest.raises(EngineError) as caught:
        await run_python(engine, "1")

    assert "warden" in str(caught.value)


async def test_engine_tells_when_its_warden_has_died(engine: Engine) -> None:
    await run_python(engine, "1")
    [warden] = wardens()

    os.kill(warden, signal.SIGKILL)

    with anyio.fail_after(PATIENCE_SECONDS):
        await engine.wait_lost()


async def test_next_engine_sweeps_the_groups_of_a_killed_warden() -> None:
    async with Engine(config()) as engine, anyio.create_task_group() as tasks:
        run = await begin(tasks, engine)
        [warden] = wardens()
        os.kill(warden, signal.SIGKILL)
        with pytest.raises(SandboxLostError):
            await run.finish()
    assert group_folders(warden), "nobody was left to remove them"

    async with Engine(config()) as engine:
        await run_python(engine, "1")

    assert group_folders(warden) == []


# A process of a jail dies


def _chain(warden: int) -> list[int]:
    """Return nsjail, the supervisor and the program of the one run."""
    [nsjail] = [pid for pid in children(warden) if "--config" in command_line(pid)]
    [supervisor] = children(nsjail)
    [program] = children(supervisor)
    return [nsjail, supervisor, program]


@pytest.mark.parametrize(
    ("index", "reason", "signal_name"),
    [(0, "supervisor-died", None), (1, "supervisor-died", None), (2, "signal", "SIGKILL")],
    ids=["nsjail", "supervisor", "program"],
)
async def test_process_killed_from_outside_ends_the_run_with_a_crash(
    engine: Engine, index: int, reason: str, signal_name: str | None
) -> None:
    async with anyio.create_task_group() as tasks:
        run = await begin(tasks, engine)
        [warden] = wardens()
        chain = _chain(warden)

        os.kill(chain[index], signal.SIGKILL)
        result = await run.finish()

    assert (result.status, result.reason, result.signal) == ("crashed", reason, signal_name)
    assert result.stdout == "ready\n"
    assert not any(map(is_running, chain))
    assert (await run_python(engine, "1 + 1")).value == 2


async def test_parked_process_killed_from_outside_is_replaced(engine: Engine) -> None:
    await run_python(engine, "1")
    [warden] = wardens()
    await until(lambda: children(warden), what="a process is parked")
    [parked] = children(warden)

    os.kill(parked, signal.SIGKILL)
    await until(lambda: not is_running(parked), what="the parked process is dead")

    assert (await run_python(engine, "1 + 1")).value == 2


# Parts are broken or missing


@pytest.mark.parametrize("content", [b"", b"no program\n", b"#!/bin/sh\nexit 3\n", b"#!/nonexistent/shell\n"])
async def test_broken_nsjail_is_a_typed_error_before_anything_runs(
    content: bytes, folder: Path, cache: Path
) -> None:
    broken = folder / "nsjail"
    broken.write_bytes(content)
    broken.chmod(0o755)

    async with Engine(config(nsjail=str(broken), **{"cache-dir": str(cache)})) as engine:
        with pytest.raises(RuntimeUnavailableError) as caught:
            await run_python(engine, "1")
        [warden] = wardens()
        assert jailed(warden) == []

    assert "no jail can be started here" in str(caught.value)
    assert not caught.value.dispatched
    assert group_folders(warden) == []


@pytest.mark.parametrize("kind", ["missing", "not executable", "folder"])
async def test_nsjail_that_is_no_program_is_named(kind: str, folder: Path) -> None:
    path = folder / "nsjail"
    if kind == "folder":
        path.mkdir()
    elif kind == "not executable":
        path.touch(0o644)

    async with Engine(config(nsjail=str(path))) as engine:
        with pytest.raises(RuntimeUnavailableError) as caught:
            await run_python(engine, "1")

    assert str(path) in str(caught.value)
    assert "ISORUN_NSJAIL" in caught.value.hint


async def test_nsjail_that_breaks_later_fails_the_runs_until_it_is_mended(folder: Path, cache: Path) -> None:
    binary = folder / "nsjail"
    binary.symlink_to(real_nsjail())

    async with Engine(config(nsjail=str(binary), **{"cache-dir": str(cache)})) as engine:
        assert (await run_python(engine, "1 + 1")).value == 2
        binary.unlink()
        with pytest.raises(SandboxStartError) as caught:
            await run_python(engine, "1 + 1")
        binary.symlink_to(real_nsjail())
        assert (await run_python(engine, "1 + 1")).value == 2

    assert not caught.value.dispatched


async def test_cache_without_environments_asks_for_setup(folder: Path) -> None:
    settings = config(nsjail=str(real_nsjail()), **{"cache-dir": str(folder / "empty")})

    async with Engine(settings) as engine:
        with pytest.raises(RuntimeUnavailableError) as caught:
            await run_python(engine, "1")

    assert "isorun setup" in caught.value.hint


@pytest.mark.parametrize("place", ["/proc/isorun-cache", "file"])
async def test_cache_that_cannot_be_written_is_a_typed_error(place: str, folder: Path) -> None:
    (folder / "file").touch()
    settings = config(nsjail=str(real_nsjail()), **{"cache-dir": str(folder / place)})

    async with Engine(settings) as engine:
        with pytest.raises(RuntimeUnavailableError) as caught:
            await run_python(engine, "1")

    assert caught.value.hint


async def test_proof_that_cannot_be_kept_does_not_stop_a_run(cache: Path) -> None:
    (cache / "proofs").touch()

    async with Engine(config(**{"cache-dir": str(cache)})) as engine:
        assert (await run_python(engine, "1 + 1")).value == 2


# The host runs out of something

FEW_DESCRIPTORS = """
import os, resource, sys
import anyio
from engine import Engine, EngineError, Program
from tests.support.jails import config

def limit(soft):
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

async def main():
    program = Program(code="open('file', 'w').write('x'); None")
    async with Engine(config()) as engine:
        usual = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        assert (await engine.run(program)).ok
        before = sorted(os.listdir("/proc/self/fd"))
        outcomes = set()
        for more in range(24):
            limit(len(before) - 1 + more)
            try:
                outcomes.add(str((await engine.run(program)).status))
            except EngineError as error:
                assert not error.dispatched or "SandboxStart" not in type(error).__name__, error
                outcomes.add(type(error).__name__)
            finally:
                limit(usual)
            assert sorted(os.listdir("/proc/self/fd")) == before, more
        assert (await engine.run(program)).ok
        print(*sorted(outcomes))

anyio.run(main)
"""


def test_engine_out_of_descriptors_raises_typed_errors_and_recovers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FEW_DESCRIPTORS], capture_output=True, text=True, cwd=REPOSITORY
    )

    assert done.stderr == ""
    assert done.stdout.split() == ["SandboxStartError", "ok"]


async def test_input_files_beyond_the_disk_limit_are_refused_before_a_jail_starts(engine: Engine) -> None:
    files = (File(name="large", data=b"x" * ((1 << 20) + 1)),)

    with pytest.raises(ConfigError) as caught:
        await run_python(engine, "1", limited(disk_mib=1), files=files)

    assert "limits.disk-mib" in caught.value.hint


@pytest.mark.parametrize(
    ("limits", "files"),
    [
        ({"disk_mib": 1}, (File(name="large", data=b"x" * (1 << 20)),)),
        ({"file_count": 16}, tuple(File(name=f"file-{number}", data=b"") for number in range(16))),
    ],
    ids=["bytes", "files"],
)
async def test_input_files_that_leave_no_room_for_the_program_name_the_limit(
    engine: Engine, limits: dict[str, float], files: tuple[File, ...]
) -> None:
    with pytest.raises(SandboxStartError) as caught:
        await run_python(engine, "1", limited(**limits), files=files)

    assert "limits.disk-mib" in caught.value.hint
    assert (await run_python(engine, "1 + 1")).value == 2


# Clauses


async def test_mount_shows_a_folder_read_only(engine: Engine, folder: Path) -> None:
    (folder / "data.txt").write_text("shown")
    (folder / "data.txt").chmod(0o666)
    os.chmod(folder, 0o777)
    code = """
import os
tried = []
for call in (lambda: open("/mnt/data/data.txt", "a"), lambda: open("/mnt/data/new", "w"),
             lambda: os.remove("/mnt/data/data.txt"), lambda: os.chmod("/mnt/data/data.txt", 0o600)):
    try:
        call()
    except OSError as error:
        tried.append(error.strerror)
result = [open("/mnt/data/data.txt").read(), tried]
"""

    result = await run_python(engine, code, Policy(mounts=(Mount(source=str(folder), target="/mnt/data"),)))

    assert result.value == ["shown", ["Read-only file system"] * 4]
    assert os.listdir(folder) == ["data.txt"]


async def test_mount_shows_a_single_file(engine: Engine, folder: Path) -> None:
    (folder / "data.txt").write_text("shown")
    policy = Policy(mounts=(Mount(source=str(folder / "data.txt"), target="/mnt/one.txt"),))

    result = await run_python(engine, "import os\n[os.listdir('/mnt'), open('/mnt/one.txt').read()]", policy)

    assert result.value == [["one.txt"], "shown"]


async def test_mount_without_its_source_is_a_typed_error_that_names_it(engine: Engine) -> None:
    policy = Policy(mounts=(Mount(source="/nonexistent/source", target="/mnt/data"),))

    with pytest.raises(SandboxStartError) as caught:
        await run_python(engine, "1", policy)

    assert "/nonexistent/source" in str(caught.value)
    assert not caught.value.dispatched
    assert (await run_python(engine, "1 + 1")).value == 2


@pytest.mark.parametrize(
    ("policy", "clause"),
    [
        (Policy(network=Network(mode="allow-list", allow=("example.org",))), "network"),
        (Policy(gpu="all"), "gpu"),
        (Policy(gpu=("0",)), "gpu"),
    ],
)
async def test_clause_that_cannot_be_enforced_is_refused_by_name(
    engine: Engine, policy: Policy, clause: str
) -> None:
    with pytest.raises(PolicyUnsupportedError) as caught:
        await run_python(engine, "1", policy)

    assert (caught.value.clause, caught.value.runtime) == (clause, "nsjail")
    assert not caught.value.dispatched


# Two engines


async def test_closing_one_engine_leaves_the_runs_of_another_alone(engine: Engine) -> None:
    code = "import sys, time\nprint('ready', flush=True)\ntime.sleep(1)\nprint('done')"
    async with anyio.create_task_group() as tasks:
        run = await begin(tasks, engine, code)
        async with Engine(config()) as other:
            assert (await run_python(other, "1 + 1")).value == 2

        result = await run.finish()

    assert result.stdout == "ready\ndone\n"


async def test_two_engines_of_one_process_run_under_different_uids(engine: Engine) -> None:
    async with Engine(config()) as other, anyio.create_task_group() as tasks:
        await begin(tasks, engine)
        await begin(tasks, other)

        owners = [{os.stat(f"/proc/{pid}").st_uid for pid in jailed(warden)} for warden in wardens()]
        tasks.cancel_scope.cancel()

    first, second = (uids - {os.geteuid()} for uids in owners)
    assert first.isdisjoint(second)
    assert bool(first) == bool(second) == (os.geteuid() == 0)
