"""What the set-up left for Deno and Pyodide is missing or damaged: refused by name, and mended by `setup`."""

import os
import shutil
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine import ConfigError, Engine, Program, RuntimeUnavailableError, load_config
from engine.cli import main
from policies import Isolation, Policy
from runtimes.deno._npm_setup import ensure_npm
from runtimes.v8 import find_deno
from runtimes.v8._copy import is_sound
from tests.support.jails import config
from tests.support.machine import jailed, wardens
from tests.support.npm_registry import Registry, serve
from tests.support.pyodide_guest import pyodide
from tests.support.zygotes import world_readable_folder

pytestmark = [pytest.mark.jail, pytest.mark.slow]

type Damage = Callable[[Path], Path]

PYTHON = Program(code="1 + 1")
JAVASCRIPT = Program(code="1 + 1", language="javascript")
IMPORT = Program(code="import { half } from 'half';\nconsole.log(half(4));", language="javascript")
IMPORTING = Policy(isolation=Isolation(require=("deno",)), packages="prefetched")
#: What the tests damage; each begins with these as the machine has them.
_DAMAGED = ("deno", "pyodide", "npm")
_SHARED = ("environments", "interpreters", "tools", "guest", "guest-js")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
def parts() -> Iterator[Path]:
    """A cache of links to what is in the machine's own, at one place so that its jails are proven once."""
    with world_readable_folder() as folder:
        for name in _SHARED:
            link_entries(name, folder)
        yield folder


@pytest.fixture(scope="module")
def fetched() -> Iterator[tuple[Path, Registry]]:
    """A folder of npm packages as the set-up leaves it, and the registry that they are from."""
    with world_readable_folder() as folder, serve() as registry, pytest.MonkeyPatch.context() as patch:
        registry.add("half", "1.2.0", {"i.js": "exports.half = (x) => x / 2;"}, main="i.js")
        patch.setenv("NPM_CONFIG_REGISTRY", registry.url)
        ensure_npm(folder, find_deno(None, load_config().cache), ["half"], lambda message: None)
        yield folder / "npm", registry


@pytest.fixture
def cache(parts: Path, fetched: tuple[Path, Registry], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache with nothing damaged; `isorun setup` works on it."""
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", fetched[1].url)
    for name in _DAMAGED:
        shutil.rmtree(parts / name, ignore_errors=True)
    link_entries("deno", parts)
    shutil.copytree(fetched[0], parts / "npm", symlinks=True)
    own = parts / "pyodide" / pyodide().folder.name
    own.mkdir(parents=True)
    for file in pyodide().folder.iterdir():
        (own / file.name).symlink_to(file)
    monkeypatch.setenv("ISORUN_CACHE_DIR", str(parts))
    return parts


def link_entries(name: str, cache: Path) -> None:
    """Give a cache a folder of its own, in which each entry is a link to the machine's."""
    (cache / name).mkdir()
    for entry in (load_config().cache / name).iterdir():
        (cache / name / entry.name).symlink_to(entry)


def replace(path: Path, data: bytes) -> Path:
    """Put a file of our own in the place of a link; what that leads to stays as it is."""
    path.unlink()
    path.write_bytes(data)
    path.chmod(0o755)
    return path


def distribution(cache: Path) -> Path:
    """Return the folder of Pyodide in a cache."""
    [folder] = (cache / "pyodide").iterdir()
    return folder


def flip_a_bit(path: Path) -> Path:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    return replace(path, bytes(data))


def truncate(path: Path) -> Path:
    return replace(path, path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> Path:
    return replace(path, b"")


def remove(path: Path) -> Path:
    path.unlink()
    return path


def truncate_deno(cache: Path) -> Path:
    """Cut the copy of Deno, whose note stays; returns its folder."""
    binary = find_deno(None, cache)
    folder = binary.parent.parent
    note, data = (folder / "note.json").read_bytes(), binary.read_bytes()[: 1 << 20]
    folder.unlink()
    (folder / "bin").mkdir(parents=True)
    (folder / "note.json").write_bytes(note)
    (folder / "bin" / "deno").write_bytes(data)
    (folder / "bin" / "deno").chmod(0o755)
    return folder


def hide_deno(patch: pytest.MonkeyPatch) -> None:
    """Have neither the package `deno` nor a binary on PATH."""
    patch.setitem(sys.modules, "deno", None)
    patch.setenv("PATH", os.defpath)
    if shutil.which("deno"):
        pytest.skip(f"there is a Deno in `{os.defpath}`, which would be used")


@asynccontextmanager
async def opened(cache: Path) -> AsyncGenerator[Engine]:
    async with Engine(config(**{"cache-dir": str(cache)})) as engine:
        yield engine


def only(tier: str) -> Policy:
    return Policy(isolation=Isolation(require=(tier,)))


async def refused(engine: Engine, program: Program, policy: Policy) -> RuntimeUnavailableError:
    """Run a program where it cannot be run; nothing may have been started for it."""
    with pytest.raises(RuntimeUnavailableError) as caught:
        await engine.run(program, policy)
    stats = engine.stats()
    assert (stats.pools, stats.finished, stats.failed) == ((), {}, 1)
    assert not any(jailed(warden) for warden in wardens())
    return caught.value


async def assert_works(engine: Engine, tier: str, program: Program) -> None:
    result = await engine.run(program, only(tier))
    assert (result.status, result.value, result.isolation.runtime) == ("ok", 2, tier), result


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("snapshot.memory", flip_a_bit),
        ("snapshot.head", truncate),
        ("snapshot.json", remove),
        ("pyodide.asm.wasm", flip_a_bit),
        ("python_stdlib.zip", truncate),
        ("pyodide.mjs", empty),
        ("manifest.json", truncate),
    ],
)
async def test_damaged_pyodide_is_refused_and_the_other_tiers_go_on(
    cache: Path, name: str, damage: Damage
) -> None:
    path = damage(distribution(cache) / name)

    async with opened(cache) as engine:
        error = await refused(engine, PYTHON, only("pyodide"))

        assert f"`{path}`" in str(error)
        assert "`isorun setup --pyodide`" in error.hint
        await assert_works(engine, "nsjail", PYTHON)
        await assert_works(engine, "deno", JAVASCRIPT)


