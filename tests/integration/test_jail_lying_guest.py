"""A jail whose first process lies, falls silent or dies: every case is a typed error and leaves nothing.

The guest code is trusted until user code runs. These tests replace it, to see that the host does not rely on
that trust for its own safety.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import override

import pytest

from engine import (
    Engine,
    Host,
    Program,
    ProtocolError,
    Result,
    SandboxError,
    SandboxLostError,
    SandboxStartError,
    Template,
)
from engine._host import open_host
from policies import Policy
from runtimes.jails import Handover
from runtimes.jails._guest_code import _compile
from runtimes.jails._launcher import Jailed
from runtimes.jails._origin import Origin
from runtimes.jails._pipes import make_pipes
from runtimes.jails._request import EXEC_PIDS, bounds_of
from runtimes.jails._sandbox import JailSandbox
from tests.support.jails import EditedRuntime, config, limited, run_python
from tests.support.machine import descriptors, group_folders, jailed, until, wardens

pytestmark = pytest.mark.jail

PRELUDE = """
import _socket, os, sys, time
control = _socket.socket(fileno=3)
def frame(text):
    return len(text).to_bytes(4, "big") + text
def rights(*numbers):
    data = b"".join(number.to_bytes(4, sys.byteorder) for number in numbers)
    return [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, data)]
def work():
    os.mkdir("/box/work")
    return os.open("/box/work", os.O_RDONLY)
READY = frame(b'{"kind":"ready"}')
STARTED = frame(b'{"kind":"started","monotonic_ns":%d}' % time.monotonic_ns())
def ready():
    control.sendmsg([READY], rights(work(), os.open("/proc/self/ns/mnt", os.O_RDONLY)))
    control.recv(1)
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


class LyingRuntime(EditedRuntime):
    """The runtime with another supervisor."""

    def __init__(self, host: Host, folder: Path) -> None:
        super().__init__(host, lambda jail: None)
        self._lies = folder

    @override
    def _find_parts(self) -> None:
        super()._find_parts()
        self._guest_code = self._lies


@asynccontextmanager
async def lying_engine(folder: Path, lies: str) -> AsyncGenerator[Engine]:
    """Open an engine whose supervisor runs `lies`; on leaving, see that nothing is left of it."""
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o755)
    _compile(folder, "supervisor.py", f"{PRELUDE}\n{lies}\n".encode())
    settings = config()
    async with open_host(settings) as host:
        runtime = LyingRuntime(host, folder)
        async with Engine(settings, runtimes=[runtime]) as engine:
            await run_quietly(engine)  # what is opened once is open from here on
            before = descriptors()
            yield engine
            await until(lambda: descriptors() == before, what="no descriptor is left")
            [pid] = wardens()
            await until(lambda: not jailed(pid), what="no process is left")
            # The warden's own folder, and that of the process it keeps waiting.
            assert len({path.name for path in group_folders(pid)}) <= 2


async def run_quietly(engine: Engine) -> Result | None:
    try:
        return await run_python(engine, "print(1)", limited(wall_seconds=0.5))
    except SandboxError:
        return None


@pytest.mark.parametrize(
    ("lies", "error"),
    [
        pytest.param("os._exit(3)", SandboxStartError, id="dies at once"),
        pytest.param("raise SystemExit('no')", SandboxStartError, id="fails at once"),
        pytest.param("control.close(); time.sleep(0.3)", SandboxStartError, id="hangs up"),
        pytest.param("control.sendall(b'garbage' * 100); time.sleep(60)", ProtocolError, id="garbage"),
        pytest.param("control.sendall(b'\\xff' * 8); time.sleep(60)", ProtocolError, id="broken text"),
        pytest.param("control.sendall(READY); time.sleep(60)", ProtocolError, id="no folder"),
        pytest.param(
            "folder = work(); control.sendmsg([READY], rights(folder, folder, 0)); time.sleep(60)",
            ProtocolError,
            id="too many descriptors",
        ),
        pytest.param(
            "control.sendmsg([READY], rights(work())); time.sleep(60)", ProtocolError, id="no namespace"
        ),
        pytest.param(
            "control.sendmsg([STARTED], rights(work())); time.sleep(60)", ProtocolError, id="too early"
        ),
    ],
)
async def test_lie_before_the_program_is_a_typed_error(
    lies: str, error: type[SandboxError], tmp_path: Path
) -> None:
    async with lying_engine(tmp_path, lies) as engine:
        with pytest.raises(error) as caught:
            await run_python(engine, "print(1)", limited(wall_seconds=5))

    assert not caught.value.dispatched


