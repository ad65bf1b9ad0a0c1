"""Make an index of documentation: libraries describe themselves in a sandbox; what is well-formed is stored.

What comes back is guest data: it is capped, decoded strictly, and rid of control characters. It is text for
models and people, and never decides anything.
"""

import hashlib
import os
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
from anyio import to_thread
from msgspec import Meta

from engine import AnyEngine, Limits, Policy, Program, Result, RuntimeUnavailableError

from ._documents import words_of

MAX_ROWS = 20_000
MAX_LINE = 16 * 1024
MAX_BYTES = 48 * 1024 * 1024
_ENVIRONMENT = "data"
_PROGRAM = Path(__file__).parent / "guest" / "describe.py"
_DOCUMENTS, _VERSIONS = "documents.jsonl", "versions.json"
# Importing everything takes seconds of cpu and some hundred MiB; the rest is for slower machines.
_LIMITS = Limits(wall_seconds=300, cpu_seconds=300, memory_mib=2_048, disk_mib=128, artifact_mib=64)
_CONTROLS = re.compile(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SCHEMA = """
CREATE VIRTUAL TABLE documents USING fts5(
    name, words, signature, example, text, tokenize = "porter unicode61 tokenchars '_'"
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the guest: lengths are those that its program keeps to."""

    name: Annotated[str, Meta(max_length=200, pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$(?!\n)")]
    signature: Annotated[str, Meta(max_length=300)]
    text: Annotated[str, Meta(max_length=400)]
    example: Annotated[str, Meta(max_length=600)]


_Version = Annotated[str, Meta(max_length=100)]
_row_decoder = msgspec.json.Decoder(_Row)
_versions_decoder = msgspec.json.Decoder(dict[_Version, _Version])


def index_path(cache: Path, key: str = _ENVIRONMENT) -> Path:
    """Return where the index of a guest environment is, whether it has been made or not."""
    return cache / "documents" / f"{key}.sqlite"


def index_stamp(path: Path) -> str | None:
    """Return what an index was made with (see `build_index`); None if there is no usable one."""
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = 'stamp'").fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else str(row[0])


def stamp_of(environment: str) -> str:
    """Return the stamp of an index that we would make of an environment now.

    Args:
        environment: What identifies its content, such as a hash.
    """
    return hashlib.sha256(b"1\n" + environment.encode() + b"\n" + _PROGRAM.read_bytes()).hexdigest()


async def build_index(engine: AnyEngine, path: Path, say: Callable[[str], None], *, stamp: str = "") -> None:
    """Have the libraries of the environment `data` describe themselves, and store that as the index.

    Takes some seconds of cpu.

    Args:
        engine: Runs the program that asks the libraries.
        path: As `index_path` says.
        say: Told what is being done.
        stamp: Kept with the index.

    Raises:
        RuntimeUnavailableError: The program did not end as it should, or said next to nothing.
        EngineError: It could not be run.
        OSError: The index cannot be written.
    """
    say("asking the libraries of the environment `data` what they offer")
    code = await to_thread.run_sync(_PROGRAM.read_text, "utf-8")
    result = await engine.run(Program(code=code, environment=_ENVIRONMENT), Policy(limits=_LIMITS))
    rows, refused = _decoded(result)
    versions = _versions(_artifact(result, _VERSIONS))
    await to_thread.run_sync(_store, path, rows, {**versions, "stamp": stamp})
    left_out = f", {refused:,} left out" if refused else ""
    say(f"documentation: {len(rows):,} entries{left_out}")


def _decoded(result: Result) -> tuple[Sequence[_Row], int]:
    """Return the rows of a run, and how many lines were none."""
    data = _artifact(result, _DOCUMENTS)
    if not result.ok or not data or len(data) > MAX_BYTES:
        ending = f"the program ended with `{result.status}` and left {len(data):,} bytes"
        raise RuntimeUnavailableError(
            f"the libraries could not be asked: {ending}", hint=f"its last words were: {_words(result)}"
        )
    rows: dict[str, _Row] = {}
    refused = 0
    for line in _lines(data):
        row = _decoded_line(line)
        if row is None or row.name in rows or len(rows) >= MAX_ROWS:
            refused += 1
        else:
            rows[row.name] = row
    if not rows:
        raise RuntimeUnavailableError(
            "the libraries could not be asked: no line of their answer is well-formed"
        )
    return list(rows.values()), refused


def _lines(data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        if end > start:
            yield data[start:end]
        start = end + 1


def _decoded_line(line: bytes) -> _Row | None:
    if len(line) > MAX_LINE:
        return None
    try:
        return _row_decoder.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None


def _versions(data: bytes) -> dict[str, str]:
    """Return which versions were described; they only tell a person."""
    try:
        found = _versions_decoder.decode(data) if len(data) <= MAX_LINE else {}
    except (msgspec.DecodeError, RecursionError):
        found = {}
    return {f"version of {_clean(name)}": _clean(version) for name, version in found.items()}


def _artifact(result: Result, name: str) -> bytes:
    found = [file for file in result.files if file.name == name and file.skipped is None]
    return found[0].data if found else b""


def _words(result: Result) -> str:
    return _clean(result.stderr[-200:]).replace("\n", " ").strip() or "none"


def _clean(text: str) -> str:
    return _CONTROLS.sub(" ", text)


def _store(path: Path, rows: Sequence[_Row], meta: dict[str, str]) -> None:
    """Write a whole new file and put it in place of the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    try:
        with closing(sqlite3.connect(temporary)) as connection:
            # Nobody sees the file before it is whole.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.executescript(_SCHEMA)
            connection.executemany("INSERT INTO documents VALUES (?, ?, ?, ?, ?)", map(_fields, rows))
            connection.execute("INSERT INTO documents (documents) VALUES ('optimize')")
            connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            connection.commit()
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _fields(row: _Row) -> tuple[str, str, str, str, str]:
    holder, _, last = row.name.rpartition(".")
    kind = holder.rpartition(".")[2]
    # Words of a module would be those of everything in it.
    words = " ".join(words_of(last) + (words_of(kind) if kind[:1].isupper() else ()))
    return row.name, words, _clean(row.signature), _clean(row.example), _clean(row.text)
