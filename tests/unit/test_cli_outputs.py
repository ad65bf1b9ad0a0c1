from pathlib import Path

import pytest

from engine import Artifact, ConfigError
from engine.cli._outputs import MAX_DEPTH, check_folder, write_outputs


def _artifact(name: str, data: bytes = b"data") -> Artifact:
    return Artifact(name=name, data=data, size=len(data))


def test_files_are_written_with_their_folders(tmp_path: Path) -> None:
    written = write_outputs(str(tmp_path), [_artifact("a.txt"), _artifact("b/c/d.bin", b"\x00")], force=False)

    assert written.names == ("a.txt", "b/c/d.bin")
    assert (tmp_path / "a.txt").read_bytes() == b"data"
    assert (tmp_path / "b/c/d.bin").read_bytes() == b"\x00"


def test_files_are_not_executable(tmp_path: Path) -> None:
    write_outputs(str(tmp_path), [_artifact("a.sh", b"#!/bin/sh\n")], force=False)

    assert (tmp_path / "a.sh").stat().st_mode & 0o111 == 0


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "..",
        "../up",
        "a/../b",
        "a//b",
        "./a",
        "a/",
        "a\x00b",
        "a\nb",
        "\x1b[2J",
        "txt.\u202eexe",
        "\udcff",
        "x" * 256,
        "/".join(["d"] * (MAX_DEPTH + 1)),
    ],
)
def test_hostile_name_is_reported_and_not_written(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    written = write_outputs(str(folder), [_artifact(name), _artifact("good")], force=True)

    assert [left for left, _ in written.left] == [name]
    assert [entry.name for entry in tmp_path.rglob("*")] == ["out", "good"]


@pytest.mark.parametrize("name", ["x" * 255, "/".join(["d"] * MAX_DEPTH)])
def test_name_just_below_a_limit_is_written(tmp_path: Path, name: str) -> None:
    assert write_outputs(str(tmp_path), [_artifact(name)], force=False).names == (name,)


@pytest.mark.parametrize("force", [False, True])
def test_planted_folder_link_is_not_followed(tmp_path: Path, force: bool) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    folder.mkdir()
    (folder / "link").symlink_to(outside)

    written = write_outputs(str(folder), [_artifact("link/file")], force=force)

    assert written.names == ()
    assert list(outside.iterdir()) == []


def test_planted_file_link_is_not_written_through(tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "out"
    secret.write_text("keep")
    folder.mkdir()
    (folder / "a").symlink_to(secret)

    left = write_outputs(str(folder), [_artifact("a")], force=False).left
    forced = write_outputs(str(folder), [_artifact("a")], force=True)

    assert [name for name, _ in left] == ["a"]
    assert forced.names == ("a",)
    assert secret.read_text() == "keep"
    assert not (folder / "a").is_symlink()


def test_existing_file_stays_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")

    kept = write_outputs(str(tmp_path), [_artifact("a")], force=False)
    content = (tmp_path / "a").read_text()
    replaced = write_outputs(str(tmp_path), [_artifact("a")], force=True)

    assert [name for name, _ in kept.left] == ["a"]
    assert content == "old"
    assert replaced.names == ("a",)
    assert (tmp_path / "a").read_bytes() == b"data"


def test_folder_in_the_place_of_a_file_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    written = write_outputs(str(tmp_path), [_artifact("a")], force=True)

    assert [name for name, _ in written.left] == ["a"]
    assert (tmp_path / "a").is_dir()


def test_skipped_artifact_is_reported_with_its_reason(tmp_path: Path) -> None:
    skipped = Artifact(name="big", size=10**9, skipped="larger than 32 MiB")

    assert write_outputs(str(tmp_path), [skipped], force=False).left == (("big", "larger than 32 MiB"),)


def test_new_output_folder_is_made(tmp_path: Path) -> None:
    check_folder(str(tmp_path / "a/b"), force=False)

    assert (tmp_path / "a/b").is_dir()


def test_occupied_output_folder_needs_force(tmp_path: Path) -> None:
    (tmp_path / "x").touch()

    with pytest.raises(ConfigError) as raised:
        check_folder(str(tmp_path), force=False)

    assert "--force" in raised.value.hint
    check_folder(str(tmp_path), force=True)


@pytest.mark.parametrize("name", ["file", "file/below", ""])
def test_impossible_output_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError):
        check_folder(str(tmp_path / name) if name else "", force=True)
