"""What a policy mounts comes into a sandbox that waits: read-only, for that run alone, nothing besides."""

import ast
import os
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from engine import Engine, Output, Program, Result, SandboxStartError
from policies import Isolation, Mount, Policy
from runtimes.jails import _sandbox
from tests.support.changed_warden import change_warden
from tests.support.jails import config
from tests.support.machine import children, command_line, descriptors, until, wardens
from tests.support.zygotes import world_readable_folder

pytestmark = [pytest.mark.jail, pytest.mark.timeout(90)]


@pytest.fixture
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anybody may read and write."""
    with world_readable_folder() as path:
        path.chmod(0o777)
        (path / "data.txt").write_text("shown")
        (path / "data.txt").chmod(0o666)
        yield path


#: Runtime -> language, and whether it is forked.
TIERS: dict[str, tuple[str, str, bool]] = {
    "exec": ("nsjail", "python", False),
    "fork": ("nsjail", "python", True),
    "deno exec": ("deno", "javascript", False),
    "deno": ("deno", "javascript", True),
    "pyodide": ("pyodide", "python", True),
}
READ = {
    "python": "print(open('/mnt/data/data.txt').read())",
    "javascript": "console.log(Deno.readTextFileSync('/mnt/data/data.txt'))",
}
WRITE = {
    "python": """
import os
done = []
for name, call in {
    "append": lambda: open("/mnt/data/data.txt", "a"),
    "create": lambda: open("/mnt/data/planted", "w"),
    "remove": lambda: os.remove("/mnt/data/data.txt"),
    "create beside": lambda: open("/mnt/planted", "w"),
    "create below": lambda: open("/mnt/data/below/planted", "w"),
}.items():
    try:
        call()
        done.append(name)
    except OSError:
        pass
print(done)
""",
    "javascript": """
const done = [];
for (const [name, call] of Object.entries({
  append: () => Deno.writeTextFileSync("/mnt/data/data.txt", "x", { append: true }),
  create: () => Deno.writeTextFileSync("/mnt/data/planted", ""),
  remove: () => Deno.removeSync("/mnt/data/data.txt"),
  beside: () => Deno.writeTextFileSync("/mnt/planted", ""),
  below: () => Deno.writeTextFileSync("/mnt/data/below/planted", ""),
})) {
  try { call(); done.push(name); } catch { continue; }
}
console.log(JSON.stringify(done));
""",
}
LIST = {
    "python": """
import os
try:
    print(os.listdir("/mnt"))
except PermissionError:
    print([])
""",
    "javascript": """
let names = [];
try { names = [...Deno.readDirSync("/mnt")]; } catch { /* nothing to see */ }
console.log(JSON.stringify(names));
""",
}

type Run = Callable[[dict[str, str], Policy], Awaitable[Result]]


@asynccontextmanager
async def waiting(tier: str) -> AsyncGenerator[Run]:
    """Have sandboxes wait; yield what runs a program in one of them."""
    runtime, language, fork = TIERS[tier]
    isolation = Isolation(require=(runtime,))
    async with Engine(config(fork=fork, pool={"warm": 1})) as engine:

        async def run(code: dict[str, str], policy: Policy) -> Result:
            await until(lambda: not engine.stats().pools or engine.stats().pools[0].idle, what="one waits")
            program = Program(code=code[language], language=language)
            result = await engine.run(program, msgspec.structs.replace(policy, isolation=isolation))
            assert len(engine.stats().pools) == 1
            return result

        await run(LIST, Policy())
        yield run


def showing(source: Path, target: str = "/mnt/data") -> Policy:
    return Policy(mounts=(Mount(source=str(source), target=target),))


@pytest.fixture
def below(folder: Path) -> Iterator[Path]:
    """A file system mounted below the folder that is shown."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount something below the folder")
    path = folder / "below"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0777", "test", path], check=True)
    yield path
    subprocess.run(["umount", path], check=True)


@pytest.mark.rows(1, 26)
@pytest.mark.parametrize("tier", TIERS)
async def test_mount_comes_into_a_waiting_sandbox_and_cannot_be_written(
    tier: str, folder: Path, below: Path
) -> None:
    async with waiting(tier) as run:
        read = await run(READ, showing(folder))
        written = await run(WRITE, showing(folder))
        after = await run(LIST, Policy())

    assert (read.stdout, read.isolation.path) == ("shown\n", "warm")
    assert (written.stdout, written.isolation.path) == ("[]\n", "warm")
    assert (after.stdout, after.isolation.path) == ("[]\n", "warm")
    assert sorted(os.listdir(folder)) == ["below", "data.txt"]
    assert os.listdir(below) == []
    assert (folder / "data.txt").read_text() == "shown"


async def test_every_mount_and_what_is_below_it_is_closed(folder: Path, below: Path) -> None:
    code = "print([line.split()[4:6] for line in open('/proc/self/mountinfo') if ' /mnt' in line])"
    policy = Policy(
        mounts=(
            Mount(source=str(folder), target="/mnt/data"),
            Mount(source=str(folder / "data.txt"), target="/mnt/one.txt"),
        )
    )
    async with waiting("fork") as run:
        result = await run({"python": code}, policy)

    seen = dict(ast.literal_eval(result.stdout))
    assert sorted(seen) == ["/mnt", "/mnt/data", "/mnt/data/below", "/mnt/one.txt"]
    lacking = {name: {"ro", "nosuid", "nodev"} - set(options.split(",")) for name, options in seen.items()}
    assert not any(lacking.values()), lacking


