"""Fetching npm packages with the real Deno, from a registry on this machine; then using them without it."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import ConfigError, RuntimeUnavailableError
from runtimes.deno._npm import NpmPackages, find_npm
from runtimes.deno._npm_setup import ensure_npm
from runtimes.v8 import find_deno
from tests.support.npm_registry import Registry, serve

pytestmark = pytest.mark.slow


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry with a few packages, and nothing else that could be asked."""
    with serve() as registry:
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", registry.url)
        _publish(registry)
        yield registry


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def deno(tmp_path: Path) -> Path:
    return find_deno(None, tmp_path / "tools")


def _publish(registry: Registry) -> None:
    registry.add("old-style", "1.0.0", {"index.js": "module.exports = {kind: 'commonjs'};"}, main="index.js")
    registry.add("deep", "1.4.0", {"index.js": "export const version = '1.4.0';"}, type="module")
    registry.add(
        "modern",
        "4.1.0",
        {"a.js": "export {version as deep} from 'deep'; export default 41;", "b.js": "export default 'b';"},
        type="module",
        exports={".": "./a.js", "./part": "./b.js"},
        dependencies={"deep": "^1.0.0"},
    )
    registry.add("@scope/thing", "0.1.0", {"index.mjs": "export default 'scoped';"}, main="index.mjs")


def fetch(cache: Path, deno: Path, *names: str) -> NpmPackages:
    packages = ensure_npm(cache, deno, names, lambda message: None)
    assert packages is not None
    return packages


