import os
from pathlib import Path

import pytest

from engine import RuntimeUnavailableError
from runtimes.v8 import ensure_guest_js


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    (folder / "vendor").mkdir(parents=True)
    (folder / "main.js").write_text("import './vendor/lib.mjs';")
    (folder / "vendor" / "lib.mjs").write_text("export {};")
    return folder


def test_shipped_guest_code_is_copied_whole(tmp_path: Path) -> None:
    folder = ensure_guest_js(tmp_path / "cache")

    assert {"javascript.js", "modules.js", "pyodide.js"} <= set(os.listdir(folder))


def test_copy_is_the_same_and_can_be_read_by_all(tmp_path: Path, sources: Path) -> None:
    before = os.umask(0o077)
    try:
        folder = ensure_guest_js(tmp_path / "cache", sources)
    finally:
        os.umask(before)

    assert (folder / "vendor" / "lib.mjs").read_text() == "export {};"
    modes = {path.stat().st_mode & 0o777 for path in folder.rglob("*")}
    assert modes == {0o755, 0o644}
    assert folder.stat().st_mode & 0o777 == 0o755


def test_copy_is_made_once(tmp_path: Path, sources: Path) -> None:
    first = ensure_guest_js(tmp_path, sources)
    made = (first / "main.js").stat().st_mtime_ns

    second = ensure_guest_js(tmp_path, sources)

    assert first == second
    assert (second / "main.js").stat().st_mtime_ns == made


@pytest.mark.parametrize("change", ["content", "name", "new"])
def test_changed_sources_have_a_copy_of_their_own(tmp_path: Path, sources: Path, change: str) -> None:
    before = ensure_guest_js(tmp_path, sources)
    match change:
        case "content":
            (sources / "main.js").write_text("")
        case "name":
            (sources / "main.js").rename(sources / "other.js")
        case "new":
            (sources / "other.js").touch()

    after = ensure_guest_js(tmp_path, sources)

    assert after != before
    assert before.is_dir()


def test_what_editors_and_python_leave_is_not_copied(tmp_path: Path, sources: Path) -> None:
    before = ensure_guest_js(tmp_path, sources)
    (sources / "__pycache__").mkdir()
    (sources / "__pycache__" / "x.pyc").touch()
    (sources / ".main.js.swp").touch()
    (sources / "main.js~").touch()

    assert ensure_guest_js(tmp_path, sources) == before


def test_cache_that_cannot_be_written_says_so(tmp_path: Path, sources: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RuntimeUnavailableError, match="cannot be written"):
        ensure_guest_js(tmp_path / "file", sources)
