"""Modules that were built are found again, within a size, and only as they were."""

import os
import tempfile
from pathlib import Path

import pytest

from runtimes.wasm._store import Built, Store

ONE = Built(code=b"code of one", output="warning")
TWO = Built(code=b"code of two")


def test_module_is_found_in_memory_and_on_disk(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "folder")
    store.save("one", b"module", ONE)

    assert store.held("one") == ONE
    assert Store(tmp_path / "new" / "folder").load("one") == ONE


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path / "nothing")

    assert (store.held("one"), store.load("one")) == (None, None)


def test_module_on_disk_is_held_in_memory_once_it_was_loaded(tmp_path: Path) -> None:
    Store(tmp_path).save("one", b"module", ONE)
    store = Store(tmp_path)

    assert store.held("one") is None
    store.load("one")

    assert store.held("one") == ONE


@pytest.mark.parametrize("change", [b"", b"code of onf", b"code of one!", b"x" * 4096])
def test_changed_code_is_thrown_away(change: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Store(tmp_path).save("one", b"module", ONE)
    (tmp_path / "one" / "main.cwasm").write_bytes(change)

    assert Store(tmp_path).load("one") is None

    assert not (tmp_path / "one").exists()
    assert "has changed" in caplog.text


def test_unreadable_note_is_thrown_away(tmp_path: Path) -> None:
    Store(tmp_path).save("one", b"module", ONE)
    (tmp_path / "one" / "note.json").write_bytes(b"{")

    assert Store(tmp_path).load("one") is None
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize("file", ["main.cwasm", "note.json"])
def test_incomplete_entry_is_none_and_can_be_made_again(file: str, tmp_path: Path) -> None:
    Store(tmp_path).save("one", b"module", ONE)
    (tmp_path / "one" / file).unlink()

    assert Store(tmp_path).load("one") is None

    Store(tmp_path).save("one", b"module", TWO)
    assert Store(tmp_path).load("one") == TWO


def test_nobody_else_can_look_into_an_entry(tmp_path: Path) -> None:
    Store(tmp_path).save("one", b"module", ONE)

    assert (tmp_path / "one").stat().st_mode & 0o077 == 0


def test_modules_used_long_ago_are_removed_when_there_are_too_many(tmp_path: Path) -> None:
    large = Built(code=b"x" * 1000)
    store = Store(tmp_path, max_disk_bytes=3800)
    for number, name in enumerate(("a", "b", "c")):
        store.save(name, b"", large)
        os.utime(tmp_path / name, (number, number))
    Store(tmp_path).load("a")  # used again

    store.save("d", b"", large)

    assert {path.name for path in tmp_path.iterdir()} == {"a", "c", "d"}


def test_memory_holds_the_latest_only(tmp_path: Path) -> None:
    store = Store(tmp_path, max_memory_bytes=25)
    store.save("one", b"", ONE)
    store.save("two", b"", TWO)
    store.held("one")

    store.save("three", b"", ONE)

    assert [name for name in ("one", "two", "three") if store.held(name)] == ["one", "three"]


def test_module_larger_than_the_memory_is_on_disk_only(tmp_path: Path) -> None:
    store = Store(tmp_path, max_memory_bytes=5)
    store.save("one", b"", ONE)

    assert store.held("one") is None
    assert store.load("one") == ONE


def test_folder_that_cannot_be_written_costs_the_cache_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = Store(tmp_path / "file" / "folder")

    store.save("one", b"", ONE)

    assert store.held("one") == ONE
    assert "cannot be kept" in caplog.text


def test_entry_that_another_engine_has_made_meanwhile_stays(tmp_path: Path) -> None:
    Store(tmp_path).save("one", b"", ONE)

    Store(tmp_path).save("one", b"", ONE)

    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_folder_of_another_user_is_as_if_it_were_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    Store(tmp_path).save("one", b"", ONE)
    monkeypatch.setattr(Path, "read_bytes", refused)
    monkeypatch.setattr(tempfile, "mkdtemp", refused)
    store = Store(tmp_path)

    assert store.load("one") is None
    store.save("one", b"", ONE)

    assert store.held("one") == ONE
    assert caplog.text == ""
