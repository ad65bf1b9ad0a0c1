import errno
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import RuntimeUnavailableError
from runtimes.environments import prune, remove_environment, using
from runtimes.environments._staging import cache_lock, open_to_readers, scratch, staged, writing


@pytest.fixture
def narrow_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def silent(message: str) -> None:
    """Take progress and do nothing."""


def test_folder_appears_when_the_block_ends(tmp_path: Path) -> None:
    final = tmp_path / "layers" / "one"

    with staged(final) as staging:
        (staging / "file").write_text("x")
        assert not final.exists()

    assert (final / "file").read_text() == "x"
    assert os.listdir(final.parent) == ["one"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_failed_build_leaves_nothing(tmp_path: Path, failure: type[BaseException]) -> None:
    def build() -> None:
        with staged(tmp_path / "layers" / "one") as staging:
            (staging / "file").write_text("x")
            raise failure

    with pytest.raises(failure):
        build()

    assert os.listdir(tmp_path) == []


def test_failed_build_leaves_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "layers" / "other").mkdir(parents=True)

    with pytest.raises(ValueError, match="x"), staged(tmp_path / "layers" / "one"):
        raise ValueError("x")

    assert os.listdir(tmp_path / "layers") == ["other"]


def test_leftover_of_a_dead_builder_is_removed(tmp_path: Path) -> None:
    leftover = tmp_path / ".building-dead"
    (leftover / "deep").mkdir(parents=True)

    with staged(tmp_path / "one"):
        assert not leftover.exists()


def test_broken_folder_is_replaced(tmp_path: Path) -> None:
    final = tmp_path / "one"
    (final / "broken").mkdir(parents=True)

    with staged(final) as staging:
        (staging / "good").touch()

    assert os.listdir(final) == ["good"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_is_told_apart(tmp_path: Path, number: int) -> None:
    with pytest.raises(RuntimeUnavailableError, match="no space left") as caught, writing(tmp_path):
        raise OSError(number, os.strerror(number))

    assert "ISORUN_CACHE_DIR" in caught.value.hint


def test_full_disk_is_told_apart_in_a_list_of_failures(tmp_path: Path) -> None:
    reason = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(RuntimeUnavailableError, match="no space left"), writing(tmp_path):
        raise shutil.Error([("a", "b", str(reason))])


def test_other_failure_names_path_and_reason(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match="Permission denied"), writing(tmp_path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/x")


def test_scratch_folder_vanishes(tmp_path: Path) -> None:
    with scratch(tmp_path) as folder:
        (folder / "file").touch()

    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("narrow_umask")
def test_layer_is_readable_by_all_whatever_the_umask(tmp_path: Path) -> None:
    final = tmp_path / "layers" / "one"

    with staged(final) as staging:
        (staging / "folder").mkdir()
        (staging / "folder" / "file").touch()
        (staging / "program").touch(mode=0o700)

    modes = {path.name: path.stat().st_mode & 0o7777 for path in [final.parent, *final.parent.rglob("*")]}
    assert modes == {"layers": 0o755, "one": 0o755, "folder": 0o755, "file": 0o644, "program": 0o755}


def test_set_id_bits_and_write_access_of_others_are_dropped(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.touch()
    program.chmod(0o6777)

    open_to_readers(tmp_path)

    assert program.stat().st_mode & 0o7777 == 0o755


def test_links_are_not_followed_when_modes_are_set(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch(mode=0o600)
    (tmp_path / "layer").mkdir()
    (tmp_path / "layer" / "link").symlink_to(outside)

    open_to_readers(tmp_path / "layer")

    assert outside.stat().st_mode & 0o777 == 0o600


def test_second_builder_waits_and_says_so(tmp_path: Path) -> None:
    waiting, entered = threading.Event(), threading.Event()

    def build() -> None:
        with cache_lock(tmp_path, lambda message: waiting.set()):
            entered.set()

    with cache_lock(tmp_path, silent):
        second = threading.Thread(target=build)
        second.start()
        assert waiting.wait(10)
        assert not entered.is_set()
    second.join(10)

    assert entered.is_set()


def test_cache_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(RuntimeUnavailableError, match="cannot be written"),
        cache_lock(tmp_path / "file/x", silent),
    ):
        pass


def test_nothing_is_pruned_while_an_engine_uses_the_cache(tmp_path: Path) -> None:
    old = tmp_path / "environments" / "mine" / "old"
    old.mkdir(parents=True)

    with using(tmp_path), pytest.raises(RuntimeUnavailableError, match="in use"):
        prune(tmp_path, silent)

    assert old.is_dir()


def test_environment_in_use_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "environments" / "mine" / "old").mkdir(parents=True)

    with using(tmp_path), pytest.raises(RuntimeUnavailableError, match="in use"):
        remove_environment(tmp_path, "mine", silent)


def test_two_engines_use_one_cache(tmp_path: Path) -> None:
    with using(tmp_path), using(tmp_path):
        pass

    prune(tmp_path, silent)


def test_cache_that_cannot_be_written_is_used_without_a_lock(tmp_path: Path) -> None:
    entered = False

    with using(tmp_path / "missing"):
        entered = True

    assert entered


def test_prune_removes_what_no_name_stands_for(tmp_path: Path) -> None:
    for path in (
        "environments/gone/old",
        "environments/.building-1",
        "interpreters/old",
        "interpreters/.building-2",
    ):
        (tmp_path / path).mkdir(parents=True)
    removed: list[str] = []

    prune(tmp_path, removed.append)

    assert os.listdir(tmp_path / "environments") == []
    assert os.listdir(tmp_path / "interpreters") == []
    assert any("interpreters/old" in line for line in removed)