def evaluate(deno: Path, packages: NpmPackages, code: str) -> str:
    """Run code the way a sandbox does: no registry, no writable folder of Deno's own."""
    url = f"data:text/javascript,{code.replace('%', '%25')}"
    imports = packages.store / "import_map.json"
    closed = ("--no-prompt", "--no-remote", "--no-config", "--no-lock", "--cached-only", "--deny-import")
    done = subprocess.run(
        [deno, "run", "--quiet", *closed, f"--import-map={imports}", f"--allow-read={packages.store}", url],
        env={"DENO_DIR": str(packages.store), "NO_COLOR": "1", "PATH": os.defpath},
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() if done.returncode == 0 else done.stderr


@pytest.mark.parametrize(
    ("specifier", "name", "expected"),
    [
        ("npm:modern@4", "default", "41"),
        ("npm:modern@^4.0.0", "deep", "1.4.0"),
        ("npm:modern@latest", "default", "41"),
        ("npm:modern", "default", "41"),
        ("npm:modern@4/part", "default", "b"),
        ("modern", "default", "41"),
        ("modern/part", "default", "b"),
        ("npm:old-style@1", "default.kind", "commonjs"),
        ("@scope/thing", "default", "scoped"),
        ("fs", "readFileSync.name", "readFileSync"),
    ],
)
def test_fetched_package_is_imported_without_a_registry(
    registry: Registry, cache: Path, deno: Path, specifier: str, name: str, expected: str
) -> None:
    packages = fetch(cache, deno, "modern@4", "old-style", "npm:@scope/thing")
    registry.asked.clear()

    said = evaluate(deno, packages, f"const all = await import('{specifier}'); console.log(all.{name});")

    assert said == expected
    assert registry.asked == []


def test_later_call_adds_and_keeps_what_was_there(registry: Registry, cache: Path, deno: Path) -> None:
    first = fetch(cache, deno, "modern@4")
    registry.add("modern", "4.2.0", {"a.js": "export default 42;"}, type="module", exports="./a.js")

    second = fetch(cache, deno, "old-style@1")

    assert second.requested == {"modern@4": "4.1.0", "old-style@1": "1.0.0"}
    assert second.key != first.key
    assert find_npm(cache) == second
    assert evaluate(deno, second, "import m from 'npm:modern'; console.log(m)") == "41"


def test_new_package_is_the_newest_although_an_older_one_is_there(
    registry: Registry, cache: Path, deno: Path
) -> None:
    fetch(cache, deno, "modern@4")
    registry.add("deep", "2.0.0", {"index.js": "export const version = '2.0.0';"}, type="module")

    packages = fetch(cache, deno, "deep")

    assert packages.requested["deep@latest"] == "2.0.0"
    code = "import * as m from 'modern'; import * as d from 'deep'; console.log(m.deep, d.version)"
    assert evaluate(deno, packages, code) == "1.4.0 2.0.0"


def test_name_alone_means_the_version_asked_for_last(registry: Registry, cache: Path, deno: Path) -> None:
    registry.add("deep", "2.0.0", {"index.js": "export const version = '2.0.0';"}, type="module")

    packages = fetch(cache, deno, "deep@2", "deep@1")

    code = "import * as a from 'deep'; import * as b from 'npm:deep@2'; console.log(a.version, b.version)"
    assert evaluate(deno, packages, code) == "1.4.0 2.0.0"


def test_second_call_for_the_same_asks_nobody(registry: Registry, cache: Path, deno: Path) -> None:
    first = fetch(cache, deno, "modern@4", "old-style")
    registry.asked.clear()
    said: list[str] = []

    again = ensure_npm(cache, deno, ["old-style", "modern@4"], said.append)

    assert again == first
    assert registry.asked == said == []


def test_package_for_another_system_is_not_missed(registry: Registry, cache: Path, deno: Path) -> None:
    registry.add("elsewhere", "1.0.0", {"index.js": ""}, os=["aix"], cpu=["ppc64"])
    registry.add(
        "native",
        "1.0.0",
        {"index.js": "export default 'here';"},
        type="module",
        optionalDependencies={"elsewhere": "1.0.0"},
    )

    packages = fetch(cache, deno, "native")

    assert evaluate(deno, packages, "import n from 'native'; console.log(n)") == "here"
    assert not (packages.store / "npm/registry.npmjs.org/elsewhere/1.0.0").exists()


def test_scripts_of_a_package_are_not_run(
    registry: Registry, cache: Path, deno: Path, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    registry.add("eager", "1.0.0", {"index.js": ""}, scripts={"postinstall": f"touch {witness}"})

    fetch(cache, deno, "eager")

    assert not witness.exists()


def test_everybody_can_read_what_was_fetched(registry: Registry, cache: Path, deno: Path) -> None:
    before = os.umask(0o077)
    try:
        packages = fetch(cache, deno, "modern")
    finally:
        os.umask(before)

    closed = [path for path in packages.store.rglob("*") if not path.stat().st_mode & 0o004]
    assert closed == []
    assert {path.name for path in packages.store.iterdir()} == {"npm", "import_map.json"}
    assert [path.name for path in (packages.store / "npm").iterdir()] == ["registry.npmjs.org"]


@pytest.mark.parametrize("name", ["nowhere", "modern@9", "modern@next"])
def test_package_that_is_not_in_the_registry_is_refused(
    registry: Registry, cache: Path, deno: Path, name: str
) -> None:
    before = fetch(cache, deno, "old-style")

    with pytest.raises(ConfigError, match=name.partition("@")[0]):
        ensure_npm(cache, deno, [name], lambda message: None)

    assert find_npm(cache) == before
    assert {entry.name for entry in (cache / "npm").iterdir()} == {"current", before.key}


def test_registry_out_of_reach_leaves_what_was_there(
    registry: Registry, cache: Path, deno: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fetch(cache, deno, "old-style")
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:1")

    with pytest.raises(RuntimeUnavailableError) as caught:
        ensure_npm(cache, deno, ["modern"], lambda message: None)

    assert "network" in caught.value.hint
    assert find_npm(cache) == before


def test_archive_that_is_not_what_the_registry_promised_is_refused(
    registry: Registry, cache: Path, deno: Path
) -> None:
    registry.add("swapped", "1.0.0", {"index.js": "good"})
    registry._archives["/swapped/-/swapped-1.0.0.tgz"] = registry._archives["/deep/-/deep-1.4.0.tgz"]

    with pytest.raises(RuntimeUnavailableError, match="swapped"):
        ensure_npm(cache, deno, ["swapped"], lambda message: None)

    assert find_npm(cache) is None


def test_damaged_packages_are_named(registry: Registry, cache: Path, deno: Path) -> None:
    packages = fetch(cache, deno, "old-style")
    (Path(packages.folder) / "manifest.json").write_text(json.dumps({"requested": 1}))

    with pytest.raises(RuntimeUnavailableError, match="damaged"):
        find_npm(cache)


def test_nothing_was_ever_fetched(cache: Path, deno: Path) -> None:
    assert find_npm(cache) is None
    assert ensure_npm(cache, deno, [], print) is None
