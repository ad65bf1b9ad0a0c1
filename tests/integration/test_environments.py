"""Real builds in a cache of their own, without a network."""

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import ConfigError, EngineError, RuntimeUnavailableError
from engine.cli import main
from runtimes.environments import (
    Environment,
    add_environment,
    is_outdated,
    list_environments,
    load_environment,
    prune,
    remove_environment,
    setup,
)
from runtimes.environments._declare import COMMON_MODULES
from runtimes.environments._host_python import host_python

pytestmark = pytest.mark.slow

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount or to change the root folder")


def silent(message: str) -> None:
    """Take progress and do nothing."""


@pytest.fixture(scope="module")
def nsjail(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A program that says what nsjail says; setting up only looks at that."""
    path = tmp_path_factory.mktemp("tools") / "nsjail"
    path.write_text("#!/bin/sh\necho '--chroot --seccomp_string'\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, nsjail: str) -> Path:
    """A cache with `base`, built under the narrowest umask; not to be changed."""
    cache = tmp_path_factory.mktemp("built") / "cache"
    before = os.umask(0o077)
    try:
        setup(cache, [], silent, nsjail=nsjail)
    finally:
        os.umask(before)
    return cache


@pytest.fixture
def cache(built: Path, tmp_path: Path) -> Path:
    """A cache of the test's own that shares the files of the interpreter."""
    copy = tmp_path / "cache"
    shutil.copytree(built, copy, symlinks=True, copy_function=os.link)
    return copy


def make_wheel(folder: Path, name: str, version: str = "1.0", files: dict[str, str] | None = None) -> Path:
    """Write a wheel by hand."""
    folder.mkdir(exist_ok=True)
    information = f"{name}-{version}.dist-info"
    content = dict(files or {f"{name}/__init__.py": f"version = '{version}'\n"})
    content[f"{information}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    content[f"{information}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    content[f"{information}/RECORD"] = "".join(f"{path},,\n" for path in content)
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)
    return wheel


def run_guest(environment: Environment, *arguments: str) -> str:
    """Run Python in the root under a uid that owns nothing there; errors come with the output."""
    command = ["chroot", "--userspec=65534:65534", str(environment.root)]
    return subprocess.run(
        [*command, environment.python, "-I", *arguments],
        env={"LANG": "C.UTF-8", "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        text=True,
    ).stdout


def no_leftovers(cache: Path) -> bool:
    return not [path for path in cache.rglob(".*") if path.name.startswith((".building-", ".current"))]


@needs_root
def test_interpreter_runs_in_its_root_as_a_stranger(built: Path) -> None:
    environment = load_environment(built, "base")

    output = run_guest(
        environment, "-c", "import sys, os; print(sys.version.split()[0], sys.prefix, os.getuid())"
    )

    assert output.split() == [environment.version, "/opt/python", "65534"]


@needs_root
def test_standard_library_works_in_the_root(built: Path) -> None:
    code = (
        "import ctypes, datetime, decimal, hashlib, locale, lzma, pwd, sqlite3, ssl, zoneinfo\n"
        "print(locale.setlocale(locale.LC_ALL, ''), pwd.getpwuid(1000).pw_name)\n"
        "print(sqlite3.connect(':memory:').execute('select 1').fetchone())\n"
    )

    output = run_guest(load_environment(built, "base"), "-c", code)

    assert output.splitlines() == ["C.UTF-8 guest", "(1,)"]


@needs_root
def test_start_loads_nothing_that_has_to_be_compiled(built: Path) -> None:
    code = (
        "import json, sys\n"
        "files = [m.__cached__ for m in sys.modules.values() if getattr(m, '__cached__', None)]\n"
        "print(all(open(name, 'rb').read(8)[4] == 1 for name in files), bool(files))\n"
        "print(json.loads.__code__.co_filename)\n"
    )

    output = run_guest(load_environment(built, "base"), "-c", code).splitlines()

    assert output[0] == "True True"  # a hash, not to be checked
    assert output[1].startswith("/opt/python/")


@needs_root
def test_every_listed_module_of_base_can_be_imported(built: Path) -> None:
    environment = load_environment(built, "base")
    # These print or open something when they are imported, or belong to another program.
    names = sorted(environment.modules - {"antigravity", "this", "__main__", "idlelib"})
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1].split():\n"
        "    try: importlib.import_module(name)\n"
        "    except Exception as error: print(name, repr(error))\n"
    )

    output = run_guest(environment, "-W", "ignore", "-c", code, " ".join(names))

    assert output == ""


