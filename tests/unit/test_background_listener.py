"""The socket of a background engine: there is one, and no trace of one that has gone is in the way."""

import fcntl
import os
import socket
import stat
from pathlib import Path

import pytest

from engine import BackgroundError, _control_folder
from engine.background._address import LOCK, SOCKET
from engine.background._listener import AlreadyRunningError, listening, running

from .test_background_address import _foreign, _link, _open_to_all, _open_to_group


def left_behind(path: Path) -> None:
    """Leave a socket as a killed process does."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def test_socket_is_for_its_user_alone_and_gone_at_the_end(control_folder: Path) -> None:
    with listening():
        found = os.stat(control_folder / SOCKET)

        assert stat.S_IMODE(found.st_mode) == 0o600
        assert stat.S_IMODE(os.stat(control_folder).st_mode) == 0o700
        assert running() == os.getpid()

    assert os.listdir(control_folder) == [LOCK]
    assert running() is None


def test_second_engine_is_told_of_the_first(control_folder: Path) -> None:
    with listening():
        with pytest.raises(AlreadyRunningError, match=f"already running .pid {os.getpid()}") as caught:
            with listening():
                pass

        assert caught.value.pid == os.getpid()
        assert caught.value.hint == "`isorun down` ends it"
        assert running() == os.getpid()  # the first is still there


def test_engine_that_is_about_to_listen_is_not_overtaken(control_folder: Path) -> None:
    control_folder.mkdir(mode=0o700)
    lock = os.open(control_folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.write(lock, b"4711\n")

    with pytest.raises(AlreadyRunningError, match="pid 4711"), listening():
        pass

    os.close(lock)
    with listening():
        pass


def test_engine_in_another_of_the_folders_is_noticed(
    control_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service has no runtime folder of its own, and a terminal has one."""
    with monkeypatch.context() as patch:
        patch.delenv("XDG_RUNTIME_DIR")
        with listening():
            patch.undo()

            assert running() == os.getpid()
            with pytest.raises(AlreadyRunningError), listening():
                pass


@pytest.mark.parametrize("name", [SOCKET, f"{SOCKET}.new"])
def test_what_a_killed_engine_has_left_is_replaced(control_folder: Path, name: str) -> None:
    control_folder.mkdir(mode=0o700)
    (control_folder / LOCK).write_text("12345678\n")
    left_behind(control_folder / name)
    assert running() is None

    with listening():
        assert running() == os.getpid()

    assert os.listdir(control_folder) == [LOCK]


@pytest.mark.parametrize("text", [b"", b"no number", b"9" * 100])
def test_lock_file_with_anything_in_it_is_a_lock_file(control_folder: Path, text: bytes) -> None:
    control_folder.mkdir(mode=0o700)
    (control_folder / LOCK).write_bytes(text)

    with listening():
        assert (control_folder / LOCK).read_text() == f"{os.getpid()}\n"


def test_lock_that_is_a_link_is_not_followed(control_folder: Path, tmp_path: Path) -> None:
    control_folder.mkdir(mode=0o700)
    (tmp_path / "precious").write_text("data")
    (control_folder / LOCK).symlink_to(tmp_path / "precious")

    with pytest.raises(BackgroundError, match="cannot listen"), listening():
        pass

    assert (tmp_path / "precious").read_text() == "data"


@pytest.mark.parametrize("make", [_open_to_group, _open_to_all, _link, _foreign])
def test_folder_that_is_not_ours_alone_is_refused(control_folder: Path, make: object) -> None:
    assert callable(make)
    make(control_folder)

    with pytest.raises(BackgroundError, match="cannot listen"), listening():
        pass

    assert os.listdir(control_folder) == []
    assert running() is None


def test_no_place_for_a_folder_is_told(control_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = control_folder.with_name("file")
    file.touch()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(file))
    monkeypatch.setattr(_control_folder, "_RUN", file)
    monkeypatch.setattr("tempfile.tempdir", str(file))

    with pytest.raises(BackgroundError, match="cannot listen"), listening():
        pass
