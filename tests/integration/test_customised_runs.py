"""What arrives with a program: twenty common ways to ask for something of one's own are served warm."""

import ast
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from engine import Caller, Engine, File, Policy, Program, Result
from policies import Isolation, Mount
from tests.support.jails import config, limited
from tests.support.machine import until
from tests.support.zygotes import world_readable_folder

pytestmark = [pytest.mark.jail, pytest.mark.slow]


@pytest.fixture
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


_HELLO = "print('hello')"


#: Name -> what is asked for, and under which policy.
VARIATIONS: dict[str, tuple[Program, Policy]] = {
    "nothing": (Program(code=_HELLO), Policy()),
    "arguments": (Program(code=_HELLO, args=("a", "b c")), Policy()),
    "environment": (Program(code=_HELLO, env={"NAME": "value"}), Policy()),
    "environment of the policy": (Program(code=_HELLO), Policy(env={"NAME": "value"})),
    "standard input": (Program(code=_HELLO, stdin=b"x" * 100_000), Policy()),
    "a file": (Program(code=_HELLO, files=(File(name="a.csv", data=b"1,2\n"),)), Policy()),
    "files in folders": (
        Program(code=_HELLO, files=tuple(File(name=f"f{n}/x.txt", data=b"x") for n in range(20))),
        Policy(),
    ),
    "a large file": (Program(code=_HELLO, files=(File(name="a.bin", data=bytes(8 << 20)),)), Policy()),
    "a file of the host": (Program(code=_HELLO, files=(File(name="a.py", path=__file__),)), Policy()),
    "a read-only file": (
        Program(code=_HELLO, files=(File(name="a.txt", data=b"x", read_only=True),)),
        Policy(),
    ),
    "a large program": (Program(code=_HELLO + "\n# " + "x" * 500_000), Policy()),
    "wall time": (Program(code=_HELLO), limited(wall_seconds=3)),
    "cpu time": (Program(code=_HELLO), limited(cpu_seconds=2)),
    "memory": (Program(code=_HELLO), limited(memory_mib=1024)),
    "processes": (Program(code=_HELLO), limited(pids=8)),
    "output": (Program(code=_HELLO), limited(output_kib=16)),
    "disk": (Program(code=_HELLO), limited(disk_mib=256)),
    "number of files": (Program(code=_HELLO), limited(file_count=64)),
    "open files": (Program(code=_HELLO), limited(open_files=64)),
    "collected files": (Program(code=_HELLO), limited(artifact_mib=1, artifact_count=1)),
    "isolation": (Program(code=_HELLO), Policy(isolation=Isolation(require=("nsjail",)))),
    "a folder of the host": (Program(code=_HELLO), Policy(mounts=(Mount(source="/etc", target="/mnt/a"),))),
    "a mounted file": (Program(code=_HELLO), Policy(mounts=(Mount(source=__file__, target="/mnt/a.py"),))),
}


@asynccontextmanager
async def warm_engine() -> AsyncGenerator[Engine]:
    async with Engine(config(fork=True, pool={"warm": 1})) as engine:
        await engine.run(Program(code="1"))
        await until_waiting(engine)
        yield engine


async def until_waiting(engine: Engine) -> None:
    await until(lambda: engine.stats().pools[0].idle == 1, what="a sandbox waits")


async def asked(engine: Engine, program: Program, policy: Policy) -> Result:
    await until_waiting(engine)
    return await engine.run(program, policy, caller=Caller(name="test"))


async def test_customised_run_finds_a_sandbox_waiting() -> None:
    async with warm_engine() as engine:
        results = {name: await asked(engine, *wanted) for name, wanted in VARIATIONS.items()}
        pools = engine.stats().pools

    assert len(VARIATIONS) >= 20
    assert {name: result.stdout for name, result in results.items()} == dict.fromkeys(VARIATIONS, "hello\n")
    assert {name: result.isolation.path for name, result in results.items()} == dict.fromkeys(
        VARIATIONS, "warm"
    )
    assert len(pools) == 1


async def test_runs_with_mounts_of_their_own_find_a_sandbox_waiting() -> None:
    program = Program(code="import os\nprint([open(f'/mnt/{name}/a').read() for name in os.listdir('/mnt')])")
    with world_readable_folder() as folder, world_readable_folder() as other:
        mounts = [Mount(source=str(path), target=f"/mnt/{path.name}") for path in (folder, other)]
        for path in (folder, other):
            (path / "a").write_text(path.name)
            (path / "a").chmod(0o644)
        async with warm_engine() as engine:
            results = [
                await asked(engine, program, Policy(mounts=wanted))
                for wanted in ((mounts[0],), (mounts[1],), tuple(mounts))
            ]
            pools = engine.stats().pools

    found = [sorted(ast.literal_eval(result.stdout)) for result in results]
    assert found == [[folder.name], [other.name], sorted([folder.name, other.name])]
    assert {result.isolation.path for result in results} == {"warm"}
    assert len(pools) == 1
