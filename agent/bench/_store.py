"""A file of measurements: a line each, on the disk before the next item begins."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from anyio import to_thread

from engine import ConfigError

from ._machine import Header
from ._records import Record

# Some 700 bytes a record: more than anybody measures, and less than memory.
MAX_BYTES = 512 * 2**20


class Stored(NamedTuple):
    """What a file of measurements holds.

    Attributes:
        complete_bytes: Up to the end of the last whole line.
    """

    headers: list[Header]
    records: list[Record]
    complete_bytes: int


def read_store(path: Path) -> Stored:
    """Read measurements; a last line that was cut off does not count.

    Raises:
        ConfigError: The file cannot be read, or another line of it is damaged.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"`{path}` has more than {MAX_BYTES >> 20} MiB", hint="is it the right file?")
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"`{path}` cannot be read: {error.strerror}", hint="check the path") from error
    complete = data.rfind(b"\n") + 1
    stored = Stored([], [], complete)
    for number, line in enumerate(data[:complete].splitlines(), 1):
        read = _line(line, f"{path}:{number}")
        if isinstance(read, Header):
            stored.headers.append(read)
        else:
            stored.records.append(read)
    return stored


class Store:
    """Measurements that are written to a file, or with no file kept in memory only."""

    def __init__(self, descriptor: int | None, stored: Stored) -> None:
        self._descriptor = descriptor
        self.records = list(stored.records)
        self.headers = list(stored.headers)
        self._done = {record.key for record in stored.records}

    def has(self, key: tuple[str, str, str, str, int]) -> bool:
        """Whether this was measured before."""
        return key in self._done

    async def begin(self, header: Header) -> None:
        """Say under which conditions the next records are made.

        Raises:
            ConfigError: Records of the same model were made with another budget.
        """
        for earlier in self.headers:
            if earlier.model == header.model and earlier.budget != header.budget:
                raise ConfigError(
                    f"the file holds measurements of `{header.model}` with another budget",
                    hint="take the same budget, or another file with `--output`",
                )
        if not self.headers or self.headers[-1] != header:
            self.headers.append(header)
            await self._write(header)

    async def add(self, record: Record) -> None:
        """Keep a record; returns when it is on the disk."""
        await self._write(record)
        self.records.append(record)
        self._done.add(record.key)

    async def _write(self, line: Header | Record) -> None:
        if self._descriptor is not None:
            await to_thread.run_sync(_append, self._descriptor, msgspec.json.encode(line) + b"\n")


@contextmanager
def open_store(path: Path | None) -> Iterator[Store]:
    """Open a file of measurements to go on with it; one that is missing is made.

    Raises:
        ConfigError: It cannot be opened, or is something else.
    """
    if path is None:
        yield Store(None, Stored([], [], 0))
        return
    stored = read_store(path) if path.exists() else Stored([], [], 0)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    except OSError as error:
        hint = "its folder has to be there and writable"
        raise ConfigError(f"`{path}` cannot be written: {error.strerror}", hint=hint) from error
    try:
        # What was cut off must not become the beginning of the next line.
        os.ftruncate(descriptor, stored.complete_bytes)
        yield Store(descriptor, stored)
    finally:
        os.close(descriptor)


def _append(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
    os.fsync(descriptor)


def _line(line: bytes, place: str) -> Header | Record:
    try:
        return msgspec.json.decode(line, type=Header | Record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{place}: no measurement: {error}", hint="choose another `--output`") from error
