"""Attacks on containers: those written for jails, as far as they apply, and some on what is particular."""

import ast
import json
import re
import tomllib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from engine import Engine, File, Program, Result
from engine._host import open_host
from policies import Limits, Policy
from runtimes.docker import DockerRuntime
from tests.security.test_attacks import ATTACKS as OF_JAILS
from tests.security.test_attacks import FOLDER as FOLDER_OF_JAILS
from tests.support.attacks import Header, assert_nothing_reached, described
from tests.support.canaries import Canaries
from tests.support.daemons import require_daemon
from tests.support.jails import config
from tests.support.samples import sample

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(120)]
FOLDER = Path(__file__).parent / "attacks_docker"
OF_CONTAINERS = sorted(path.stem for path in FOLDER.glob("*.py"))
#: Those that count what they have tried, and say so at their end.
TELLING = {
    path.stem
    for folder in (FOLDER, FOLDER_OF_JAILS)
    for path in folder.glob("*.py")
    if "\nresult = outcome()" in path.read_text("utf-8")
}
AT_ONCE = 4

#: They are about the pipe for a program's own report, or about how a jail mounts its `/proc`.
NOT_FOR_CONTAINERS = {
    "covered_proc",
    "deep_report",
    "forged_report",
    "garbage_report",
    "hostile_value",
    "late_output",
    "report_flood",
}
#: The supervisor has the program's user. Killing it ends the container, and the result says so.
KILLS_THE_SUPERVISOR = {"first_process", "kill_everything", "other_processes", "outside_signals"}
#: What may be found here and not in a jail, as patterns of an attempt's name or of its whole line: nothing
#: of the host, of another run, or of the engine.
HARMLESS: dict[str, tuple[str, ...]] = {
    # Standard input is a file of the container's own.
    "descriptor_directions": ("0 is no pipe", "reopen the report( to write)?"),
    "descriptors": ("0 is a file", "reopen the report pipe for reading"),
    # Terminals and queues of its own; its own score.
    "devices": ("more devices than the harmless ones", "open /dev/ptmx", "write /proc/self/oom_score_adj"),
    # Folders of the image; figures of the machine; its own variables, which the canary's name is in.
    "host_files": (
        "read /proc/meminfo",
        "read /proc/net/tcp",
        "list /(var|run|sys)",
        r"find the secret in any visible file: \[('/(proc/[\d/task]+/environ|tmp/.isorun/start)'(, )?)+\]",
    ),
    # The C library's own cache, read-only.
    "inherited_memory": (
        r"modules of isorun: \['marshal'\]",
        r"shared memory: .*'r--s'.*gconv-modules.cache'\]\]",
    ),
    # The line of headings.
    "network": ("read routes",),
    # Its control groups, read-only.
    "own_groups": ("mounted groups", "see (/proc/self/root)?/sys(/fs/cgroup)?", "see /proc/cgroups"),
    "raise_limits": ("control group files", "(/proc/self/root)?/sys/fs/cgroup"),
    # Its own supervisor, in the container's own namespace: sometimes there is time to say so before the end.
    "outside_signals": (
        "the (group|session) of another",
        r"(process \d+ exists|thread \d+|signal to group \d+)",
        "SIG(TERM|STOP|KILL) to everybody",
        "join the group of another",
    ),
    # What the kernel lets every process say of itself; lowering a score needs a privilege.
    "own_proc_files": (
        "write /proc/(self|thread-self|self/task/\\d+)/(oom_score_adj|oom_adj|comm|sched)",
        "write /proc/self/(loginuid|coredump_filter|timerslack_ns|autogroup)",
        r"the files of a child: \['oom_score_adj', 'oom_adj', 'coredump_filter', 'sched'\]",
        "write by a descriptor of the folder",
    ),
    # Process 1 is an init under the program's user, with nothing of the host in it.
    "proc_links": (
        "the working folder is outside: '/tmp/work'",
        "look at cwd of process 1: '/tmp'",
        "look at root of process 1: '/'",
        "look at exe of process 1: '/(usr/)?sbin/docker-init'",
        r"look at (fd|fdinfo) of process 1: \['0', '1', '2'\]",
        "look at map_files of process 1",
    ),
    "secrets": (
        r"more variables than planned: \{('(PWD|PYTHONPATH)'(, )?)+\}",
        "the environment of process 1",
        "the arguments of process 1",
        "the initial environment",
    ),
    "terminal": ("make a terminal", "another session than its own"),
    "write_system": ("read the interpreter, to find gadgets",),
}
_OUTCOME = "#outcome "
_EPILOGUE = f"""
import json as _json
if isinstance(globals().get("result"), dict):
    print("\\n{_OUTCOME}" + _json.dumps(result), flush=True)
"""
HARMLESS_PROGRAM = Program(code="import os; print(sorted(os.listdir('.')), os.listdir('/dev/shm'))")