async def test_missing_pyodide_is_refused_with_the_command_that_fetches_it(cache: Path) -> None:
    shutil.rmtree(cache / "pyodide")

    async with opened(cache) as engine:
        error = await refused(engine, PYTHON, only("pyodide"))

        assert "Pyodide is not set up" in str(error)
        assert "`isorun setup --pyodide`" in error.hint
        await assert_works(engine, "nsjail", PYTHON)
        await assert_works(engine, "deno", JAVASCRIPT)


async def test_packages_of_pyodide_that_are_gone_are_named(cache: Path) -> None:
    current = cache / "pyodide" / "packages" / "current"
    current.parent.mkdir()
    current.symlink_to("gone")

    async with opened(cache) as engine:
        error = await refused(engine, PYTHON, only("pyodide"))

        assert f"`{current}`" in str(error)
        assert "isorun setup --pyodide" in error.hint
        await assert_works(engine, "deno", JAVASCRIPT)


async def test_setup_mends_a_damaged_pyodide(cache: Path) -> None:
    flip_a_bit(distribution(cache) / "snapshot.memory")

    status = main(["setup", "--pyodide", "--pyodide-from", str(pyodide().folder)])

    assert status == 0
    async with opened(cache) as engine:
        await assert_works(engine, "pyodide", PYTHON)


async def test_truncated_deno_is_copied_again_where_its_original_is(cache: Path) -> None:
    folder = truncate_deno(cache)
    assert not is_sound(folder)

    async with opened(cache) as engine:
        await assert_works(engine, "deno", JAVASCRIPT)

    assert is_sound(folder)
    assert [entry.name for entry in (cache / "deno").iterdir()] == [folder.name]


async def test_truncated_deno_without_an_original_is_refused_until_setup_has_one(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = truncate_deno(cache)
    with monkeypatch.context() as patch:
        hide_deno(patch)
        async with opened(cache) as engine:
            error = await refused(engine, JAVASCRIPT, only("deno"))
            with pytest.raises(RuntimeUnavailableError, match="Deno"):
                await engine.run(PYTHON, only("pyodide"))
            await assert_works(engine, "nsjail", PYTHON)

    assert f"`{folder}`" in str(error)
    assert "`isorun setup`" in error.hint
    assert main(["setup"]) == 0
    assert is_sound(folder)
    async with opened(cache) as engine:
        await assert_works(engine, "deno", JAVASCRIPT)


async def test_program_in_javascript_that_nobody_can_run_says_how_to_get_deno(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(cache / "deno")
    hide_deno(monkeypatch)

    async with opened(cache) as engine:
        with pytest.raises(ConfigError) as caught:
            await engine.run(JAVASCRIPT)

        assert "pip install deno" in caught.value.hint
        assert engine.stats().pools == ()


def cut_the_link(npm: Path) -> Path:
    (npm / "current").unlink()
    (npm / "current").symlink_to("gone")
    return npm


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(cut_the_link, id="layer"),
        pytest.param(lambda npm: remove(npm / "current" / "manifest.json"), id="manifest"),
        pytest.param(lambda npm: truncate(npm / "current" / "manifest.json"), id="truncated manifest"),
        pytest.param(lambda npm: remove(npm / "current" / "store" / "import_map.json"), id="import map"),
        pytest.param(lambda npm: shutil.rmtree(npm / "current" / "store"), id="store"),
    ],
)
async def test_damaged_npm_store_is_refused_only_to_those_that_use_it(cache: Path, damage: Damage) -> None:
    damage(cache / "npm")

    async with opened(cache) as engine:
        error = await refused(engine, IMPORT, IMPORTING)

        assert f"`{cache / 'npm' / 'current'}`" in str(error)
        assert f"remove `{cache / 'npm'}`" in error.hint
        assert "`isorun setup --npm NAME`" in error.hint
        await assert_works(engine, "deno", JAVASCRIPT)
        await assert_works(engine, "nsjail", PYTHON)


async def test_package_that_is_gone_from_the_store_fails_the_import_alone(cache: Path) -> None:
    shutil.rmtree(cache / "npm" / "current" / "store" / "npm" / "registry.npmjs.org" / "half" / "1.2.0")

    async with opened(cache) as engine:
        result = await engine.run(IMPORT, IMPORTING)

        assert (result.status, result.stdout) == ("error", "")
        assert "half" in result.stderr
        await assert_works(engine, "deno", JAVASCRIPT)


async def test_damaged_npm_store_is_mended_as_the_hint_says(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truncate((cache / "npm" / "current").resolve() / "manifest.json")
    assert main(["setup", "--npm", "half"]) != 0
    assert f"remove `{cache / 'npm'}`" in capsys.readouterr().err

    shutil.rmtree(cache / "npm")
    status = main(["setup", "--npm", "half"])

    assert status == 0
    async with opened(cache) as engine:
        assert (await engine.run(IMPORT, IMPORTING)).stdout == "2\n"
