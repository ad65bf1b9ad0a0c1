"""Two runs: what one leaves must not reach the next, and what runs beside must not be reached."""

import anyio
import pytest

from engine import Engine, Output, Program, Result
from tests.support.jails import limited, run_python
from tests.support.machine import until, wardens

from .outside import programs, uid_of

pytestmark = pytest.mark.jail

LEAVES = """
import ctypes, os, socket
places = ["/dev/shm", "/tmp", "/box", "/box/tmp", "/box/work", os.environ["HOME"], os.getcwd()]
left = []
for place in places:
    try:
        os.mkdir(f"{place}/residue")
        open(f"{place}/residue/file", "w").write("left behind")
        left.append(place)
    except OSError:
        pass
libc = ctypes.CDLL(None, use_errno=True)
segment = libc.shmget(0x1507, 4096, 0o1666)
libc.semget(0x1507, 1, 0o1666)
libc.msgget(0x1507, 0o1666)
try:
    libc.mq_open(b"/residue", 0o102, 0o600, None)
except OSError:
    pass
result = {"left": left, "segment": segment}
"""

LOOKS = """
import ctypes, os
found = []
for folder in ("/dev/shm", "/tmp", "/box", "/dev/mqueue", "/box/work", "/box/tmp"):
    for here, names, files in os.walk(folder):
        found += [f"{here}/{name}" for name in [*names, *files] if "residue" in name]
libc = ctypes.CDLL(None, use_errno=True)
for name, call in (
    ("segment", lambda: libc.shmget(0x1507, 0, 0)),
    ("semaphore", lambda: libc.semget(0x1507, 0, 0)),
    ("queue", lambda: libc.msgget(0x1507, 0)),
    ("posix queue", lambda: libc.mq_open(b"/residue", 0)),
):
    if call() >= 0:
        found.append(name)
result = found
"""

KEYRING = """
import ctypes, os, signal
def in_child(call):
    pid = os.fork()
    if pid == 0:
        call()
        os._exit(0)
    return os.waitpid(pid, 0)[1]
libc = ctypes.CDLL(None, use_errno=True)
add = lambda: libc.syscall(248, b"user", b"residue", b"secret", 6, -3)
read = lambda: libc.syscall(250, 11, -3, 0, 0, 0)
result = [signal.Signals(os.WTERMSIG(in_child(call))).name for call in (add, read)]
"""


@pytest.mark.rows(21)
async def test_next_run_finds_nothing_that_the_last_one_left(engine: Engine) -> None:
    first = await run_python(engine, LEAVES)
    assert first.value["left"]
    assert first.value["segment"] >= 0

    second = await run_python(engine, LOOKS)

    assert second.value == []


@pytest.mark.rows(21)
async def test_kernel_keyrings_are_closed(engine: Engine) -> None:
    result = await run_python(engine, KEYRING)

    assert result.value == ["SIGSYS", "SIGSYS"]


@pytest.mark.rows(21)
async def test_names_changed_in_one_run_are_original_in_the_next(engine: Engine) -> None:
    await run_python(engine, "import builtins, sys\nbuiltins.print = None\nsys.path.insert(0, '/evil')")

    result = await run_python(engine, "import sys\nprint('fine', '/evil' in sys.path)")

    assert result.stdout == "fine False\n"


WAITS = """
import os, socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind("\\0sibling")
server.listen()
open("/dev/shm/sibling", "w").write("beside")
open("/tmp/sibling", "w").write("beside")
open("sibling", "w").write("beside")
print("ready", flush=True)
sys.stdin.read()
while not os.path.exists("/box/stop"):
    time.sleep(0.05)
"""

REACHES = """
import os, signal, socket
found = []
for name in ("/dev/shm/sibling", "/tmp/sibling", "/box/work/sibling"):
    if os.path.exists(name):
        found.append(name)
try:
    socket.socket(socket.AF_UNIX).connect("\\0sibling")
    found.append("abstract socket")
except ConnectionRefusedError:
    pass
found += [entry for entry in os.listdir("/proc") if entry.isdigit() and int(entry) != os.getpid()]
for number in (signal.SIGTERM, signal.SIGKILL):
    try:
        os.kill(-1, number)
    except ProcessLookupError:
        pass
try:
    os.kill(1, signal.SIGKILL)
except OSError:
    pass
result = found
"""


@pytest.mark.rows(22)
async def test_siblings_cannot_see_or_hurt_each_other(engine: Engine) -> None:
    ready = anyio.Event()
    results: list[Result] = []

    def watch(output: Output) -> None:
        ready.set()

    async def wait_beside() -> None:
        results.append(await engine.run(Program(code=WAITS), limited(wall_seconds=2), emit=watch))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait_beside)
        await ready.wait()
        reached = await run_python(engine, REACHES)

    assert reached.value == []
    [beside] = results
    # It lived until its own deadline: nobody ended it.
    assert (beside.stdout, beside.reason) == ("ready\n", "wall-limit")


@pytest.mark.rows(22)
async def test_siblings_run_under_different_uids(engine: Engine) -> None:
    """Seen from the host, so that limits counted per uid and ownership checks keep runs apart."""
    ready = [anyio.Event(), anyio.Event()]
    code = "import time\nprint('ready', flush=True)\ntime.sleep(30)"
    owners: list[set[int]] = []
    async with anyio.create_task_group() as tasks:
        for event in ready:
            tasks.start_soon(_watched, engine, code, event)
        for event in ready:
            await event.wait()
        owners.append(jail_uids())
        tasks.cancel_scope.cancel()

    assert len(owners[0]) == 2


@pytest.mark.rows(22)
async def test_siblings_cannot_watch_each_others_use_of_shared_files(engine: Engine) -> None:
    code = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
descriptor = libc.inotify_init1(0o4000)
result = descriptor >= 0 and libc.inotify_add_watch(descriptor, json.__file__.encode(), 0xFFF) >= 0
"""

    result = await run_python(engine, code)

    assert result.value is False


def jail_uids() -> set[int]:
    """Return the host uids of the programs that run in our jails."""
    [warden] = wardens()
    return {uid_of(pid) for pid in programs(warden)}


async def _watched(engine: Engine, code: str, ready: anyio.Event) -> None:
    await engine.run(Program(code=code), emit=lambda output: ready.set())


async def test_daemon_of_one_run_is_gone_when_the_next_begins(engine: Engine) -> None:
    await run_python(engine, "import os, time\nif os.fork() == 0:\n os.setsid(); time.sleep(60)")

    result = await run_python(engine, "import os\nresult = [e for e in os.listdir('/proc') if e.isdigit()]")

    assert result.value == ["2"]
    await until(lambda: not jail_uids(), what="the host sees no process of a jail")
