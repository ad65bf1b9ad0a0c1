"""What `isorun env` prints and refuses; real builds are in tests/integration/test_environments.py."""

import json
from pathlib import Path

import msgspec
import pytest

from engine.cli import main
from runtimes.environments._manifest import InterpreterManifest, Manifest, Recipe

Capture = pytest.CaptureFixture[str]

INTERPRETER = "i" * 32
LAYER = "a" * 32


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache that the command uses."""
    monkeypatch.setenv("ISORUN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def make(cache: Path, name: str, *preload: str) -> None:
    """Write an environment that holds only what a listing looks at."""
    interpreter = cache / "interpreters" / INTERPRETER
    (interpreter / "root/opt/python/bin").mkdir(parents=True)
    (interpreter / "root/opt/python/bin/python3").touch()
    about = InterpreterManifest(hash=INTERPRETER, version="3.12.1", modules=(), bytes=1)
    (interpreter / "manifest.json").write_bytes(msgspec.json.encode(about))
    folder = cache / "environments" / name / LAYER
    folder.mkdir(parents=True)
    manifest = Manifest(
        hash=LAYER,
        python="3.12.1",
        interpreter=INTERPRETER,
        recipe=Recipe(name=name, source="wheels", preload=preload),
        modules=(),
        env={},
        links={},
        created="2026-01-01T00:00:00+00:00",
        bytes=3 << 20,
    )
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    (folder.parent / "current").symlink_to(LAYER)


@pytest.mark.parametrize(
    ("preload", "told"), [((), "0 modules"), (("json",), "1 module"), (("json", "scipy.stats"), "2 modules")]
)
def test_listing_tells_how_many_modules_are_preloaded(
    cache: Path, capsys: Capture, preload: tuple[str, ...], told: str
) -> None:
    make(cache, "mine", *preload)

    main(["env", "list"])

    line = capsys.readouterr().out.splitlines()[-1]
    assert line == f"mine  Python 3.12.1, 3 MiB of packages, {told} to preload"


def test_json_listing_names_the_preloaded_modules(cache: Path, capsys: Capture) -> None:
    make(cache, "mine", "json", "scipy.stats")

    main(["env", "list", "--json"])

    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed["mine"]["preload"] == ["json", "scipy.stats"]
    assert listed["base"]["preload"] is None


@pytest.mark.parametrize("modules", ["", "numpy,", "numpy,,pandas", "numpy pandas", "numpy;pandas", "import"])
def test_malformed_list_of_modules_is_refused_before_anything_is_made(
    cache: Path, tmp_path: Path, capsys: Capture, modules: str
) -> None:
    (tmp_path / "requirements.txt").write_text("numpy\n")
    source = ["--requirements", str(tmp_path / "requirements.txt")]

    code = main(["env", "add", "mine", *source, "--preload", modules])

    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert "not the name of a module to preload" in captured.err
    assert "\nhint: " in captured.err
    assert not cache.exists()
