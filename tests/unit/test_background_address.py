"""Where the background engine is looked for by those who cannot afford to import much."""

import ast
import os
import socket
from pathlib import Path

import pytest

from engine import _control_folder
from engine.background import _address


@pytest.fixture
def runtime_folder(control_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first of the places."""
    monkeypatch.setattr(_address, "_RUN", str(control_folder.parent))
    return control_folder


def test_it_imports_next_to_nothing(repository: Path) -> None:
    tree = ast.parse((repository / "engine/background/_address.py").read_text("utf-8"))
    package = ast.parse((repository / "engine/background/__init__.py").read_text("utf-8"))

    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]

    assert [ast.unparse(node) for node in imports] == ["import os"]
    assert len(package.body) == 1  # the docstring


@pytest.mark.parametrize("runtime", ["own", "", "relative", "/no/such/folder", "/proc/1/root/no"])
@pytest.mark.parametrize("variable", ["TMPDIR", "TEMP", "TMP", None])
def test_places_are_those_of_the_control_sockets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str, variable: str | None
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path) if runtime == "own" else runtime)
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    places = _address.candidates()

    assert places == [str(path) for path in _control_folder.candidates()]
    assert len(places) == (3 if runtime == "own" else 2)


def test_temporary_folder_that_is_not_there_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/no/such/folder")
    monkeypatch.setattr("tempfile.tempdir", None)

    assert _address.candidates() == [str(path) for path in _control_folder.candidates()]


def test_own_folder_is_opened_and_its_socket_reached_by_a_short_path(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40) / "isorun"
    folder.mkdir(parents=True, mode=0o700)
    descriptor = _address.open_folder(str(folder))
    assert descriptor is not None

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(_address.address(descriptor, "name"))

    os.close(descriptor)
    assert os.listdir(folder) == ["name"]


def _missing(folder: Path) -> None:
    pass


def _file(folder: Path) -> None:
    folder.touch(mode=0o700)


def _open_to_group(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o710)


def _open_to_all(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o701)


def _link(folder: Path) -> None:
    folder.with_name("elsewhere").mkdir(mode=0o700)
    folder.symlink_to("elsewhere")


def _foreign(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder of another user")
    folder.mkdir(mode=0o700)
    os.chown(folder, 4711, 4711)


@pytest.mark.parametrize("make", [_missing, _file, _open_to_group, _open_to_all, _link, _foreign])
def test_folder_that_is_not_ours_alone_is_not_opened(tmp_path: Path, make: object) -> None:
    assert callable(make)
    before = len(os.listdir("/proc/self/fd"))
    make(tmp_path / "isorun")

    assert _address.open_folder(str(tmp_path / "isorun")) is None
    assert len(os.listdir("/proc/self/fd")) == before
