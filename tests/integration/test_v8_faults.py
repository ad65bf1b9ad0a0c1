"""What goes wrong around a Deno process: it is missing, lies, dies, or never becomes ready."""

import os
import shutil
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import override

import pytest

from engine import (
    Engine,
    EngineConfig,
    Host,
    Program,
    ProtocolError,
    RuntimeUnavailableError,
    SandboxLostError,
    SandboxStartError,
)
from engine._host import open_host
from policies import Isolation, Limits, Policy
from runtimes.deno import DenoRuntime
from runtimes.v8 import _guest_files
from runtimes.v8._guest_files import ensure_guest_js
from tests.support.jails import config
from tests.support.machine import command_line, descriptors, jailed, until, wardens
from tests.support.zygotes import is_idle, world_readable_folder

pytestmark = pytest.mark.jail

PROGRAM = Program(code="1 + 1", language="javascript")
POLICY = Policy(limits=Limits(wall_seconds=3))
#: What a guest needs to speak; as short as it gets.
PRELUDE = """
const [box] = Deno.args;
const report = Deno.openSync(`${box}/report`, { write: true });
const encoder = new TextEncoder();
const raw = (size, text) => {
  const body = typeof text === "string" ? encoder.encode(text) : text;
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, size ?? body.length);
  bytes.set(body, 4);
  for (let done = 0; done < bytes.length;) done += report.writeSync(bytes.subarray(done));
};
const say = (message) => raw(undefined, JSON.stringify(message));
const ready = () => {
  say({ kind: "ready" });
  Deno.stdin.readSync(new Uint8Array(1));
};
const started = () => say({ kind: "started" });
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


class LyingRuntime(DenoRuntime):
    """The runtime with other guest code, and without the proof that would refuse it."""

    def __init__(self, host: Host, folder: Path) -> None:
        super().__init__(host)
        self._lies = folder

    @override
    def _find_parts(self) -> None:
        super()._find_parts()
        self._guest_js = self._lies

    @override
    async def _prove(self) -> None:
        """There is nothing to be proved of a liar."""


@asynccontextmanager
async def lying_engine(lies: str, **changes: object) -> AsyncGenerator[Engine]:
    """Open an engine whose Deno processes run `lies`; on leaving, see that nothing is left of them."""
    settings = config(**changes)
    with world_readable_folder() as folder:
        (folder / "javascript.js").write_text(PRELUDE + lies, "utf-8")
        (folder / "javascript.js").chmod(0o644)
        async with open_host(settings) as host:
            async with Engine(settings, runtimes=[LyingRuntime(host, folder)]) as engine:
                yield engine
                [warden] = wardens()
                is_empty = partial(is_idle if settings.pool.fork else is_deserted, warden)
                await until(is_empty, what="no process is left but those of a zygote")


def is_deserted(warden: int) -> bool:
    return not jailed(warden)


@pytest.mark.parametrize(
    "lies",
    [
        pytest.param("Deno.exit(0)", id="ends"),
        pytest.param("Deno.exit(3)", id="fails"),
        pytest.param("throw new Error('no')", id="throws"),
        pytest.param("process.abort()", id="crashes"),
        pytest.param("import './missing.js'", id="lacks a module"),
        pytest.param("not JavaScript", id="cannot be parsed"),
        pytest.param("report.close(); Deno.exit(0)", id="hangs up"),
        pytest.param("raw(undefined, 'garbage'); Deno.exit(0)", id="garbage"),
        pytest.param("raw(2 ** 31, 'x'); Deno.exit(0)", id="a frame of two gibibytes"),
        pytest.param("raw(undefined, new Uint8Array([255, 254])); Deno.exit(0)", id="broken text"),
        pytest.param("started(); Deno.exit(0)", id="too early"),
        pytest.param("say({ kind: 'report' }); Deno.exit(0)", id="a report too early"),
        pytest.param("raw(9, 'cut'); Deno.exit(0)", id="half a frame"),
    ],
)
async def test_guest_that_does_not_become_ready_is_a_typed_error(lies: str) -> None:
    async with lying_engine(lies) as engine:
        with pytest.raises((SandboxStartError, ProtocolError)) as caught:
            await engine.run(PROGRAM, POLICY)

    assert not caught.value.dispatched


async def test_last_words_of_a_guest_that_fails_are_in_the_error() -> None:
    async with lying_engine("console.error('the last words'); Deno.exit(1)") as engine:
        with pytest.raises(SandboxStartError, match="the last words"):
            await engine.run(PROGRAM, POLICY)


async def test_guest_that_ends_with_the_program_in_hand_is_lost() -> None:
    async with lying_engine("ready(); Deno.exit(0)") as engine:
        with pytest.raises(SandboxLostError):
            await engine.run(PROGRAM, POLICY)


@pytest.mark.parametrize(
    "lies",
    [
        pytest.param("raw(2 ** 31, 'x')", id="a frame of two gibibytes"),
        pytest.param("raw(undefined, 'garbage')", id="garbage"),
        pytest.param("raw(undefined, new Uint8Array([255, 254]))", id="broken text"),
        pytest.param("started()", id="started again"),
        pytest.param("say({ kind: 'ready' })", id="ready again"),
        pytest.param("say({ kind: 'exit', wait_status: 0 })", id="an exit"),
        pytest.param("raw(9, 'cut')", id="half a frame"),
        pytest.param("say({ kind: 'report', value: 1, more: 2 })", id="an unknown key"),
    ],
)
async def test_odd_frame_after_the_start_costs_the_report_alone(lies: str) -> None:
    async with lying_engine(f"ready(); started(); {lies}; Deno.exit(3)") as engine:
        result = await engine.run(PROGRAM, POLICY)

    assert (result.status, result.exit_code, result.value) == ("error", 3, None)


async def test_first_of_two_reports_counts() -> None:
    reports = "say({ kind: 'report', value: 1 }); say({ kind: 'report', value: 2 })"
    async with lying_engine(f"ready(); started(); {reports}") as engine:
        result = await engine.run(PROGRAM, POLICY)

    assert (result.status, result.value) == ("ok", 1)


@pytest.mark.parametrize("fork", [True, False], ids=["fork", "exec"])
async def test_report_alone_does_not_end_the_run(fork: bool) -> None:
    later = "setTimeout(() => { console.log('later'); Deno.exit(4); }, 50)"
    async with lying_engine(
        f"ready(); started(); say({{ kind: 'report', value: 1 }}); {later}", fork=fork
    ) as engine:
        await engine.run(PROGRAM, POLICY)  # starts the zygote where there is one
        result = await engine.run(PROGRAM, POLICY)

    assert (result.isolation.fallback, result.exit_code, result.value) == (None, 4, 1)
    assert result.stdout == "later\n"


async def test_flood_of_frames_does_not_outlive_the_wall_limit() -> None:
    policy = Policy(limits=Limits(wall_seconds=0.5))
    async with lying_engine("ready(); started(); for (;;) say({ kind: 'started' })") as engine:
        result = await engine.run(PROGRAM, policy)

    assert result.status in ("timeout", "crashed", "error")


async def test_guest_that_never_reads_its_program_is_ended_at_the_wall_limit() -> None:
    lies = "say({ kind: 'ready' }); setInterval(() => {}, 1000)"
    program = Program(code="1", language="javascript", stdin=b"x" * (1 << 20))
    async with lying_engine(lies) as engine:
        result = await engine.run(program, Policy(limits=Limits(wall_seconds=0.5)))

    assert result.reason == "wall-limit"


async def test_guest_killed_while_it_waits_is_replaced() -> None:
    async with Engine(config(pool={"warm": 1})) as engine:
        await engine.run(PROGRAM)
        await until(lambda: engine.stats().pools[-1].idle == 1, what="a sandbox waits")
        [warden] = wardens()
        for pid in waiting_guests(warden):
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not jailed(warden), what="its jail is gone")

        result = await engine.run(PROGRAM)

    assert (result.status, result.value) == ("ok", 2)


async def test_descriptors_are_as_many_after_many_runs() -> None:
    async with Engine(config()) as engine:
        await engine.run(PROGRAM)
        before = descriptors()

        for _ in range(5):
            await engine.run(PROGRAM)

        await until(lambda: len(descriptors()) <= len(before), what="no descriptor is left")


@pytest.mark.parametrize("name", ["missing", "folder", "text", "not-deno"])
async def test_deno_that_cannot_be_used_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    path = unusable(tmp_path, name)

    with pytest.raises(RuntimeUnavailableError) as caught:
        await run_with(config(deno=str(path)))

    assert str(path) in str(caught.value)
    assert caught.value.hint


async def run_with(settings: EngineConfig) -> None:
    async with Engine(settings) as engine:
        await engine.run(PROGRAM, Policy(isolation=Isolation(require=("deno",))))


def unusable(folder: Path, name: str) -> Path:
    """Make something that is no Deno."""
    path = folder / name
    match name:
        case "folder":
            path.mkdir()
        case "text":
            path.write_text("no program")
            path.chmod(0o755)
        case "not-deno":
            shutil.copy("/bin/true", path)
    return path


def waiting_guests(warden: int) -> list[int]:
    return [pid for pid in jailed(warden) if "/deno run" in command_line(pid)]


async def test_guest_code_that_was_changed_is_another_folder(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    shutil.copytree(_guest_files._SOURCES, sources)
    first = ensure_guest_js(tmp_path / "cache", sources)

    (sources / "javascript.js").write_text("changed")

    assert ensure_guest_js(tmp_path / "cache", sources) != first
