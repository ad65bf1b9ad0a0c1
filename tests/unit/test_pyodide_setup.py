"""Setting Pyodide up: what is taken, what is refused, and what is noticed later."""

import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path

import msgspec
import pytest

from engine import ConfigError, RuntimeUnavailableError
from runtimes.pyodide._catalog import FILES, LockedPackage, normalised, read_lock, with_dependencies
from runtimes.pyodide._distribution import ensure_pyodide, find_pyodide
from runtimes.pyodide._fetch import fetch
from runtimes.pyodide._manifest import check
from runtimes.pyodide._packages import current_packages, ensure_packages
from tests.support.pyodide_guest import deno, pyodide, waiting

_MANIFEST = "manifest.json"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A distribution with its snapshot that may be broken."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in pyodide().folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.slow
def test_intact_distribution_is_accepted(copy: Path) -> None:
    check(copy)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["snapshot.memory", "snapshot.head", "pyodide.asm.wasm", "pyodide.mjs"])
def test_one_changed_byte_is_noticed(copy: Path, name: str) -> None:
    path = copy / name
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(status.st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    with pytest.raises(RuntimeUnavailableError, match=name) as caught:
        check(copy)

    assert "isorun setup" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("name", ["snapshot.memory", "python_stdlib.zip"])
def test_missing_file_is_noticed(copy: Path, name: str) -> None:
    (copy / name).unlink()

    with pytest.raises(RuntimeUnavailableError, match="damaged"):
        check(copy)


def test_missing_distribution_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match="not set up") as caught:
        find_pyodide(tmp_path)

    assert "isorun setup" in caught.value.hint


@pytest.mark.slow
def test_modules_are_those_that_the_interpreter_has() -> None:
    modules = pyodide().modules

    assert {"json", "asyncio", "sys", "js", "zoneinfo"} <= modules
    assert not modules & {"numpy", "tkinter", "__main__"}


@pytest.mark.slow
def test_distribution_comes_from_a_folder(tmp_path: Path) -> None:
    steps: list[str] = []
    cache = tmp_path / "cache"

    made = ensure_pyodide(cache, deno(), (), steps.append, source=str(pyodide().folder))

    assert steps == ["making the snapshot of Pyodide"]
    assert find_pyodide(cache) == made
    assert {*FILES, _MANIFEST} < {entry.name for entry in made.folder.iterdir()}


