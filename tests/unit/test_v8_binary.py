"""Which Deno is used, and the copy of it that sandboxes see."""

import os
import sys
from pathlib import Path

import pytest

from engine import RuntimeUnavailableError
from runtimes.v8._binary import ensure_deno, find_deno

VERSION = "2.9.8"


def deno(path: Path, version: str = VERSION, mode: int = 0o755) -> Path:
    """Write what says that it is Deno."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho 'deno {version} (stable, release, x86_64-unknown-linux-gnu)'\n")
    path.chmod(mode)
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that holds nothing yet, where the package `deno` is not installed."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.defpath}")
    monkeypatch.setitem(sys.modules, "deno", None)
    return folder


def text_of(binary: Path) -> str:
    return binary.read_text()


def test_package_comes_before_path(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deno(tmp_path / "path" / "deno", "2.99.0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:{os.defpath}")

    assert find_deno(None, cache).stat().st_size > 1_000_000


def test_configured_binary_comes_before_all_others(tmp_path: Path, cache: Path) -> None:
    configured = deno(tmp_path / "mine")

    assert text_of(find_deno(str(configured), cache)) == text_of(configured)


def test_binary_on_path_is_found(cache: Path, search_path: Path) -> None:
    on_path = deno(search_path / "deno")

    assert text_of(find_deno(None, cache)) == text_of(on_path)


def test_newest_copy_is_used_where_no_original_is(cache: Path, search_path: Path, tmp_path: Path) -> None:
    for version in ("2.10.0", "2.9.9"):
        find_deno(str(deno(tmp_path / version, version)), cache)

    assert "2.10.0" in text_of(find_deno(None, cache))


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777])
def test_copy_is_alone_in_its_folder_and_can_be_read_by_all(tmp_path: Path, cache: Path, mode: int) -> None:
    original = deno(tmp_path / "mine", mode=mode)

    copy = find_deno(str(original), cache)

    assert os.listdir(copy.parent) == ["deno"]
    assert copy.stat().st_mode & 0o777 == 0o755
    assert copy.parent.stat().st_mode & 0o777 == 0o755
    assert original.stat().st_mode & 0o777 == mode


def test_copy_does_not_change_with_its_original(tmp_path: Path, cache: Path) -> None:
    original = deno(tmp_path / "mine")
    copy = find_deno(str(original), cache)

    original.write_text("")

    assert VERSION in text_of(copy)


def test_copy_is_made_once(tmp_path: Path, cache: Path) -> None:
    original = deno(tmp_path / "mine")
    said: list[str] = []

    first = ensure_deno(str(original), cache, said.append)
    second = ensure_deno(str(original), cache, said.append)

    assert first == second
    assert said == [f"keeping Deno {VERSION} where sandboxes can read it"]


def test_copy_follows_an_original_that_is_replaced(tmp_path: Path, cache: Path) -> None:
    original = deno(tmp_path / "mine")
    before = find_deno(str(original), cache)
    original.unlink()
    deno(original, "2.9.10")

    after = find_deno(str(original), cache)

    assert "2.9.10" in text_of(after)
    assert VERSION in text_of(before)


@pytest.mark.parametrize("harm", ["truncate", "remove", "close", "forget"])
def test_copy_that_has_changed_is_made_again(tmp_path: Path, cache: Path, harm: str) -> None:
    original = deno(tmp_path / "mine")
    copy = find_deno(str(original), cache)
    match harm:
        case "truncate":
            os.truncate(copy, 5)
        case "remove":
            copy.unlink()
        case "close":
            copy.chmod(0o700)
        case "forget":
            (copy.parent.parent / "note.json").write_text("{}")

    assert text_of(find_deno(str(original), cache)) == text_of(original)
    assert copy.stat().st_mode & 0o777 == 0o755


def test_copy_that_has_changed_is_not_used_without_an_original(
    tmp_path: Path, cache: Path, search_path: Path
) -> None:
    copy = find_deno(str(deno(tmp_path / "mine")), cache)
    os.truncate(copy, 5)

    with pytest.raises(RuntimeUnavailableError, match="has changed"):
        find_deno(None, cache)


def test_original_that_is_truncated_is_noticed(tmp_path: Path, cache: Path) -> None:
    original = deno(tmp_path / "mine")
    find_deno(str(original), cache)
    os.truncate(original, 12)

    with pytest.raises(RuntimeUnavailableError, match="does not start"):
        find_deno(str(original), cache)


def test_missing_deno_names_what_to_do(cache: Path, search_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match="Deno is missing") as caught:
        find_deno(None, cache)

    assert "isorun setup" in caught.value.hint
    assert "ISORUN_DENO" in caught.value.hint


@pytest.mark.parametrize("mode", [None, 0o644])
def test_configured_binary_is_never_replaced_by_another(
    tmp_path: Path, cache: Path, mode: int | None
) -> None:
    if mode is not None:
        deno(tmp_path / "mine", mode=mode)

    with pytest.raises(RuntimeUnavailableError, match="configured Deno"):
        find_deno(str(tmp_path / "mine"), cache)


@pytest.mark.parametrize("version", ["2.9.8", "2.9.9-rc.1", "2.10.0", "2.99.0+abc"])
def test_version_in_range_is_taken(tmp_path: Path, cache: Path, version: str) -> None:
    find_deno(str(deno(tmp_path / "mine", version)), cache)


@pytest.mark.parametrize("version", ["1.46.3", "2.9.7", "3.0.0"])
def test_version_out_of_range_is_refused_with_the_range(tmp_path: Path, cache: Path, version: str) -> None:
    with pytest.raises(RuntimeUnavailableError) as caught:
        find_deno(str(deno(tmp_path / "mine", version)), cache)

    assert f"is {version}; needed is 2.9.8 or newer, and below 3" in str(caught.value)
    assert not cache.exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#!/bin/sh\necho 'cannot open shared object' >&2; exit 127\n", "shared object"),
        ("#!/no/such/interpreter\n", "does not start"),
        ("#!/bin/sh\necho node 22\n", "is not Deno"),
        ("#!/bin/sh\necho deno soon\n", "is not Deno"),
        ("#!/bin/sh\n", "is not Deno"),
    ],
)
def test_binary_that_is_broken_is_named_with_the_reason(
    tmp_path: Path, cache: Path, text: str, expected: str
) -> None:
    binary = deno(tmp_path / "mine")
    binary.write_text(text)

    with pytest.raises(RuntimeUnavailableError, match=expected) as caught:
        find_deno(str(binary), cache)

    assert "ISORUN_DENO" in caught.value.hint


def test_cache_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RuntimeUnavailableError, match="cannot be written") as caught:
        find_deno(str(deno(tmp_path / "mine")), tmp_path / "file")

    assert "ISORUN_CACHE_DIR" in caught.value.hint