def attack(folder: Path, name: str) -> tuple[str, Header]:
    text = (folder / f"{name}.py").read_text("utf-8")
    description = ast.get_docstring(ast.parse(text)) or ""
    # An import of the future has to stay first; so what prints the outcome comes last.
    return text + _EPILOGUE, msgspec.convert(tomllib.loads(description.partition("\n")[2]), Header)


async def run(engine: Engine, folder: Path, name: str, canaries: Canaries) -> tuple[Result, Header]:
    code, header = attack(folder, name)
    helper = File(name="attempts.py", data=(FOLDER_OF_JAILS / "attempts.py").read_bytes())
    limits = msgspec.convert({"wall-seconds": 30, **header.limits}, Limits)
    program = Program(code=code, env=canaries.variables(), files=(helper,))
    return await engine.run(program, Policy(limits=limits)), header


def outcome(result: Result) -> dict[str, Any]:
    text = result.stdout.rpartition(_OUTCOME)[2].strip()
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def complaints(name: str, header: Header, result: Result) -> list[str]:
    """Return what is wrong with the end of an attack, which is nothing if it was contained."""
    if name in KILLS_THE_SUPERVISOR:
        is_as_expected = (result.status, result.reason) == ("crashed", "supervisor-died")
    else:
        is_as_expected = (
            result.status in header.statuses
            and header.reason in (None, result.reason)
            and header.exit_code in (None, result.exit_code)
        )
    said = outcome(result)
    tells = header.statuses == ("ok",) and name not in KILLS_THE_SUPERVISOR and name in TELLING
    escaped = [one for one in said.get("escaped", ()) if not is_harmless(name, one)]
    if is_as_expected and not escaped and (said.get("tried", 0) > 0 or not tells):
        return []
    return [f"{name}: {described(result)} {escaped}"]


def is_harmless(name: str, line: str) -> bool:
    """Whether what an attempt has got is among what may be found here."""
    patterns = HARMLESS.get(name, ())
    return any(re.fullmatch(pattern, line) or re.match(f"(?:{pattern}): ", line) for pattern in patterns)


@pytest.fixture(scope="module")
async def engine(anyio_backend: str, canaries: Canaries) -> AsyncGenerator[Engine]:
    require_daemon()
    settings = config(pool={"warm": 2, "max-size": AT_ONCE + 2})
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as opened:
            yield opened


@pytest.mark.parametrize("name", sample((name for name in OF_JAILS if name not in NOT_FOR_CONTAINERS), 24))
async def test_attack_on_jails_is_contained(name: str, engine: Engine, canaries: Canaries) -> None:
    result, header = await run(engine, FOLDER_OF_JAILS, name, canaries)

    assert complaints(name, header, result) == []
    assert_nothing_reached(result, canaries)


@pytest.mark.rows(47)
@pytest.mark.parametrize("name", OF_CONTAINERS)
async def test_attack_on_containers_is_contained(name: str, engine: Engine, canaries: Canaries) -> None:
    result, header = await run(engine, FOLDER, name, canaries)

    assert complaints(name, header, result) == []
    assert_nothing_reached(result, canaries)


async def test_hostile_archive_yields_no_content_under_a_name_that_climbs(
    engine: Engine, canaries: Canaries
) -> None:
    result, _ = await run(engine, FOLDER, "hostile_archive", canaries)

    names = [artifact.name for artifact in result.files if artifact.skipped is None]
    assert not [name for name in names if name.startswith("/") or ".." in name.split("/")]
    assert len(result.files) <= Limits().artifact_count + 1


async def test_run_after_each_attack_on_containers_is_unaffected(engine: Engine, canaries: Canaries) -> None:
    found: list[str] = []

    async def one(name: str) -> None:
        _, header = attack(FOLDER, name)
        result, _ = await run(engine, FOLDER, name, canaries)
        found.extend(complaints(name, header, result))
        after = await engine.run(HARMLESS_PROGRAM)
        if (after.status, after.stdout) != ("ok", "[] []\n"):
            found.append(f"after {name}: {described(after)}")

    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def limited(name: str) -> None:
        async with limiter:
            await one(name)

    async with anyio.create_task_group() as tasks:
        for name in OF_CONTAINERS:
            tasks.start_soon(limited, name)

    assert found == []