@pytest.mark.parametrize(
    ("lies", "error"),
    [
        pytest.param("os._exit(0)", SandboxLostError, id="dies with the program in hand"),
        pytest.param(
            'control.sendall(frame(b\'{"kind":"failed","error":"no"}\')); os._exit(0)',
            SandboxStartError,
            id="refuses",
        ),
        pytest.param("control.sendall(STARTED + READY); os._exit(0)", ProtocolError, id="ready again"),
        pytest.param(
            "control.sendall(STARTED + (1 << 31).to_bytes(4, 'big') + b'x'); os._exit(0)",
            ProtocolError,
            id="a frame of two gibibytes",
        ),
        pytest.param(
            'control.sendall(STARTED + frame(b\'{"kind":"exit"}\')); os._exit(0)',
            ProtocolError,
            id="incomplete frame",
        ),
        pytest.param(
            "control.sendall(STARTED + frame(b'\\xff\\xfe')); os._exit(0)", ProtocolError, id="broken text"
        ),
    ],
)
async def test_lie_about_the_program_is_a_typed_error(
    lies: str, error: type[SandboxError], tmp_path: Path
) -> None:
    async with lying_engine(tmp_path, f"ready()\n{lies}") as engine:
        with pytest.raises(error):
            await run_python(engine, "print(1)", limited(wall_seconds=5))


async def test_supervisor_that_says_nothing_of_the_end_is_a_crash(tmp_path: Path) -> None:
    async with lying_engine(tmp_path, "ready()\ncontrol.sendall(STARTED)\nos._exit(0)") as engine:
        result = await run_python(engine, "print(1)", limited(wall_seconds=5))

    assert (result.status, result.reason) == ("crashed", "supervisor-died")


@pytest.mark.parametrize("code", [77777, -1, 1 << 40])
async def test_absurd_wait_status_is_no_success(code: int, tmp_path: Path) -> None:
    end = f'{{"kind":"exit","wait_status":{code}}}'
    lies = f"ready()\ncontrol.sendall(STARTED + frame({end.encode()!r}))\nos._exit(0)"
    async with lying_engine(tmp_path, lies) as engine:
        result = await run_quietly(engine)

    assert result is None or not result.ok


async def test_flood_of_frames_does_not_outlive_the_wall_limit(tmp_path: Path) -> None:
    lies = "ready()\ncontrol.sendall(STARTED)\nwhile True: control.send(STARTED * 100)"
    async with lying_engine(tmp_path, lies) as engine:
        result = await run_python(engine, "print(1)", limited(wall_seconds=0.5))

    assert result.reason in ("wall-limit", "cpu-limit")


def never(program: Program, policy: Policy, live: bool) -> Handover:
    raise AssertionError("no program is handed over")


async def test_jail_that_never_becomes_ready_is_given_up(tmp_path: Path) -> None:
    async with open_host(config()) as host:
        await host.warden.ready()
        pipes, guest = make_pipes(None)
        bounds = bounds_of(limited(), EXEC_PIDS)
        child = host.warden.spawn(["/bin/sleep", "300"], guest.descriptors, bounds)
        guest.close()
        template = Template(runtime="nsjail", key=(), policy=limited())
        runtime = EditedRuntime(host, lambda jail: None)
        sandbox = JailSandbox(template, Jailed(child, pipes), Origin(), runtime.capabilities, never)

        with pytest.raises(SandboxStartError, match=r"not ready within 0\.2 s") as caught:
            await sandbox.wait_ready(0.2)
        await sandbox.aclose()

        [pid] = wardens()
        assert jailed(pid) == []
    assert not caught.value.dispatched
