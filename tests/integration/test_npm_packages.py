"""Fetched npm packages in real jails: read-only, offline, and only where the policy grants them."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine import Engine, File, Program, Result, load_config
from engine._host import open_host
from policies import Policy
from runtimes.deno import DenoRuntime
from runtimes.deno._npm_setup import ensure_npm
from runtimes.v8 import find_deno
from tests.support.jails import config
from tests.support.npm_registry import serve
from tests.support.zygotes import world_readable_folder

pytestmark = [pytest.mark.jail, pytest.mark.slow]

GRANTED = Policy(packages="prefetched")
#: Of the machine's own cache, built once for all tests.
_SHARED = ("environments", "interpreters", "tools", "guest", "deno", "guest-js", "proofs")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
def cache() -> Iterator[Path]:
    """A cache with npm packages, and with all else that is in the machine's own one."""
    with world_readable_folder() as folder, serve() as registry, pytest.MonkeyPatch.context() as patch:
        for name in _SHARED:
            (load_config().cache / name).mkdir(exist_ok=True)
            (folder / name).symlink_to(load_config().cache / name)
        registry.add("half", "1.2.0", {"i.js": "exports.half = (x) => x / 2;"}, main="i.js")
        registry.add(
            "typed",
            "2.0.0",
            {
                "i.js": "import {half} from 'half'; export const quarter = (x) => half(half(x));",
                "i.d.ts": "export declare function quarter(x: number): number;",
            },
            type="module",
            exports={".": {"types": "./i.d.ts", "default": "./i.js"}},
            dependencies={"half": "^1.0.0"},
        )
        patch.setenv("NPM_CONFIG_REGISTRY", registry.url)
        ensure_npm(folder, find_deno(None, folder), ["typed", "half@1"], lambda message: None)
        yield folder


@asynccontextmanager
async def opened(cache: Path, warm: int) -> AsyncGenerator[Engine]:
    settings = config(pool={"warm": warm}, **{"cache-dir": str(cache)})
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DenoRuntime(host)]) as engine:
            yield engine


@pytest.fixture(scope="module", params=["cold", "warm"])
async def engine(anyio_backend: str, cache: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Engine]:
    async with opened(cache, 1 if request.param == "warm" else 0) as engine:
        yield engine


async def run(engine: Engine, code: str, policy: Policy = GRANTED, *, check: bool = False) -> Result:
    return await engine.run(Program(code=code, language="typescript", check=check), policy=policy)


@pytest.mark.parametrize(
    "program",
    [
        "import { quarter } from 'npm:typed@2';\nconsole.log(quarter(8));",
        "import { quarter } from 'typed';\nconsole.log(quarter(8));",
        "const { quarter } = await import('typed');\nconsole.log(quarter(8));",
        "const { half } = require('half');\nconsole.log(half(4));",
        "import fs from 'fs';\nimport { half } from 'half';\nfs.writeSync(1, `${half(4)}`);",
    ],
)
async def test_program_imports_a_fetched_package(engine: Engine, program: str) -> None:
    result = await run(engine, program)

    assert (result.stdout.strip(), result.stderr) == ("2", "")


async def test_input_file_imports_a_fetched_package(engine: Engine) -> None:
    module = File(name="mine.ts", data=b"export { quarter as mine } from 'typed';")
    code = "import { mine } from './mine.ts';\nconsole.log(mine(4));"

    result = await engine.run(Program(code=code, language="typescript", files=(module,)), policy=GRANTED)

    assert result.stdout == "1\n"


async def test_package_needs_a_grant(engine: Engine) -> None:
    result = await run(engine, "import 'npm:typed@2';", Policy())

    assert result.exit_code == 1
    assert "not granted" in result.stderr
    assert "prefetched" in str(result.hint)


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("import 'npm:missing';", "isorun setup --npm missing"),
        ("import 'missing';", "isorun setup --npm missing"),
        ("import 'npm:half@9';", "isorun setup --npm half@9"),
        ("await import('npm:half@9');", "isorun setup --npm half@9"),
    ],
)
async def test_package_that_was_not_fetched_is_named_with_the_command(
    engine: Engine, program: str, command: str
) -> None:
    result = await run(engine, program)

    assert result.exit_code == 1
    assert command in str(result.hint)


async def test_packages_cannot_be_changed(engine: Engine) -> None:
    result = await run(
        engine,
        "const folder = '/opt/tools/npm';\n"
        "console.log([...Deno.readDirSync(folder)].map((entry) => entry.name).sort().join());\n"
        "try { Deno.writeTextFileSync(folder + '/x', ''); } catch (error) { console.log(error.name); }",
    )

    assert result.stdout == "import_map.json,npm\nNotCapable\n"


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import { quarter } from 'typed';\nconst x: number = quarter(8);\nconsole.log(x);", ""),
        ("import { quarter } from 'typed';\nconst x: string = quarter(8);\nconsole.log(x);", "TS2322"),
        ("import { half } from 'half';\nconsole.log(half(4));", ""),
    ],
)
async def test_check_knows_the_types_of_packages(cache: Path, program: str, expected: str) -> None:
    async with opened(cache, 0) as engine:
        result = await run(engine, program, check=True)

    assert expected in result.stderr
    assert result.ok is (expected == "")
