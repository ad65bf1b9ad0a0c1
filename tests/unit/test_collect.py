"""Output files: what is taken, what is only named, and that nothing from outside ever is."""

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Artifact
from runtimes.jails._collect import MAX_DEPTH, collect, is_empty

CANARY = b"canary of the host"
NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to look as somebody else")


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up the right to read everything, as an engine without privilege has to live without it."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def collected(
    folder: Path,
    *,
    max_bytes: int = 1 << 20,
    max_count: int = 100,
    unchanged: Mapping[str, bytes] | None = None,
) -> tuple[Artifact, ...]:
    with opened(folder) as descriptor:
        return collect(descriptor, max_bytes=max_bytes, max_count=max_count, unchanged=unchanged or {})


def by_name(artifacts: tuple[Artifact, ...]) -> dict[str, Artifact]:
    return {artifact.name: artifact for artifact in artifacts}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A folder outside of the program's own, with one file and a link to it."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "canary").write_bytes(CANARY)
    (folder / "link").symlink_to(folder / "canary")
    return folder


def test_files_are_taken_in_name_order_with_their_folders(work: Path) -> None:
    (work / "b").mkdir()
    (work / "b" / "inner").write_bytes(b"2")
    (work / "c").write_bytes(b"3")
    (work / "a").write_bytes(b"1")

    artifacts = collected(work)

    assert artifacts == (
        Artifact(name="a", data=b"1", size=1),
        Artifact(name="b/inner", data=b"2", size=1),
        Artifact(name="c", data=b"3", size=1),
    )


def test_empty_file_is_taken(work: Path) -> None:
    (work / "empty").touch()

    assert collected(work) == (Artifact(name="empty"),)


def test_empty_folder_gives_nothing(work: Path) -> None:
    (work / "folder").mkdir()

    assert collected(work) == ()


LINKS: dict[str, Callable[[Path, Path], None]] = {
    "absolute link to a file": lambda path, canary: path.symlink_to(canary / "canary"),
    "relative link to a file": lambda path, canary: path.symlink_to("../outside/canary"),
    "link to a folder": lambda path, canary: path.symlink_to(canary),
    "link to the parent": lambda path, canary: path.symlink_to(".."),
    "link to a link": lambda path, canary: path.symlink_to(canary / "link"),
    "link into proc": lambda path, canary: path.symlink_to("/proc/self/environ"),
    "link to itself": lambda path, canary: path.symlink_to(path),
}


@pytest.mark.parametrize("kind", LINKS)
def test_symbolic_link_is_named_and_not_followed(kind: str, work: Path, canary: Path) -> None:
    LINKS[kind](work / "entry", canary)

    artifact = by_name(collected(work))["entry"]

    assert (artifact.skipped, artifact.data) == ("symbolic link", b"")


def test_hard_link_to_a_file_outside_is_not_read(work: Path, canary: Path) -> None:
    (work / "entry").hardlink_to(canary / "canary")

    artifacts = collected(work)

    assert artifacts == (Artifact(name="entry", size=len(CANARY), skipped="hard link"),)


def test_file_that_is_a_hard_link_to_one_outside_only_while_it_is_opened_is_not_read(
    work: Path, canary: Path
) -> None:
    entry = work / "entry"
    entry.write_bytes(b"inside")

    def interfere(frame: FrameType, event: str, argument: object) -> None:
        """Do what a process beside the collector could: after the look, and after the opening."""
        match frame.f_code.co_name:
            case "_file":
                entry.unlink()
                entry.hardlink_to(canary / "canary")
            case "_content":
                entry.unlink()

    sys.settrace(interfere)
    try:
        artifacts = collected(work)
    finally:
        sys.settrace(None)

    assert artifacts == (Artifact(name="entry", size=6, skipped="replaced while it was read"),)


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFSOCK])
def test_fifo_and_socket_are_named_without_waiting(kind: int, work: Path) -> None:
    os.mknod(work / "entry", kind | 0o600)

    assert collected(work) == (Artifact(name="entry", skipped="not a regular file"),)


@needs_root
def test_device_is_named_and_not_opened(work: Path) -> None:
    os.mknod(work / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))

    assert collected(work) == (Artifact(name="zero", skipped="not a regular file"),)


def test_sparse_file_above_the_limit_is_not_read(work: Path) -> None:
    with (work / "sparse").open("wb") as file:
        file.truncate(1 << 42)

    (artifact,) = collected(work, max_bytes=32 << 20)

    assert artifact == Artifact(name="sparse", size=1 << 42, skipped="too large, limits.artifact-mib is 32")


