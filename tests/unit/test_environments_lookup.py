from pathlib import Path

import msgspec
import pytest

from engine import ConfigError, EngineError, RuntimeUnavailableError
from runtimes.environments import list_environments, load_environment
from runtimes.environments._manifest import InterpreterManifest, Manifest, Recipe

INTERPRETER = "i" * 32


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with an interpreter layer that holds only what look-ups look at."""
    layer = tmp_path / "interpreters" / INTERPRETER
    (layer / "root/opt/python/bin").mkdir(parents=True)
    (layer / "root/opt/python/bin/python3").touch()
    manifest = InterpreterManifest(hash=INTERPRETER, version="3.12.1", modules=("os", "re"), bytes=1)
    (layer / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    return tmp_path


def make(
    cache: Path, name: str, *, layer: str = "a" * 32, lock: str = "", modules: tuple[str, ...] = ()
) -> Path:
    """Write a layer of an environment and point its name to it."""
    folder = cache / "environments" / name / layer
    (folder / "packages").mkdir(parents=True)
    manifest = Manifest(
        hash=layer,
        python="3.12.1",
        interpreter=INTERPRETER,
        recipe=Recipe(name=name, source="built-in", lock=lock, preload=("json",)),
        modules=modules,
        env={"A": "b"},
        links={"/box/tmp/x": "/opt/packages/x"},
        created="2026-01-01T00:00:00+00:00",
        bytes=7,
    )
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    current = folder.parent / "current"
    current.unlink(missing_ok=True)
    current.symlink_to(layer)
    return folder


def test_environment_without_packages_has_only_the_standard_library(cache: Path) -> None:
    make(cache, "base")

    environment = load_environment(cache, "base")

    assert environment.packages is None
    assert environment.modules == {"os", "re"}
    assert environment.root == cache / "interpreters" / INTERPRETER / "root"


def test_environment_says_all_that_a_jail_must_know(cache: Path) -> None:
    folder = make(cache, "data", lock="numpy==2.0 \\\n", modules=("numpy",))

    environment = load_environment(cache, "data")

    assert environment.packages == folder / "packages"
    assert environment.modules == {"os", "re", "numpy"}
    assert environment.python == "/opt/python/bin/python3"
    assert environment.env == {"A": "b"}
    assert environment.links == {"/box/tmp/x": "/opt/packages/x"}
    assert environment.preload == ("json",)
    assert environment.bytes == 7


def test_name_follows_the_layer_it_stands_for(cache: Path) -> None:
    make(cache, "mine", layer="a" * 32)
    before = load_environment(cache, "mine")

    make(cache, "mine", layer="b" * 32)

    assert (before.hash, load_environment(cache, "mine").hash) == ("a" * 32, "b" * 32)


def test_built_in_environment_that_is_not_there_names_the_command(cache: Path) -> None:
    with pytest.raises(RuntimeUnavailableError) as caught:
        load_environment(cache, "data")

    assert caught.value.hint == "run `isorun setup data`"


def test_unknown_environment_names_those_that_there_are(cache: Path) -> None:
    make(cache, "base")

    with pytest.raises(ConfigError) as caught:
        load_environment(cache, "nonsense")

    assert "`base`" in caught.value.hint


@pytest.mark.parametrize("name", ["../base", "/etc", "a/b"])
def test_name_cannot_leave_the_cache(cache: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name"):
        load_environment(cache, name)


@pytest.mark.parametrize(
    "damage",
    [
        "environments/data/current/manifest.json",
        "environments/data/current/packages",
        f"interpreters/{INTERPRETER}/manifest.json",
        f"interpreters/{INTERPRETER}/root/opt/python/bin/python3",
    ],
)
def test_missing_part_is_reported_with_the_fix(cache: Path, damage: str) -> None:
    make(cache, "data", lock="numpy==2.0 \\\n")
    part = cache / damage
    part.rename(part.with_name("away"))

    with pytest.raises(RuntimeUnavailableError) as caught:
        load_environment(cache, "data")

    assert "isorun setup" in caught.value.hint


def test_part_that_goes_missing_after_a_look_is_noticed(cache: Path) -> None:
    folder = make(cache, "data", lock="numpy==2.0 \\\n")
    load_environment(cache, "data")
    (folder / "packages").rmdir()

    with pytest.raises(RuntimeUnavailableError, match="is missing"):
        load_environment(cache, "data")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"hash": 1}', b"\xff"])
def test_manifest_that_is_none_is_reported(cache: Path, content: bytes) -> None:
    folder = make(cache, "base")
    (folder / "manifest.json").write_bytes(content)

    with pytest.raises(RuntimeUnavailableError, match="damaged"):
        load_environment(cache, "base")


def test_listing_has_good_and_broken_environments_by_name(cache: Path) -> None:
    make(cache, "good")
    (make(cache, "broken") / "manifest.json").unlink()

    broken, good = list_environments(cache)

    assert (broken.name, broken.environment) == ("broken", None)
    assert "damaged" in broken.reason
    assert broken.hint
    assert good.environment == load_environment(cache, "good")


def test_listing_passes_over_what_is_no_environment(cache: Path) -> None:
    (cache / "environments/.building-1").mkdir(parents=True)
    (cache / "environments/half").mkdir()
    (cache / "environments/file").touch()

    assert list_environments(cache) == []


def test_listing_of_a_cache_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert list_environments(tmp_path / "none") == []


def test_every_failure_of_a_look_up_is_an_engine_error(cache: Path) -> None:
    (cache / "environments").write_text("not a folder")

    with pytest.raises(EngineError):
        load_environment(cache, "base")