async def test_what_is_mounted_later_is_not_seen(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount something below the folder")
    (folder / "later").mkdir()
    code = """
import os, time
print("ready", flush=True)
while not os.path.exists("/mnt/data/go"):
    time.sleep(0.01)
print(os.listdir("/mnt/data/later"))
"""
    said = b""
    async with Engine(config(fork=True)) as engine:
        async with aclosing(engine.stream(Program(code=code), showing(folder))) as events:
            async for event in events:
                said += event.data if isinstance(event, Output) else b""
                if said == b"ready\n":
                    await anyio.run_process(["mount", "-t", "tmpfs", "test", folder / "later"])
                    (folder / "later" / "secret").touch()
                    (folder / "go").touch()
    await anyio.run_process(["umount", folder / "later"])

    assert said == b"ready\n[]\n"


# The defences, taken away

WRITABLE = "from engine.warden import fitting; fitting._CLOSED = 6; fitting._verify = lambda target: None"
UNVERIFIED = "from engine.warden import fitting; fitting._CLOSED = 6"


async def test_attributes_are_what_keeps_the_folder_unchanged(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_warden(monkeypatch, WRITABLE)

    async with waiting("fork") as run:
        result = await run(WRITE, showing(folder))

    assert "create" in result.stdout
    assert not (folder / "data.txt").exists()


async def test_mount_that_is_not_closed_is_no_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_warden(monkeypatch, UNVERIFIED)

    async with waiting("fork") as run:
        with pytest.raises(SandboxStartError, match="not read-only"):
            await run(WRITE, showing(folder))

    assert os.listdir(folder) == ["data.txt"]


# Faults


def fitters(warden: int) -> list[int]:
    """Return the children of a warden that are none of a sandbox."""
    return [pid for pid in children(warden) if "engine.warden" in command_line(pid)]


async def test_source_that_does_not_answer_holds_nobody_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_warden(
        monkeypatch,
        "import time; from engine.warden import fitting; fitting._copy = lambda source: time.sleep(600)",
    )
    monkeypatch.setattr(_sandbox, "FIT_SECONDS", 0.2)
    async with waiting("fork") as run:
        [warden] = wardens()
        before = len(fitters(warden))
        with pytest.raises(SandboxStartError, match=r"not there within 0\.2 s"):
            await run(READ, showing(folder))

        assert (await run(LIST, Policy())).isolation.path == "warm"
        await until(lambda: len(fitters(warden)) == before, what="the child that hung is gone")


async def test_child_of_the_warden_that_is_killed_is_a_typed_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = "import os; from engine.warden import fitting; fitting._copy = lambda _: os.kill(os.getpid(), 9)"
    change_warden(monkeypatch, killed)
    async with waiting("fork") as run:
        with pytest.raises(SandboxStartError, match="killed meanwhile"):
            await run(READ, showing(folder))

        assert (await run(LIST, Policy())).stdout == "[]\n"


async def test_caller_that_gives_up_meanwhile_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_warden(
        monkeypatch,
        "import time; from engine.warden import fitting; fitting._copy = lambda source: time.sleep(600)",
    )
    async with waiting("fork") as run:
        [warden] = wardens()
        before = len(fitters(warden))
        with anyio.move_on_after(0.2) as scope:
            await run(READ, showing(folder))

        assert scope.cancelled_caught
        await until(lambda: len(fitters(warden)) == before, what="the child that hung is gone")


async def test_run_that_is_cancelled_meanwhile_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_warden(
        monkeypatch,
        "import time; from engine.warden import fitting; fitting._copy = lambda source: time.sleep(600)",
    )
    async with Engine(config(fork=True, pool={"warm": 1})) as engine:
        await engine.run(Program(code="1"))
        [warden] = wardens()
        before = len(fitters(warden))
        results: list[Result] = []

        async def run() -> None:
            results.append(await engine.run(Program(code="1"), showing(folder)))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await until(lambda: len(fitters(warden)) > before, what="the mounts are on their way")
            [call] = engine.runs()
            await engine.kill(call.id)

    assert [result.status for result in results] == ["cancelled"]


async def test_mounts_leave_no_descriptor_behind(folder: Path) -> None:
    async with waiting("fork") as run:
        await run(READ, showing(folder))
        await run(LIST, Policy())
        before = descriptors()
        for _ in range(5):
            await run(READ, showing(folder))
        await run(LIST, Policy())

        await until(lambda: len(descriptors()) <= len(before), what="no descriptor is left")


@pytest.mark.parametrize(("length", "is_refused"), [(4000, True), (10, False)])
async def test_mounts_that_are_too_many_for_one_message(folder: Path, length: int, is_refused: bool) -> None:
    mounts = tuple(
        Mount(source=f"{folder}{'/.' * (length // 2)}", target=f"/mnt/{number}") for number in range(20)
    )
    async with waiting("fork") as run:
        if is_refused:
            with pytest.raises(SandboxStartError, match="too many mounts"):
                await run(LIST, Policy(mounts=mounts))
        else:
            result = await run(LIST, Policy(mounts=mounts))
            assert len(ast.literal_eval(result.stdout)) == 20