def test_everything_is_readable_by_all_but_the_executable(built: Path) -> None:
    root = load_environment(built, "base").root
    layers = [*built.glob("interpreters/**/*"), *built.glob("environments/**/*")]
    modes = {path: path.lstat().st_mode & 0o7777 for path in layers if not path.is_symlink()}
    executable = modes.pop(root / "opt/python/bin/python3")

    assert executable == 0o111
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o755}
    assert {mode for path, mode in modes.items() if path.is_file()} <= {0o644, 0o755}


def test_links_stay_inside_the_root(built: Path) -> None:
    root = load_environment(built, "base").root

    targets = [path.readlink() for path in root.rglob("*") if path.is_symlink()]

    assert targets
    assert not [target for target in targets if target.is_absolute()]


def test_guests_get_no_tests_installers_or_site_packages(built: Path) -> None:
    library = load_environment(built, "base").root / "opt/python" / host_python().library_name

    names = {path.name for path in library.iterdir()}

    assert names.isdisjoint({"test", "idlelib", "tkinter", "ensurepip", "site-packages", "sitecustomize.py"})
    assert not list(library.rglob("_test*.so"))


def test_second_set_up_does_nothing_and_is_quick(built: Path, nsjail: str) -> None:
    said: list[str] = []
    start = time.process_time()

    setup(built, [], said.append, nsjail=nsjail)

    assert time.process_time() - start < 0.5
    assert said == []
    assert not is_outdated(built, "base")


def test_layer_is_the_same_whatever_the_builder_has_imported() -> None:
    code = "from runtimes.environments._host_python import host_python; print(host_python().layer)"

    layers = {
        subprocess.run(
            [sys.executable, "-c", f"{start}{code}"], capture_output=True, check=True, text=True
        ).stdout
        for start in ("", "import ssl, sqlite3, ctypes, lzma; ")
    }

    assert len(layers) == 1


def test_lost_executable_is_repaired_by_set_up(cache: Path, nsjail: str) -> None:
    environment = load_environment(cache, "base")
    (environment.root / "opt/python/bin/python3").unlink()
    with pytest.raises(RuntimeUnavailableError):
        load_environment(cache, "base")

    setup(cache, [], silent, nsjail=nsjail)

    assert load_environment(cache, "base") == environment
    assert no_leftovers(cache)


def test_leftover_of_a_killed_set_up_is_removed(cache: Path, tmp_path: Path) -> None:
    leftover = cache / "environments" / "mine" / ".building-killed"
    leftover.mkdir(parents=True)

    make_wheel(tmp_path / "wheels", "tiny")
    add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")

    assert not leftover.exists()


def test_wheels_become_an_environment(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "tiny_thing")
    make_wheel(tmp_path / "wheels", "spaced", files={"room/inner.py": "", "single.py": "x = 1\n"})

    environment = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")

    assert environment == load_environment(cache, "mine")
    assert {"tiny_thing", "room", "single", "json"} <= environment.modules
    assert environment.packages is not None
    assert list(environment.packages.glob("__pycache__/single.*.pyc"))
    assert [entry.name for entry in list_environments(cache)] == ["base", "mine"]
    assert no_leftovers(cache)


def test_equal_content_again_changes_nothing(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "tiny")
    first = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")
    assert first.packages is not None
    before = first.packages.stat()
    moved = (tmp_path / "wheels").rename(tmp_path / "moved")

    again = add_environment(cache, "mine", silent, wheels=moved)

    assert again == first
    assert first.packages.stat() == before


def test_changed_content_switches_and_the_old_layer_goes_with_prune(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "tiny", "1.0")
    first = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")
    make_wheel(tmp_path / "wheels", "tiny", "1.1")

    second = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")

    assert second.hash != first.hash
    assert first.packages is not None
    assert first.packages.is_dir()
    prune(cache, silent)
    assert not first.packages.exists()
    assert load_environment(cache, "mine") == second
    assert load_environment(cache, "base").name == "base"


