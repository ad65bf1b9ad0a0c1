"""Output files of a container: what is kept, what is named only, and what is wrong with a name."""

import pytest

from engine import Artifact
from runtimes.docker._artifacts import Artifacts
from runtimes.docker._tar import Entry, archive

MIB = 1 << 20


def collected(
    *entries: tuple[str, bytes],
    max_bytes: int = MIB,
    max_count: int = 10,
    unchanged: dict[str, bytes] | None = None,
    tail: bytes = b"",
) -> tuple[Artifact, ...]:
    artifacts = Artifacts(
        max_bytes=max_bytes, max_count=max_count, max_skipped=64 * MIB, unchanged=unchanged or {}
    )
    data = b"".join(archive(Entry(name, content, 0o600) for name, content in entries))
    artifacts.feed(data[:-1024] + tail if tail else data)
    return artifacts.result()


def test_files_come_in_the_order_of_their_names() -> None:
    found = collected(("./b", b"2"), ("./a/c", b"3"), ("./a", b"1"))

    assert [(file.name, file.data, file.size) for file in found] == [
        ("a", b"1", 1),
        ("a/c", b"3", 1),
        ("b", b"2", 1),
    ]


@pytest.mark.parametrize(("size", "skipped"), [(MIB - 1, False), (MIB, False), (MIB + 1, True)])
def test_size_limit_is_exact(size: int, skipped: bool) -> None:
    [file] = collected(("./a", bytes(size)))

    assert (file.size, bool(file.skipped), len(file.data)) == (size, skipped, 0 if skipped else size)


def test_size_limit_is_for_all_files_together() -> None:
    found = collected(("./a", bytes(700)), ("./b", bytes(700)), ("./c", bytes(200)), max_bytes=1000)

    assert [bool(file.skipped) for file in found] == [False, True, False]


@pytest.mark.parametrize("count", [3, 4, 5])
def test_count_limit_is_exact(count: int) -> None:
    found = collected(*((f"./{number}", b"x") for number in range(count)), max_count=4)

    assert len(found) == count
    assert [bool(file.skipped) for file in found] == [False] * min(count, 4) + [True] * (count - 4)


def test_what_is_above_the_count_is_one_entry() -> None:
    found = collected(*((f"./{number}", b"x") for number in range(9)), max_count=2)

    assert found[2:] == (Artifact(name="", skipped="7 more entries, limits.artifact-count is 2"),)


def test_unchanged_input_is_left_out_and_changed_input_is_not() -> None:
    found = collected(("./same", b"1"), ("./other", b"2"), unchanged={"same": b"1", "other": b"1"})

    assert [file.name for file in found] == ["other"]


def test_large_input_that_is_unchanged_is_left_out_whatever_the_limit() -> None:
    assert collected(("./large", bytes(5000)), max_bytes=10, unchanged={"large": bytes(5000)}) == ()


def test_large_input_that_was_changed_is_too_large() -> None:
    [file] = collected(("./large", b"x" * 5000), max_bytes=10, unchanged={"large": bytes(5000)})

    assert (file.data, file.size) == (b"", 5000)
    assert "artifact-mib" in (file.skipped or "")


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "..", "./../up"])
def test_name_that_leaves_the_folder_has_no_content(name: str) -> None:
    [file] = collected((name, b"owned"))

    assert file.data == b""
    assert file.skipped == "its name leaves the working folder"


def test_deep_file_is_named_only() -> None:
    found = collected(("./a" + "/a" * 31, b"x"), ("./b" + "/b" * 32, b"x"))

    assert [bool(file.skipped) for file in found] == [False, True]


def test_what_came_before_a_malformed_entry_is_kept() -> None:
    found = collected(("./a", b"x"), tail=b"\xff" * 1024)

    assert [file.name for file in found] == ["a", ""]
    assert "cannot be read" in (found[1].skipped or "")


def test_name_that_is_not_text_is_spelled_out() -> None:
    [file] = collected(("./\udcff", b"x"))

    assert file.name == "\\xff"


def test_more_than_the_file_system_holds_is_too_much() -> None:
    artifacts = Artifacts(max_bytes=10, max_count=10, max_skipped=1000, unchanged={})
    artifacts.feed(b"".join(archive([Entry("./a", bytes(900), 0o600)])))
    assert not artifacts.is_too_much
    other = Artifacts(max_bytes=10, max_count=10, max_skipped=1000, unchanged={})
    other.feed(b"".join(archive([Entry("./a", bytes(600), 0o600), Entry("./b", bytes(600), 0o600)])))
    assert other.is_too_much


def test_file_with_holes_that_stores_more_than_it_claims_is_not_kept() -> None:
    block = bytearray(b"".join(archive([Entry("./a", b"", 0o600)]))[:512])
    block[124:136] = b"%011o\0" % 5000
    block[156:157] = b"S"
    block[483:495] = b"%011o\0" % 10
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    artifacts = Artifacts(max_bytes=1000, max_count=10, max_skipped=4000, unchanged={})
    artifacts.feed(bytes(block) + bytes(5120))

    assert artifacts.is_too_much
    assert all(file.data == b"" for file in artifacts.result())


@pytest.mark.parametrize("name", ["./", "./.", "a//b", "a/./b"])
def test_name_that_no_tar_writes_has_no_content(name: str) -> None:
    artifacts = Artifacts(max_bytes=MIB, max_count=10, max_skipped=MIB, unchanged={})
    data = b"".join(archive([Entry(name, b"owned", 0o600)]))
    artifacts.feed(data)

    assert all(file.data == b"" and file.skipped for file in artifacts.result())
