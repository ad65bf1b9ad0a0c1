"""Input files: names that stay in the working folder, sources that can be read."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import ConfigError, File, Limits, Program
from engine._inputs import _OPEN_FLAGS, MAX_DEPTH, MAX_NAME_BYTES, MAX_PART_BYTES, check_files, load_files

MIB = 1024 * 1024
# The policy counts files and folders; nothing smaller than this is a valid policy.
FEW = Limits(file_count=16, disk_mib=1)


def named(*names: Any) -> tuple[File, ...]:
    return tuple(File(name=name, data=b"") for name in names)


def refusal(files: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        check_files(files)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a/b.csv",
        ".hidden",
        "..a",
        "a..",
        "with space",
        "back\\slash",
        "ünïcode",
        "-",
        "a\nb",
        "x" * MAX_PART_BYTES,
        "/".join(["d"] * MAX_DEPTH),
    ],
    ids=range(12),
)
def test_relative_name_passes(name: str) -> None:
    check_files(named(name))


def test_longest_name_passes_and_one_byte_more_is_refused() -> None:
    longest = "/".join(["x" * 203] * 4 + ["y" * (MAX_NAME_BYTES - 4 * 204)])
    check_files(named(longest))

    assert f"longer than {MAX_NAME_BYTES} bytes" in refusal(named(longest + "y"))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "is empty"),
        ("/etc/passwd", "is an absolute path"),
        ("..", "contains `..`"),
        ("../a", "contains `..`"),
        ("a/../b", "contains `..`"),
        ("a/..", "contains `..`"),
        ("a//b", "is not normalised"),
        ("a/", "is not normalised"),
        ("./a", "is not normalised"),
        ("a/./b", "is not normalised"),
        (".", "is not normalised"),
        ("a\0b", "contains a NUL character"),
        ("a\ud800", "cannot be expressed in UTF-8"),
        ("x" * (MAX_PART_BYTES + 1), "has a part longer than 255 bytes"),
        ("ä" * 128, "has a part longer than 255 bytes"),
        ("/".join(["d"] * (MAX_DEPTH + 1)), "has 33 levels, allowed are 32"),
        (3, "is not text"),
        (b"a", "is not text"),
    ],
)
def test_name_that_is_not_inside_the_working_folder_is_refused(name: Any, problem: str) -> None:
    assert problem in refusal(named(name))


def test_same_name_twice_is_refused() -> None:
    assert "two input files have the name 'a/b'" in refusal(named("a/b", "c", "a/b"))


def test_file_that_is_a_folder_of_another_is_refused() -> None:
    assert "'a/b' is also the folder of 'a/b/c/d'" in refusal(named("a/b/c/d", "a/b"))


def test_names_that_only_begin_alike_pass() -> None:
    check_files(named("a", "ab/c", "a.b"))


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (File(name="a"), "exactly one of `data` and `path`"),
        (File(name="a", data=b"", path="/x"), "exactly one of `data` and `path`"),
        (File(name="a", data="text"), "`data` must be `bytes`, not `str`"),  # type: ignore[arg-type]
        (File(name="a", path=""), "`path` must be a path"),
        (File(name="a", path="/a\0b"), "`path` must be a path"),
        (File(name="a", path=3), "`path` must be a path"),  # type: ignore[arg-type]
        ("a", "`files` must hold `File`, not `str`"),
    ],
)
def test_file_without_one_proper_source_is_refused(file: Any, problem: str) -> None:
    assert problem in refusal((file,))


def test_control_characters_of_a_name_are_escaped_in_the_message() -> None:
    assert "\\x1b" in refusal(named("/\x1b[2J"))


async def load(*files: File, limits: Limits = FEW) -> tuple[File, ...]:
    return (await load_files(Program(code="1", files=files), limits)).files


async def test_files_by_path_are_read_and_files_by_value_stay(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"content")
    by_value = File(name="v", data=b"value")

    loaded = await load(
        File(name="p", path=str(tmp_path / "source"), read_only=True), by_value, File(name="e", data=b"")
    )

    assert loaded == (
        File(name="p", data=b"content", read_only=True),
        by_value,
        File(name="e", data=b""),
    )


async def test_link_to_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"content")
    (tmp_path / "link").symlink_to("source")

    (loaded,) = await load(File(name="p", path=str(tmp_path / "link")))

    assert loaded.data == b"content"


async def test_file_without_a_known_size_is_read() -> None:
    (loaded,) = await load(File(name="p", path="/proc/self/status"))

    assert loaded.data is not None
    assert loaded.data.startswith(b"Name:")


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (Path.mkdir, "is a folder"),
        (os.mkfifo, "is a FIFO"),
        (make_socket, "is a socket"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device"),
        (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (lambda path: None, "No such file or directory"),
    ],
)
async def test_source_that_is_not_a_readable_regular_file_is_refused(
    make: Callable[[Path], object], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket may be short only
    make(Path("source"))

    with pytest.raises(ConfigError, match=problem):
        await load(File(name="p", path="source"))


def test_opening_a_source_that_became_a_fifo_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    os.close(os.open(tmp_path / "fifo", _OPEN_FLAGS))


@pytest.mark.skipif(os.geteuid() == 0, reason="needs an ordinary user: root may read every file")
async def test_unreadable_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source").touch(mode=0o000)

    with pytest.raises(ConfigError, match="Permission denied"):
        await load(File(name="p", path=str(tmp_path / "source")))


async def test_files_may_fill_the_disk_limit_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(bytes(MIB - 10))
    path = str(tmp_path / "source")
    await load(File(name="p", path=path), File(name="v", data=bytes(10)))

    with pytest.raises(ConfigError, match="more than 1 MiB") as caught:
        await load(File(name="p", path=path), File(name="v", data=bytes(11)))

    assert "`limits.disk-mib`" in caught.value.hint


async def test_files_by_value_may_fill_the_disk_limit_and_no_more() -> None:
    await load(File(name="v", data=bytes(MIB)))

    with pytest.raises(ConfigError, match="more than 1 MiB"):
        await load(File(name="v", data=bytes(MIB + 1)))


async def test_file_that_never_ends_is_read_no_further_than_the_limit(tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(1 << 40)

    with pytest.raises(ConfigError, match="more than 1 MiB"):
        await load(File(name="p", path=str(huge)))


async def test_files_and_their_folders_are_counted() -> None:
    most = [File(name=f"a/b/{number}", data=b"") for number in range(FEW.file_count - 2)]
    await load(*most)

    with pytest.raises(ConfigError, match="17 input files and folders, the policy allows 16"):
        await load(*most, File(name="one", data=b""))


async def test_program_without_files_is_returned_as_it_is() -> None:
    program = Program(code="1")

    assert await load_files(program, FEW) is program


async def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x")
    await load(File(name="p", path=str(tmp_path / "source")))
    before = len(os.listdir("/proc/self/fd"))

    await load(File(name="p", path=str(tmp_path / "source")))
    with pytest.raises(ConfigError):
        await load(File(name="p", path=str(tmp_path)))

    assert len(os.listdir("/proc/self/fd")) == before