def test_requirements_choose_among_wheels(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "tiny", "1.0")
    make_wheel(tmp_path / "wheels", "tiny", "1.1")
    make_wheel(tmp_path / "wheels", "other")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# a comment\ntiny<1.1\n")

    environment = add_environment(
        cache, "mine", silent, requirements=requirements, wheels=tmp_path / "wheels"
    )

    assert environment.packages is not None
    assert "1.0" in (environment.packages / "tiny/__init__.py").read_text()
    assert "other" not in environment.modules


def test_removed_environment_is_gone(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "tiny")
    add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")

    remove_environment(cache, "mine", silent)

    assert [entry.name for entry in list_environments(cache)] == ["base"]
    with pytest.raises(ConfigError, match="no environment"):
        load_environment(cache, "mine")


def test_command_line_declares_what_an_environment_preloads(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_wheel(tmp_path / "wheels", "tiny", files={"tiny/__init__.py": "", "tiny/inner.py": ""})
    monkeypatch.setenv("ISORUN_CACHE_DIR", str(cache))
    wheels = ["--wheels", str(tmp_path / "wheels")]

    code = main(["env", "add", "mine", *wheels, "--preload", "tiny.inner, sqlite3,tiny,json"])
    main(["env", "list", "--json"])

    preload = (*COMMON_MODULES, "tiny.inner", "sqlite3", "tiny")
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert code == 0
    assert load_environment(cache, "mine").preload == preload
    assert listed["mine"]["preload"] == list(preload)


def test_environment_of_the_user_preloads_common_modules_unasked(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "tiny")

    environment = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")

    assert environment.preload == COMMON_MODULES
    assert environment.preload == load_environment(cache, "base").preload


def test_another_preload_is_another_layer(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "tiny")
    first = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")

    second = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels", preload=["tiny"])

    assert first.hash != second.hash
    assert load_environment(cache, "mine") == second


@pytest.mark.parametrize("more_packages", [True, False])
def test_preload_of_what_is_not_there_is_refused_and_the_name_keeps_its_layer(
    cache: Path, tmp_path: Path, more_packages: bool
) -> None:
    make_wheel(tmp_path / "wheels", "tiny")
    before = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels", preload=["tiny"])
    if more_packages:
        make_wheel(tmp_path / "wheels", "other")
    layers = os.listdir(cache / "environments/mine")

    with pytest.raises(ConfigError, match=r"`absent\.part` is not in environment `mine`") as caught:
        add_environment(cache, "mine", silent, wheels=tmp_path / "wheels", preload=["tiny", "absent.part"])

    assert caught.value.hint
    assert load_environment(cache, "mine") == before
    assert os.listdir(cache / "environments/mine") == layers
    assert no_leftovers(cache)


def test_preload_of_what_is_not_there_makes_no_environment(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "tiny")

    with pytest.raises(ConfigError, match="`a`, `b` are not in"):
        add_environment(cache, "mine", silent, wheels=tmp_path / "wheels", preload=["a", "tiny", "b"])

    assert os.listdir(cache / "environments") == ["base"]


def test_preload_of_a_nested_namespace_is_accepted(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "deep", files={"vendor/cloud/storage/__init__.py": ""})

    environment = add_environment(
        cache, "mine", silent, wheels=tmp_path / "wheels", preload=["vendor.cloud.storage"]
    )

    assert environment.preload[-1] == "vendor.cloud.storage"


def test_preload_stays_when_the_environment_is_built_from_its_pins(
    cache: Path, tmp_path: Path, nsjail: str
) -> None:
    make_wheel(tmp_path / "wheels", "tiny")
    environment = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels", preload=["tiny"])
    assert environment.packages is not None
    shutil.rmtree(environment.packages)

    setup(cache, ["mine"], silent, nsjail=nsjail)

    assert load_environment(cache, "mine").preload[-1] == "tiny"
    assert environment.packages.is_dir()


def test_file_that_does_not_compile_is_left_as_source(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "odd", files={"odd/__init__.py": "", "odd/template.py": "def {{ name }}"})

    environment = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")

    assert environment.packages is not None
    assert (environment.packages / "odd/template.py").is_file()
    assert list(environment.packages.glob("odd/__pycache__/__init__.*.pyc"))


@pytest.mark.parametrize(
    "line",
    [
        "-e {project}",
        "\ufeff-e {project}",
        "\N{NO-BREAK SPACE}-e {project}",
        "tiny \\\n-e {project}",
        "tiny\r-e {project}",
        "--editable={project}",
        "{project}",
        "evil @ file://{project}",
        "-r other.txt",
        "--index-url http://127.0.0.1:1/",
        "nonsense",
        "tiny=>1",
        "tiny==99",
        "\0",
        "# nothing",
        "tiny; python_version < '3'",
    ],
)
def test_bad_requirements_run_nothing_and_leave_nothing(cache: Path, tmp_path: Path, line: str) -> None:
    make_wheel(tmp_path / "wheels", "tiny")
    project = tmp_path / "project"
    project.mkdir()
    (project / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(line.format(project=project), encoding="utf-8", newline="")

    with pytest.raises(ConfigError) as caught:
        add_environment(cache, "mine", silent, requirements=requirements, wheels=tmp_path / "wheels")

    assert not caught.value.dispatched
    assert not (tmp_path / "ran").exists()
    assert os.listdir(cache / "environments") == ["base"]


@pytest.mark.parametrize("content", [b"\xff\xfe-\0e\0", b"tiny\n" * 300_000])
def test_file_that_is_not_requirements_is_refused(cache: Path, tmp_path: Path, content: bytes) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_bytes(content)

    with pytest.raises(ConfigError):
        add_environment(cache, "mine", silent, requirements=requirements)


def test_folder_without_wheels_is_refused(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.whl").touch()

    with pytest.raises(ConfigError, match="no wheels"):
        add_environment(cache, "mine", silent, wheels=tmp_path / "empty")


def test_missing_folder_is_refused(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a readable folder"):
        add_environment(cache, "mine", silent, wheels=tmp_path / "missing")


def test_damaged_wheel_is_refused_and_leaves_nothing(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "tiny").write_bytes(b"not a zip file")

    with pytest.raises(EngineError):
        add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")

    assert os.listdir(cache / "environments") == ["base"]


def test_file_that_would_leave_its_folder_is_not_installed(cache: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "evil", files={"../escaped.py": "x = 1\n", "evil.py": ""})

    environment = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")

    assert "evil" in environment.modules
    assert not list(cache.rglob("escaped.py"))


def test_unknown_environment_cannot_be_set_up(cache: Path, nsjail: str) -> None:
    with pytest.raises(ConfigError, match="no environment"):
        setup(cache, ["nonsense"], silent, nsjail=nsjail)


def test_environment_of_the_user_is_set_up_again_from_its_pins(
    cache: Path, tmp_path: Path, nsjail: str
) -> None:
    make_wheel(tmp_path / "wheels", "tiny")
    environment = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")
    assert environment.packages is not None
    shutil.rmtree(environment.packages)

    setup(cache, ["mine"], silent, nsjail=nsjail)

    assert load_environment(cache, "mine") == environment


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system too small for an interpreter layer."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "none", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@needs_root
def test_full_disk_is_reported_and_leaves_nothing(small_disk: Path, nsjail: str) -> None:
    with pytest.raises(RuntimeUnavailableError, match="no space left") as caught:
        setup(small_disk / "cache", [], silent, nsjail=nsjail)

    assert caught.value.hint
    assert os.listdir(small_disk / "cache") == ["lock"]


@needs_root
def test_full_disk_while_installing_keeps_what_was_there(
    built: Path, small_disk: Path, tmp_path: Path, nsjail: str
) -> None:
    cache = small_disk / "cache"
    cache.mkdir()
    (cache / "interpreters").symlink_to(built / "interpreters")
    make_wheel(tmp_path / "wheels", "tiny")
    before = add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")
    noise = os.urandom(20 << 20).hex()
    make_wheel(tmp_path / "wheels", "large", files={"large.py": "", "large.txt": noise})

    with pytest.raises(RuntimeUnavailableError, match="no space left"):
        add_environment(cache, "mine", silent, wheels=tmp_path / "wheels")

    assert load_environment(cache, "mine") == before
    assert no_leftovers(cache)


@needs_root
def test_cache_on_a_read_only_disk_is_reported(small_disk: Path, nsjail: str) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.raises(RuntimeUnavailableError, match="cannot be written"):
        setup(small_disk / "cache", [], silent, nsjail=nsjail)