def test_other_files_than_the_pinned_ones_are_refused(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for name in FILES:
        (mirror / name).write_bytes(b"something else")

    with pytest.raises(RuntimeUnavailableError, match=r"pyodide\.mjs"):
        ensure_pyodide(tmp_path / "cache", deno(), (), print, source=str(mirror))

    assert not list((tmp_path / "cache").glob("pyodide/*"))


def test_list_of_packages_gives_dependencies() -> None:
    lock = read_lock(pyodide().folder)

    names = [package.name for package in with_dependencies(lock, ["pandas"])]

    assert names == ["numpy", "pandas", "python-dateutil", "pytz", "six"]


@pytest.mark.parametrize(("name", "expected"), [("PyYAML", "pyyaml"), ("a_b.C--d", "a-b-c-d")])
def test_names_are_normalised(name: str, expected: str) -> None:
    assert normalised(name) == expected


@pytest.mark.parametrize("name", ["", "-r file", "../x", "a b", "x" * 101])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        normalised(name)


def _package(data: bytes) -> LockedPackage:
    digest = hashlib.sha256(data).hexdigest()
    return LockedPackage(name="thing", version="1", file_name="thing.whl", sha256=digest, install_dir="site")


def test_file_of_the_distribution_comes_from_the_mirror(tmp_path: Path) -> None:
    (mirror := tmp_path / "mirror").mkdir()
    (mirror / "thing.whl").write_bytes(b"right")

    assert fetch(_package(b"right"), tmp_path, mirror).read_bytes() == b"right"


def test_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    (mirror := tmp_path / "mirror").mkdir()
    (mirror / "thing.whl").write_bytes(b"wrong")

    with pytest.raises(RuntimeUnavailableError, match="hash differs"):
        fetch(_package(b"right"), tmp_path, mirror)


def test_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    (mirror := tmp_path / "mirror").mkdir()

    with pytest.raises(RuntimeUnavailableError, match="missing"):
        fetch(_package(b"right"), tmp_path, mirror)


def _wheel(folder: Path, name: str, source: str) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", source)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.mark.slow
def test_wheel_from_a_folder_can_be_imported_compiled_and_not_changed(tmp_path: Path) -> None:
    (mirror := tmp_path / "mirror").mkdir()
    _wheel(mirror, "homemade", "answer = 42\n")
    root = tmp_path / "root"
    root.mkdir()

    ensure_packages(root, pyodide().folder, ["homemade"], deno(), print, mirror=mirror)

    packages = current_packages(root)
    assert packages is not None
    assert (packages.names, packages.modules) == (("homemade",), ("homemade",))
    assert "--hash=sha256:" in packages.lock
    with waiting(packages=packages.site) as guest:
        code = "import homemade, os\n[homemade.answer, os.path.exists(homemade.__cached__)]"
        assert guest.run(code).report["value"] == [42, True]
    with waiting(packages=packages.site) as guest:
        error = guest.run("open('/opt/packages/homemade.py', 'w')").report["error"]
        assert (error["type"], error["message"][:10]) == ("OSError", "[Errno 69]")


def _with_package(distribution: Path, target: Path, name: str, wheel: Path) -> None:
    """Copy a distribution to `target`, with one package more in its list."""
    shutil.copytree(distribution, target)
    path = target / "pyodide-lock.json"
    lock = json.loads(path.read_bytes())
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    entry = {"name": name, "version": "1.0", "file_name": wheel.name, "sha256": digest, "install_dir": "site"}
    lock["packages"][name] = {**next(iter(lock["packages"].values())), **entry, "depends": []}
    path.chmod(0o644)
    path.write_text(json.dumps(lock), encoding="utf-8")


@pytest.mark.slow
def test_package_of_the_distribution_is_unpacked_below_its_folder_alone(tmp_path: Path) -> None:
    (mirror := tmp_path / "mirror").mkdir()
    _wheel(mirror, "homemade", "answer = 42\n")
    wheel = mirror / "homemade-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("../../outside.py", "escaped = True\n")
    _with_package(pyodide().folder, tmp_path / "distribution", "homemade", wheel)
    root = tmp_path / "root"
    root.mkdir()

    ensure_packages(root, tmp_path / "distribution", ["homemade"], deno(), print, mirror=mirror)

    packages = current_packages(root)
    assert packages is not None
    assert packages.distribution.keys() == {wheel.name}
    assert [path for path in tmp_path.rglob("outside.py") if not path.is_relative_to(packages.site)] == []
    assert sorted(path.name for path in packages.site.parent.iterdir()) == ["manifest.json", "site"]
    with waiting(packages=packages.site) as guest:
        assert guest.run("import homemade\nhomemade.answer").report["value"] == 42


@pytest.mark.slow
def test_file_of_the_distribution_that_is_no_wheel_is_refused(tmp_path: Path) -> None:
    (mirror := tmp_path / "mirror").mkdir()
    (wheel := mirror / "homemade-1.0-py3-none-any.whl").write_bytes(b"no archive")
    _with_package(pyodide().folder, tmp_path / "distribution", "homemade", wheel)
    root = tmp_path / "root"
    root.mkdir()

    with pytest.raises(RuntimeUnavailableError, match="not a zip file"):
        ensure_packages(root, tmp_path / "distribution", ["homemade"], deno(), print, mirror=mirror)

    assert current_packages(root) is None


@pytest.mark.slow
def test_missing_wheel_leaves_the_earlier_packages(tmp_path: Path) -> None:
    (mirror := tmp_path / "mirror").mkdir()
    _wheel(mirror, "homemade", "answer = 42\n")
    root = tmp_path / "root"
    root.mkdir()
    ensure_packages(root, pyodide().folder, ["homemade"], deno(), print, mirror=mirror)
    before = current_packages(root)

    with pytest.raises(ConfigError, match="nowhere"):
        ensure_packages(root, pyodide().folder, ["nowhere"], deno(), print, mirror=mirror)
    with pytest.raises(RuntimeUnavailableError, match="numpy"):
        ensure_packages(root, pyodide().folder, ["numpy"], deno(), print, mirror=mirror)

    assert current_packages(root) == before
    assert msgspec.json.encode(before)