def test_sparse_file_counts_as_the_zeros_that_it_reads_as(work: Path) -> None:
    for name in ("a", "b"):
        with (work / name).open("wb") as file:
            file.truncate(600)

    first, second = collected(work, max_bytes=1000)

    assert (first.data, second.skipped is None) == (bytes(600), False)


@pytest.mark.parametrize(("size", "taken"), [(99, True), (100, True), (101, False)])
def test_file_is_taken_up_to_the_limit_of_bytes(size: int, taken: bool, work: Path) -> None:
    (work / "file").write_bytes(b"x" * size)

    (artifact,) = collected(work, max_bytes=100)

    assert (artifact.skipped is None, len(artifact.data), artifact.size) == (taken, size * taken, size)


def test_limit_of_bytes_is_shared_and_smaller_files_still_fit(work: Path) -> None:
    for name, size in (("a", 60), ("b", 41), ("c", 40)):
        (work / name).write_bytes(b"x" * size)

    artifacts = collected(work, max_bytes=100)

    assert [len(artifact.data) for artifact in artifacts] == [60, 0, 40]


def test_entries_at_the_limit_of_count_are_all_reported(work: Path) -> None:
    for number in range(3):
        (work / str(number)).touch()

    assert [artifact.name for artifact in collected(work, max_count=3)] == ["0", "1", "2"]


def test_entries_above_the_limit_of_count_are_counted_in_one_last_entry(work: Path) -> None:
    for number in range(5):
        (work / str(number)).write_bytes(b"x")

    *kept, last = collected(work, max_count=3)

    assert [artifact.name for artifact in kept] == ["0", "1", "2"]
    assert last == Artifact(name="", skipped="2 more entries, limits.artifact-count is 3")


def deep(folder: Path, levels: int) -> Path:
    for _ in range(levels):
        folder = folder / "d"
    folder.mkdir(parents=True)
    return folder


def test_file_in_the_deepest_folder_is_taken(work: Path) -> None:
    (deep(work, MAX_DEPTH - 1) / "file").write_bytes(b"deep")

    (artifact,) = collected(work)

    assert artifact == Artifact(name="d/" * (MAX_DEPTH - 1) + "file", data=b"deep", size=4)


def test_folder_one_level_too_deep_is_reported_and_not_entered(work: Path) -> None:
    (deep(work, MAX_DEPTH) / "file").write_bytes(b"deep")

    (artifact,) = collected(work)

    assert artifact.name == "/".join("d" * MAX_DEPTH)
    assert artifact.skipped == f"folder deeper than {MAX_DEPTH} levels"


def test_name_that_is_not_utf8_is_spelled_out(work: Path) -> None:
    Path(os.fsdecode(os.fsencode(work) + b"/\xff\xfe")).mkdir()
    Path(os.fsdecode(os.fsencode(work) + b"/\xff\xfe/caf\xe9")).write_bytes(b"x")

    (artifact,) = collected(work)

    assert (artifact.name, artifact.data) == (r"\xff\xfe/caf\xe9", b"x")


def test_odd_but_valid_names_stay_as_they_are(work: Path) -> None:
    names = [" ", "-rf", "a\nb", "naïve", "\x1b[31m", "…"]
    for name in names:
        (work / name).touch()

    assert sorted(by_name(collected(work))) == sorted(names)


def test_unchanged_input_is_left_out_and_a_changed_one_taken(work: Path) -> None:
    (work / "same").write_bytes(b"same")
    (work / "changed").write_bytes(b"after")

    artifacts = collected(work, unchanged={"same": b"same", "changed": b"before", "removed": b"x"})

    assert artifacts == (Artifact(name="changed", data=b"after", size=5),)


def test_unchanged_input_above_the_limit_of_bytes_is_left_out(work: Path) -> None:
    (work / "data").write_bytes(b"x" * 1000)
    (work / "out").write_bytes(b"y" * 100)

    artifacts = collected(work, max_bytes=100, unchanged={"data": b"x" * 1000})

    assert artifacts == (Artifact(name="out", data=b"y" * 100, size=100),)


def test_input_that_grew_above_the_limit_of_bytes_is_reported(work: Path) -> None:
    (work / "data").write_bytes(b"x" * 101)

    (artifact,) = collected(work, max_bytes=100, unchanged={"data": b"x" * 1000})

    assert (artifact.data, artifact.size, artifact.skipped is None) == (b"", 101, False)


def test_input_replaced_by_a_link_to_its_content_is_reported(work: Path, canary: Path) -> None:
    (work / "data").symlink_to(canary / "canary")

    (artifact,) = collected(work, unchanged={"data": CANARY})

    assert artifact.skipped == "symbolic link"


