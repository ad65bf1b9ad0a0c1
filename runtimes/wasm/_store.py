"""Modules that have been built, by what they were built from: on disk, and the latest in memory.

Only the engine writes here, and no sandbox sees the folder. What a module is built from decides over its
name, never what came out: a program that gets the better of a compiler can spoil its own entry, no other.
"""

import hashlib
import logging
import os
import shutil
import tempfile
from collections import OrderedDict
from pathlib import Path

import msgspec

from runtimes.environments._staging import make_folder

_log = logging.getLogger("isorun.wasm")
_NOTE, _MODULE, _CODE = "note.json", "main.wasm", "main.cwasm"
_STAGING_PREFIX = ".building-"
_MIB = 1 << 20
#: So many modules are saved before the folder is looked through again.
_LOOK_EACH = 64
MAX_DISK_BYTES = 512 * _MIB
MAX_MEMORY_BYTES = 32 * _MIB


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """One module.

    Attributes:
        code: Machine code, as wasmtime serialises it.
        output: What the compiler said.
    """

    code: bytes
    output: str = ""


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str
    output: str


class Store:
    """Keeps modules within a size; the least recently used go first.

    Args:
        folder: Of this user; other engines may use it at the same time.
        max_disk_bytes: Of all entries together.
        max_memory_bytes: Of those held in memory as well.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_disk_bytes: int = MAX_DISK_BYTES,
        max_memory_bytes: int = MAX_MEMORY_BYTES,
    ) -> None:
        self._folder = folder
        self._max_disk_bytes = max_disk_bytes
        self._max_memory_bytes = max_memory_bytes
        self._recent: OrderedDict[str, Built] = OrderedDict()
        # Bytes on disk, as far as we know; None before anybody has looked.
        self._disk_bytes: int | None = None
        self._saves = 0

    def held(self, key: str) -> Built | None:
        """Return a module that is in memory; cheap, never blocks."""
        built = self._recent.get(key)
        if built is not None:
            self._recent.move_to_end(key)
        return built

    def load(self, key: str) -> Built | None:
        """Return a module from disk; None if it is not there, or not what it was. Blocks."""
        entry = self._folder / key
        try:
            note = msgspec.json.decode((entry / _NOTE).read_bytes(), type=_Note)
            code = (entry / _CODE).read_bytes()
            if hashlib.sha256(code).hexdigest() != note.sha256:
                raise ValueError("its machine code has changed")
        except FileNotFoundError:
            self._discard(entry)  # if anything of it is left
            return None
        except PermissionError:
            return None  # of another user, whose cache this is: that costs a build for each engine
        except (OSError, ValueError) as error:  # of msgspec, too
            _log.warning("a built module in %s cannot be used, and is built again: %s", entry, error)
            self._discard(entry)
            return None
        self._touch(entry)
        built = Built(code=code, output=note.output)
        self.hold(key, built)
        return built

    def save(self, key: str, module: bytes, built: Built) -> None:
        """Keep a module with its machine code. Blocks. A disk that is full costs the cache, not the run."""
        self.hold(key, built)
        try:
            self._write(key, module, built)
            self._make_room(len(module) + len(built.code))
        except PermissionError:
            return  # the cache is another user's
        except OSError as error:
            _log.warning("a built module cannot be kept in %s: %s", self._folder, error.strerror)

    def _write(self, key: str, module: bytes, built: Built) -> None:
        make_folder(self._folder)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING_PREFIX, dir=self._folder))  # for us alone: 0700
        try:
            note = _Note(sha256=hashlib.sha256(built.code).hexdigest(), output=built.output)
            (staging / _MODULE).write_bytes(module)
            (staging / _CODE).write_bytes(built.code)
            (staging / _NOTE).write_bytes(msgspec.json.encode(note))
            os.rename(staging, self._folder / key)
        except OSError:
            shutil.rmtree(staging, ignore_errors=True)
            if not (self._folder / key / _NOTE).is_file():  # else another engine was faster
                raise

    def _make_room(self, added_bytes: int) -> None:
        """Evict if there may be too much. To look takes long, and others add to it, so now and then."""
        self._saves += 1
        if self._disk_bytes is not None and self._saves % _LOOK_EACH:
            self._disk_bytes += added_bytes
            if self._disk_bytes <= self._max_disk_bytes:
                return
        self._disk_bytes = self._evict()

    def _evict(self) -> int:
        """Remove the entries that were not used for longest until the rest fits; return the bytes of it."""
        total = 0
        for _, size, path in sorted(self._entries(), reverse=True):
            if total + size > self._max_disk_bytes:
                self._discard(path)
            else:
                total += size
        return total

    def _entries(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self._folder.iterdir():
            try:
                size = sum(file.stat().st_size for file in path.iterdir())
                found.append((path.stat().st_mtime, size, path))
            except OSError:
                continue  # another engine has just removed it
        return found

    def _discard(self, entry: Path) -> None:
        shutil.rmtree(entry, ignore_errors=True)

    def _touch(self, entry: Path) -> None:
        try:
            os.utime(entry)
        except OSError:
            pass  # removed meanwhile, or of another user: what was read is good

    def hold(self, key: str, built: Built) -> None:
        """Keep a module in memory."""
        self._recent[key] = built
        self._recent.move_to_end(key)
        total = sum(len(one.code) for one in self._recent.values())
        while total > self._max_memory_bytes and self._recent:
            _, oldest = self._recent.popitem(last=False)
            total -= len(oldest.code)
