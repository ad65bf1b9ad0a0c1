"""Each defence of the tiers on V8 taken away in turn: an attack that it stops must then get through.

Where several lines stop the same attack, each of them alone must stop it, and without all of them it must get
through. So none of them is decoration.
"""

import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from engine import SandboxStartError, load_config
from policies import Limits, Policy
from runtimes.v8 import NO_PACKAGES, Permissions, find_deno
from runtimes.v8._command import deno_command
from tests.support.canaries import Canaries
from tests.support.removals import Defence, dropped
from tests.support.v8 import UNCHANGED, Changes, changed_engine, combined, run_js
from tests.support.zygotes import world_readable_folder

from .conftest import Way
from .removals_deno import FLAGS, GUEST
from .removals_pyodide import DEFENCES as PYODIDE
from .test_removal import LaxWarden

pytestmark = [pytest.mark.jail, pytest.mark.timeout(60)]

EVERY = [*FLAGS, *GUEST, *PYODIDE]
ONE_LEFT = [
    pytest.param(defence, line, id=f"{defence.tier}-{defence.name}-{number}")
    for defence in EVERY
    for number, line in enumerate(defence.lines)
]


def ways(defence: Defence) -> tuple[Way, ...]:
    """Return how sandboxes come to be that a defence is taken from; a start of Pyodide takes a second."""
    is_quick = defence.tier == "deno" or os.environ.get("ISORUN_TEST_ALL")
    return ("exec", "fork") if defence.forks and is_quick else ("exec",)


ALL_GONE = [
    pytest.param(defence, way, id=f"{defence.tier}-{defence.name}-{way}")
    for defence in EVERY
    for way in ways(defence)
]


@pytest.fixture(autouse=True)
def host_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder that a careless mount shows; those of pytest can become unreachable at any time."""
    with world_readable_folder() as folder:
        file = folder / "canary.txt"
        file.write_text("of the host", "ascii")
        file.chmod(0o644)
        monkeypatch.setenv("CANARY_FOR_REMOVAL", str(file))
        yield


async def reaches(defence: Defence, changes: Changes, canaries: Canaries, *, fork: bool = False) -> bool:
    """Return whether an attack gets through."""
    canaries.connections.clear()
    program = msgspec.structs.replace(defence.program, env=canaries.variables())
    async with changed_engine(changes, tier=defence.tier, fork=fork) as engine:
        result = await engine.run(program)

    connections = list(canaries.connections)
    canaries.connections.clear()
    assert result.status in ("ok", "error"), result
    assert (result.isolation.runtime, result.isolation.fallback) == (defence.tier, None)
    return result.value is True or bool(connections)


@pytest.mark.parametrize(("defence", "line"), ONE_LEFT)
async def test_each_line_alone_stops_the_attack(defence: Defence, line: Changes, canaries: Canaries) -> None:
    others = tuple(one for one in defence.lines if one is not line)

    assert not await reaches(defence, defence.without(others, canaries), canaries)


@pytest.mark.parametrize(("defence", "way"), ALL_GONE)
async def test_attack_gets_through_without_any_line(defence: Defence, way: Way, canaries: Canaries) -> None:
    changes = defence.without(defence.lines, canaries)

    assert await reaches(defence, changes, canaries, fork=way == "fork")


#: Deno looks for it beside the configuration only.
LOCKED = Changes(beside={"deno.json": "{}", "deno.lock": "{broken"})


@pytest.mark.parametrize("flag", ["--no-lock", "--no-config"])
async def test_either_flag_keeps_a_stray_lock_from_being_read(flag: str) -> None:
    async with changed_engine(combined([LOCKED, dropped(flag)])) as engine:
        result = await run_js(engine, "1 + 1")

    assert result.value == 2


async def test_stray_lock_is_read_without_both_flags() -> None:
    async with changed_engine(combined([LOCKED, dropped("--no-lock", "--no-config")])) as engine:
        with pytest.raises(SandboxStartError, match="lockfile"):
            await run_js(engine, "1 + 1")


ASKS = 'console.log("it is", Deno.permissions.requestSync({ name: "run" }).state);'
QUESTION = "Allow?"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(UNCHANGED, "it is denied", id="with"),
        pytest.param(dropped("--no-prompt"), QUESTION, id="without"),
    ],
)
def test_flag_keeps_users_at_a_terminal_from_being_asked(
    changes: Changes, words: str, tmp_path: Path
) -> None:
    """That a jail has no terminal is the other line; here is one."""
    module = tmp_path / "asks.js"
    module.write_text(ASKS, "utf-8")
    planned = deno_command((module.name,), Permissions(), NO_PACKAGES, (), heap_mib=512)
    flags = [word for word in changes.command(planned)[1:] if word.startswith("-")]
    deno = find_deno(None, load_config().cache)

    said = said_at_terminal([str(deno), "run", *flags, str(module)])

    assert words in said
    assert (QUESTION in said) == (words == QUESTION)


def said_at_terminal(command: list[str]) -> str:
    """Run a program at a terminal of its own until it ends or asks."""
    own, terminal = pty.openpty()
    variables = {"DENO_DIR": "/dev/null/deno", "NO_COLOR": "1"}
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=variables)
    os.close(terminal)
    said = ""
    try:
        while QUESTION not in said and (piece := _read(own)):
            said += piece
    finally:
        process.kill()
        process.wait()
        os.close(own)
    return said


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 4096).decode("utf-8", "replace")
    except OSError:  # nobody is at the other end any more
        return ""


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        pytest.param("new Uint8Array(200 << 20).fill(1).length", Limits(memory_mib=100), id="memory"),
        pytest.param("setTimeout(() => {}, 1000)", Limits(wall_seconds=0.3), id="wall"),
        pytest.param("while (performance.now() < 1500);", Limits(cpu_seconds=0.3, wall_seconds=20), id="cpu"),
    ],
)
async def test_warden_is_what_enforces_limits(code: str, limits: Limits) -> None:
    async with changed_engine() as engine:
        bounded = await run_js(engine, code, Policy(limits=limits))
    async with changed_engine(Changes(warden=LaxWarden)) as engine:
        free = await run_js(engine, code, Policy(limits=limits))

    assert bounded.status in ("memory", "timeout")
    assert free.status == "ok"