@needs_root
@pytest.mark.parametrize("mode", [0o000, 0o200])
def test_unreadable_file_is_named(mode: int, work: Path) -> None:
    (work / "closed").write_bytes(b"secret")
    (work / "closed").chmod(mode)
    work.chmod(0o755)

    with opened(work) as descriptor, as_nobody():
        artifacts = collect(descriptor, max_bytes=100, max_count=10, unchanged={})

    assert artifacts == (Artifact(name="closed", size=6, skipped="cannot be opened: Permission denied"),)


@needs_root
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_closed_folder_costs_its_own_files_only(mode: int, work: Path) -> None:
    (work / "closed").mkdir()
    (work / "closed" / "inner").write_bytes(b"secret")
    (work / "other").write_bytes(b"x")
    (work / "closed").chmod(mode)
    work.chmod(0o755)

    with opened(work) as descriptor, as_nobody():
        first, second = collect(descriptor, max_bytes=100, max_count=10, unchanged={})

    assert first.name in ("closed", "closed/inner")
    assert first.skipped == "cannot be opened: Permission denied"
    assert second.data == b"x"


@needs_root
def test_working_folder_that_the_program_closed_is_survived(work: Path) -> None:
    (work / "file").write_bytes(b"x")
    work.chmod(0o755)

    with opened(work) as descriptor:
        work.chmod(0o000)
        with as_nobody():
            (artifact,) = collect(descriptor, max_bytes=100, max_count=10, unchanged={})

    assert (artifact.name, artifact.data, artifact.skipped is None) == ("file", b"", False)


def test_other_file_system_is_not_entered() -> None:
    device = os.stat("/dev").st_dev
    mounted = {
        name for name in os.listdir("/dev") if os.stat(f"/dev/{name}", follow_symlinks=False).st_dev != device
    }
    if not mounted:
        pytest.skip("nothing is mounted below /dev here")

    artifacts = by_name(collected(Path("/dev"), max_bytes=0, max_count=10_000))

    assert {artifacts[name].skipped for name in mounted} == {"another file system"}
    assert not [name for name in artifacts if name.partition("/")[0] in mounted and "/" in name]


def test_emptiness_is_told_without_reading(work: Path) -> None:
    with opened(work) as descriptor:
        before = is_empty(descriptor)
        (work / ".hidden").touch()

        assert (before, is_empty(descriptor)) == (True, False)


def test_no_descriptor_is_left_open(work: Path) -> None:
    (deep(work, 5) / "file").write_bytes(b"x")
    before = os.listdir("/proc/self/fd")

    collected(work)

    assert os.listdir("/proc/self/fd") == before


NAMES = st.sampled_from(["a", "b", "c", "ü", "\udcff", "-x"])
LEAVES = st.one_of(
    st.binary(max_size=64),
    st.sampled_from(["link", "folder link", "up", "hard link", "fifo", "socket", "sparse"]),
)
TREES = st.recursive(
    st.dictionaries(NAMES, LEAVES, max_size=4),
    lambda children: st.dictionaries(NAMES, LEAVES | children, max_size=4),
    max_leaves=12,
)
type Tree = dict[str, "bytes | str | Tree"]


def plant(folder: Path, tree: Tree, outside: Path) -> None:
    folder.mkdir()
    for name, content in tree.items():
        path = folder / name
        match content:
            case dict():
                plant(path, content, outside)
            case bytes():
                path.write_bytes(content)
            case "link":
                path.symlink_to(outside / "canary")
            case "folder link":
                path.symlink_to(outside)
            case "up":
                path.symlink_to("../" * 5)
            case "hard link":
                path.hardlink_to(outside / "canary")
            case "fifo":
                os.mkfifo(path)
            case "socket":
                os.mknod(path, stat.S_IFSOCK | 0o600)
            case _:
                with path.open("wb") as file:
                    file.truncate(1 << 40)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(tree=TREES, max_bytes=st.integers(0, 200), max_count=st.integers(0, 10))
def test_nothing_from_outside_and_never_more_than_the_limits(
    tree: Tree, max_bytes: int, max_count: int
) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        outside, work = Path(temporary, "outside"), Path(temporary, "work")
        outside.mkdir()
        (outside / "canary").write_bytes(CANARY)
        plant(work, tree, outside)

        artifacts = collected(work, max_bytes=max_bytes, max_count=max_count)

    data = [artifact.data for artifact in artifacts]
    assert not any(CANARY in content for content in data)
    assert sum(map(len, data)) <= max_bytes
    assert len(artifacts) <= max_count + 1
    for artifact in artifacts:
        artifact.name.encode()
        assert not artifact.data or artifact.skipped is None
