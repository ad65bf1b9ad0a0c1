"""Files below the mounts of a policy, and documentation, as programs may ask for them."""

import json
import os
from pathlib import Path

import msgspec
import pytest

from agent import _builtin_tools
from agent._builtin_tools import MAX_FILE_BYTES, MAX_LINES, add_document_tools, add_file_tools
from agent._documents import Documents
from agent._mounted_files import MAX_DEPTH, MountedFileError, MountedFiles
from agent._tools import Asked, ToolCallError, Tools
from policies import Mount, Policy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is mounted, beside one that is not."""
    (tmp_path / "secret.txt").write_text("the password")
    mounted = tmp_path / "mounted"
    (mounted / "deep").mkdir(parents=True)
    (mounted / "notes.txt").write_text("first line\nApples are red\nred or green are apples\n")
    (mounted / "deep" / "more.txt").write_text("green apples\n")
    return mounted


@pytest.fixture
def files(folder: Path) -> MountedFiles:
    return MountedFiles(policy_of(folder))


@pytest.fixture
def tools(folder: Path) -> Tools:
    tools = Tools()
    add_file_tools(tools, policy_of(folder))
    return tools


def policy_of(folder: Path) -> Policy:
    return Policy(mounts=(Mount(source=str(folder), target="/mnt/data"),))


async def called(tools: Tools, tool: str, /, **arguments: object) -> object:
    return json.loads(
        await tools.call(Asked(name=tool, arguments=msgspec.Raw(json.dumps(arguments).encode())))
    )


def text_of(found: object) -> object:
    assert isinstance(found, dict)
    return found["text"]


def test_file_is_read_by_its_name_in_the_sandbox(files: MountedFiles) -> None:
    assert files.read("/mnt/data/deep/more.txt", 100) == (b"green apples\n", 13)
    assert files.read("/mnt/data/deep/more.txt", 5) == (b"green", 13)


def test_mount_may_be_a_file(folder: Path) -> None:
    files = MountedFiles(policy_of(folder / "notes.txt"))

    assert files.read("/mnt/data", 5) == (b"first", 50)
    assert list(files.names()) == ["/mnt/data"]


@pytest.mark.parametrize(
    "name",
    [
        "/mnt/data/../secret.txt",
        "/mnt/data/deep/../../secret.txt",
        "/mnt/data/./notes.txt",
        "/mnt/data//notes.txt",
        "/mnt/data/",
        "/mnt/data/notes.txt/",
        "/mnt/data/notes.txt\0",
        "/mnt/data" + "/x" * (MAX_DEPTH + 1),
        "/mnt/../etc/passwd",
        "/mnt/other/x",
        "/etc/passwd",
        "notes.txt",
        "",
        "mnt/data/notes.txt",
    ],
)
def test_name_that_leads_elsewhere_is_refused(files: MountedFiles, name: str) -> None:
    with pytest.raises(MountedFileError, match=r"is in no folder that is mounted|is not a plain path"):
        files.read(name, 100)


def test_link_out_of_the_mount_is_not_followed(folder: Path, files: MountedFiles) -> None:
    (folder / "file").symlink_to(folder.parent / "secret.txt")
    (folder / "up").symlink_to(folder.parent)
    (folder / "inside").symlink_to("notes.txt")

    for name in ("file", "up/secret.txt", "inside"):
        with pytest.raises(MountedFileError):
            files.read(f"/mnt/data/{name}", 100)
    assert list(files.names()) == ["/mnt/data/deep/more.txt", "/mnt/data/notes.txt"]


def test_fifo_device_and_folder_are_no_files(folder: Path, files: MountedFiles) -> None:
    os.mkfifo(folder / "fifo")

    for name in ("fifo", "deep", "missing", "notes.txt/x"):
        with pytest.raises(MountedFileError, match="cannot be read") as refused:
            files.read(f"/mnt/data/{name}", 100)
        assert str(folder) not in str(refused.value)


def test_folders_are_entered_up_to_a_depth(folder: Path, files: MountedFiles) -> None:
    deepest = folder.joinpath(*["d"] * (MAX_DEPTH - 1))
    (deepest / "d").mkdir(parents=True)
    (deepest / "last.txt").touch()
    (deepest / "d" / "beyond.txt").touch()

    names = [name.rpartition("/")[2] for name in files.names()]

    assert "last.txt" in names
    assert "beyond.txt" not in names


def test_mount_that_is_not_there_has_no_files(folder: Path) -> None:
    files = MountedFiles(policy_of(folder / "missing"))

    assert list(files.names()) == []
    with pytest.raises(MountedFileError):
        files.read("/mnt/data/notes.txt", 100)


async def test_whole_text_is_found_before_scattered_words(tools: Tools) -> None:
    found = await called(tools, "search_files", query="are RED")

    assert found == [
        {"name": "/mnt/data/notes.txt", "line": 2, "text": "Apples are red"},
        {"name": "/mnt/data/notes.txt", "line": 3, "text": "red or green are apples"},
    ]


async def test_search_finds_names_and_keeps_to_its_limit(tools: Tools) -> None:
    assert await called(tools, "search_files", query="notes", limit=1) == [
        {"name": "/mnt/data/notes.txt", "line": 0, "text": ""}
    ]
    found = await called(tools, "search_files", query="apples", limit=2)
    assert isinstance(found, list)
    assert len(found) == 2


async def test_search_leaves_out_binary_files_and_the_end_of_huge_ones(folder: Path, tools: Tools) -> None:
    (folder / "binary").write_bytes(b"needle\0")
    with (folder / "huge.txt").open("wb") as file:
        file.write(b"needle\n" + b" " * (MAX_FILE_BYTES - 7))
        file.write(b"needle\n")

    found = await called(tools, "search_files", query="needle")

    assert found == [{"name": "/mnt/data/huge.txt", "line": 1, "text": "needle"}]


async def test_search_looks_at_a_bounded_number_of_files(
    folder: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_builtin_tools, "MAX_SEARCH_FILES", 1)
    assert await called(tools, "search_files", query="first line") == []

    monkeypatch.setattr(_builtin_tools, "MAX_SEARCH_FILES", 2)
    assert await called(tools, "search_files", query="first line") != []


async def test_search_reads_a_bounded_number_of_bytes(
    folder: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_builtin_tools, "MAX_SEARCH_BYTES", 13 + 9)
    assert await called(tools, "search_files", query="first line") == []

    monkeypatch.setattr(_builtin_tools, "MAX_SEARCH_BYTES", 13 + 10)
    assert await called(tools, "search_files", query="first line") != []


async def test_long_line_is_shown_around_what_was_found(folder: Path, tools: Tools) -> None:
    (folder / "long.txt").write_text("x" * 1_000 + "needle" + "y" * 1_000)

    found = await called(tools, "search_files", query="needle")

    assert isinstance(found, list)
    assert "needle" in found[0]["text"]
    assert len(found[0]["text"]) == 300


async def test_lines_are_read_with_what_follows(tools: Tools) -> None:
    both = await called(tools, "read_file", name="/mnt/data/notes.txt", first_line=2, lines=1)
    rest = await called(tools, "read_file", name="/mnt/data/notes.txt", first_line=3)

    assert both == {"name": "/mnt/data/notes.txt", "first_line": 2, "text": "Apples are red", "more": True}
    assert rest == {
        "name": "/mnt/data/notes.txt",
        "first_line": 3,
        "text": "red or green are apples",
        "more": False,
    }
    assert text_of(await called(tools, "read_file", name="/mnt/data/notes.txt", first_line=99)) == ""


async def test_bytes_that_are_no_text_are_replaced(folder: Path, tools: Tools) -> None:
    (folder / "binary").write_bytes(b"a\xff\0b")

    assert text_of(await called(tools, "read_file", name="/mnt/data/binary")) == "a\ufffd\ufffdb"


async def test_huge_file_is_read_in_part(folder: Path, tools: Tools) -> None:
    with (folder / "huge").open("wb") as file:
        file.truncate(10 * MAX_FILE_BYTES)

    found = await called(tools, "read_file", name="/mnt/data/huge")

    assert isinstance(found, dict)
    assert found["more"] is True
    assert len(found["text"]) == 20_000


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("read_file", {"name": "/mnt/data/notes.txt", "first_line": 0}),
        ("read_file", {"name": "/mnt/data/notes.txt", "lines": MAX_LINES + 1}),
        ("read_file", {"name": ""}),
        ("search_files", {"query": ""}),
        ("search_files", {"query": "x" * 401}),
        ("search_files", {"query": "x", "limit": 0}),
    ],
)
async def test_arguments_are_bounded(tools: Tools, name: str, arguments: dict[str, object]) -> None:
    with pytest.raises(ToolCallError, match="not valid"):
        await called(tools, name, **arguments)


async def test_documentation_without_an_index_says_why(tmp_path: Path) -> None:
    tools = Tools()
    with Documents(tmp_path / "data.sqlite") as documents:
        add_document_tools(tools, documents)

        found = await called(tools, "search_docs", query="sorted")

    assert "isorun setup --documents" in str(found)
