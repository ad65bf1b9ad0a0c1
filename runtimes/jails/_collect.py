"""Take output files from a dead sandbox, by descriptor, touching nothing but regular files.

Call it only when no process of the sandbox is left: then nothing can be swapped between look and open.
Each step opens one name relative to its folder's descriptor without following links, which confines the walk
as `openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)` would.
"""

import os
import stat
from collections.abc import Iterator, Mapping

from engine import Artifact

#: Deeper folders are reported, not entered: each level holds a descriptor.
MAX_DEPTH = 32
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO must not wait for a writer.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def collect(
    folder: int, *, max_bytes: int, max_count: int, unchanged: Mapping[str, bytes]
) -> tuple[Artifact, ...]:
    """Read the files below a folder, in name order.

    Args:
        folder: Descriptor of the program's working folder; stays open.
        max_bytes: Content kept in all.
        max_count: Entries reported; what follows is only counted, in one last entry.
        unchanged: Input files by name; those that still have this content are left out.
    """
    walk = _Walk(os.fstat(folder).st_dev, max_bytes, unchanged)
    artifacts: list[Artifact] = []
    more = 0
    for artifact in walk.entries(folder, "", 0):
        if len(artifacts) < max_count:
            artifacts.append(artifact)
        else:
            more += 1
    if more:
        artifacts.append(
            Artifact(name="", skipped=f"{more} more entries, limits.artifact-count is {max_count}")
        )
    return tuple(artifacts)


def is_empty(folder: int) -> bool:
    """Whether a folder has no entry; cheap enough for the event loop."""
    with os.scandir(folder) as entries:
        return next(entries, None) is None


class _Walk:
    def __init__(self, device: int, max_bytes: int, unchanged: Mapping[str, bytes]) -> None:
        self._device = device
        self._left = max_bytes
        self._max_bytes = max_bytes
        self._unchanged = unchanged

    def entries(self, folder: int, prefix: str, depth: int) -> Iterator[Artifact]:
        with os.scandir(folder) as found:
            names = sorted(entry.name for entry in found)
        for name in names:
            path = prefix + _printable(name)
            try:
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except OSError as error:  # without privilege, a folder can be closed to us
                yield Artifact(name=path, skipped=f"cannot be opened: {error.strerror}")
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from self._below(folder, name, path, depth, status)
            else:
                artifact = self._file(folder, name, path, status)
                if artifact is not None:
                    yield artifact

    def _below(
        self, folder: int, name: str, path: str, depth: int, status: os.stat_result
    ) -> Iterator[Artifact]:
        if depth + 1 >= MAX_DEPTH:
            yield Artifact(name=path, skipped=f"folder deeper than {MAX_DEPTH} levels")
            return
        if status.st_dev != self._device:
            yield Artifact(name=path, skipped="another file system")
            return
        try:
            child = os.open(name, _FOLDER_FLAGS, dir_fd=folder)
        except OSError as error:
            yield Artifact(name=path, skipped=f"cannot be opened: {error.strerror}")
            return
        try:
            yield from self.entries(child, f"{path}/", depth + 1)
        finally:
            os.close(child)

    def _file(self, folder: int, name: str, path: str, status: os.stat_result) -> Artifact | None:
        reason = _unwanted(status)
        if reason is not None:
            return Artifact(name=path, size=status.st_size, skipped=reason)
        try:
            descriptor = os.open(name, _FILE_FLAGS, dir_fd=folder)
        except OSError as error:
            return Artifact(name=path, size=status.st_size, skipped=f"cannot be opened: {error.strerror}")
        try:
            return self._content(descriptor, path, status)
        finally:
            os.close(descriptor)

    def _content(self, descriptor: int, path: str, seen: os.stat_result) -> Artifact | None:
        status = os.fstat(descriptor)
        reason = _unwanted(status)
        if reason is not None:
            return Artifact(name=path, size=status.st_size, skipped=reason)
        # A second name that was there for the opening alone does not show in the count of names.
        if not os.path.samestat(seen, status):
            return Artifact(name=path, size=seen.st_size, skipped="replaced while it was read")
        before = self._unchanged.get(path)
        bound = max(self._left, len(before) if before is not None else 0)
        # Not even tried: thousands of sparse files would take minutes to read.
        data = _read(descriptor, bound + 1) if status.st_size <= bound else None
        if before is not None and data == before:
            return None
        # What was read counts, not what was stated.
        if data is None or len(data) > self._left:
            limit = f"limits.artifact-mib is {self._max_bytes >> 20}"
            return Artifact(name=path, size=status.st_size, skipped=f"too large, {limit}")
        self._left -= len(data)
        return Artifact(name=path, data=data, size=len(data))


def _unwanted(status: os.stat_result) -> str | None:
    if stat.S_ISLNK(status.st_mode):
        return "symbolic link"
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if status.st_nlink != 1:
        return "hard link"
    return None


def _read(descriptor: int, bound: int) -> bytes:
    chunks = []
    while bound > 0:
        chunk = os.read(descriptor, min(bound, 1 << 20))
        if not chunk:
            break
        chunks.append(chunk)
        bound -= len(chunk)
    return b"".join(chunks)


def _printable(name: str) -> str:
    """Return a name as text that can be encoded; bytes that are not UTF-8 are spelled out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
