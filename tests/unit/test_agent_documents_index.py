"""Making an index of what a sandbox says, which may be anything."""

import json
from pathlib import Path

import pytest

from agent import _documents_index
from agent._documents import Documents
from agent._documents_index import build_index, index_path, index_stamp, stamp_of
from engine import (
    Artifact,
    Emit,
    Engine,
    EngineConfig,
    Policy,
    Program,
    Reason,
    Result,
    RuntimeUnavailableError,
    Status,
    isolation_of,
)
from engine.testing import FakeRuntime, FakeSandbox

ROW = {"name": "a.work", "signature": "work()", "text": "Work.", "example": ""}


def row(**changes: object) -> bytes:
    return json.dumps({**ROW, **changes}).encode()


async def built(
    path: Path, documents: bytes, versions: bytes = b"{}", *, status: Status = Status.OK, stderr: bytes = b""
) -> list[str]:
    """Build an index of what a program left, and return what was said."""

    async def behave(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        assert program.environment == "data"
        assert b"split_doc" in str(program.code).encode()
        return Result(
            status=status,
            reason=Reason.EXIT_ZERO,
            stderr_bytes=stderr,
            files=(
                Artifact(name="documents.jsonl", data=documents, size=len(documents)),
                Artifact(name="versions.json", data=versions, size=len(versions)),
            ),
            isolation=isolation_of(sandbox.template, path="cold"),
        )

    said: list[str] = []
    async with Engine(EngineConfig(), runtimes=[FakeRuntime(behaviour=behave)]) as engine:
        await build_index(engine, path, said.append, stamp="stamp")
    return said


async def test_index_holds_the_rows_and_says_how_many(tmp_path: Path) -> None:
    path = index_path(tmp_path)

    said = await built(path, row() + b"\n\n" + row(name="b.work"), b'{"numpy": "2"}')

    assert said[-1] == "documentation: 2 entries"
    assert path == tmp_path / "documents" / "data.sqlite"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]
    with Documents(path) as documents:
        assert documents.lookup("a.work")[0].signature == "work()"


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"null",
        b"\xff",
        b"[" * 100_000,
        row(name=""),
        row(name="a b"),
        row(name="a\n"),
        row(name="1a"),
        row(name="a" * 201),
        row(name=1),
        row(signature="x" * 301),
        row(text="x" * 401),
        row(example="x" * 601),
        row(more=1),
        b'{"name": "b"}',
        row(text="\ud800"),
        row(),
        row(name="b") + b" " * _documents_index.MAX_LINE,
    ],
)
async def test_line_that_is_no_row_is_left_out(tmp_path: Path, line: bytes) -> None:
    said = await built(index_path(tmp_path), row() + b"\n" + line)

    assert said[-1] == "documentation: 1 entries, 1 left out"


async def test_values_at_their_limits_are_kept(tmp_path: Path) -> None:
    line = row(name="a" * 200, signature="x" * 300, text="x" * 400, example="x" * 600)

    assert (await built(index_path(tmp_path), line))[-1] == "documentation: 1 entries"


async def test_rows_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_documents_index, "MAX_ROWS", 2)
    rows = b"\n".join(row(name=name) for name in "abc")

    assert (await built(index_path(tmp_path), rows))[-1] == "documentation: 2 entries, 1 left out"


async def test_control_characters_do_not_get_into_the_index(tmp_path: Path) -> None:
    path = index_path(tmp_path)

    await built(path, row(text="a\x1b[31m\r\u202eb\nc"))

    with Documents(path) as documents:
        assert documents.lookup("a.work")[0].text == "a [31m  b\nc"


@pytest.mark.parametrize("versions", [b"", b"[]", b'{"a": 1}', b'{"a": "%s"}' % (b"x" * 101), b" " * 20_000])
async def test_versions_that_are_none_do_no_harm(tmp_path: Path, versions: bytes) -> None:
    await built(index_path(tmp_path), row(), versions)

    assert index_stamp(index_path(tmp_path)) == "stamp"


@pytest.mark.parametrize(
    ("documents", "status"), [(row(), Status.TIMEOUT), (b"", Status.OK), (b"nothing", Status.OK)]
)
async def test_failed_run_leaves_the_old_index(tmp_path: Path, documents: bytes, status: Status) -> None:
    path = index_path(tmp_path)
    await built(path, row())
    before = path.read_bytes()

    with pytest.raises(RuntimeUnavailableError, match="the libraries could not be asked"):
        await built(path, documents, status=status)

    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


async def test_answer_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_documents_index, "MAX_BYTES", len(row()))
    await built(index_path(tmp_path), row())

    with pytest.raises(RuntimeUnavailableError):
        await built(index_path(tmp_path), row() + b"\n")


async def test_last_words_of_a_failed_run_are_quoted_without_control_characters(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError) as failed:
        await built(index_path(tmp_path), b"", status=Status.ERROR, stderr=b"x\x1b[2J\nno numpy\n")

    assert failed.value.hint == "its last words were: x [2J no numpy"


async def test_index_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    path = index_path(tmp_path)
    path.mkdir(parents=True)

    with pytest.raises(OSError, match="directory"):
        await built(path, row())

    assert list(path.parent.iterdir()) == [path]


def test_stamp_depends_on_the_environment() -> None:
    assert stamp_of("a") == stamp_of("a") != stamp_of("b")


def test_index_that_is_not_there_or_damaged_has_no_stamp(tmp_path: Path) -> None:
    assert index_stamp(tmp_path / "data.sqlite") is None
    (tmp_path / "data.sqlite").write_bytes(b"x" * 5_000)
    assert index_stamp(tmp_path / "data.sqlite") is None
