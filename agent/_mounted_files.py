"""Read files of the folders that a policy mounts, by the names that a sandbox knows them by.

Each step opens one name relative to its folder's descriptor and follows no link, so that neither a name nor a
link leads out of a mount. Whoever can write to a mounted folder is trusted with no more than its content.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice

from engine import Policy

MAX_DEPTH = 16
#: Files and folders that are looked at in one folder.
MAX_ENTRIES = 5_000
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO must not wait for a writer.
_FILE_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_SHOWN_CHARACTERS = 200


class MountedFileError(Exception):
    """A name stands for no file that may be read; the message says why, and names no path of the host."""


class MountedFiles:
    """The regular files below the mounts of a policy."""

    def __init__(self, policy: Policy) -> None:
        self._sources = {mount.target: mount.source for mount in policy.mounts}

    def read(self, name: str, maximum: int) -> tuple[bytes, int]:
        """Return the beginning of a file, and how large the whole is.

        Args:
            name: Such as `/mnt/data/notes.txt`.
            maximum: Bytes that are read at most.

        Raises:
            MountedFileError: There is no such regular file below a mount.
        """
        source, parts = self._located(name)
        try:
            with ExitStack() as stack:
                if not parts:
                    # The source of a mount is the policy's word, and may be a link.
                    return _content(source, None, maximum, may_be_link=True)
                folder = stack.enter_context(_opened(source, _FOLDER_FLAGS, None))
                for part in parts[:-1]:
                    folder = stack.enter_context(_opened(part, _FOLDER_FLAGS | os.O_NOFOLLOW, folder))
                return _content(parts[-1], folder, maximum, may_be_link=False)
        except OSError as error:
            raise MountedFileError(f"{_shown(name)} cannot be read: {error.strerror}") from None

    def names(self) -> Iterator[str]:
        """Yield the names of all regular files, folder by folder; links and what is too deep are left out."""
        for target, source in self._sources.items():
            try:
                if stat.S_ISREG(os.stat(source).st_mode):
                    yield target
                    continue
                with _opened(source, _FOLDER_FLAGS, None) as folder:
                    yield from _below(folder, target, 0)
            except OSError:
                continue  # a mount that is not there makes the run fail, not this

    def _located(self, name: str) -> tuple[str, list[str]]:
        """Return the source of the mount that a name is in, and the parts of the name below it."""
        parts = name.split("/")
        # "/mnt/data/a.txt" is "", "mnt", "data", "a.txt".
        source = self._sources.get("/".join(parts[:3]))
        if source is None:
            there = ", ".join(sorted(self._sources)) or "none"
            raise MountedFileError(f"{_shown(name)} is in no folder that is mounted; there are: {there}")
        below = parts[3:]
        if any(part in ("", ".", "..") or "\0" in part for part in below) or len(below) > MAX_DEPTH:
            raise MountedFileError(f"{_shown(name)} is not a plain path without `..`")
        return source, below


def _below(folder: int, prefix: str, depth: int) -> Iterator[str]:
    with os.scandir(folder) as found:
        entries = sorted(islice(found, MAX_ENTRIES), key=lambda entry: entry.name)
    for entry in entries:
        name = f"{prefix}/{entry.name}"
        if entry.is_file(follow_symlinks=False):
            yield name
        elif entry.is_dir(follow_symlinks=False) and depth + 1 < MAX_DEPTH:
            try:
                with _opened(entry.name, _FOLDER_FLAGS | os.O_NOFOLLOW, folder) as inner:
                    yield from _below(inner, name, depth + 1)
            except OSError:
                continue  # closed to us, or gone


@contextmanager
def _opened(path: str, flags: int, folder: int | None) -> Iterator[int]:
    descriptor = os.open(path, flags, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _content(path: str, folder: int | None, maximum: int, *, may_be_link: bool) -> tuple[bytes, int]:
    # Opening a device can already do something, so look first; what was opened is looked at again.
    _check_regular(os.stat(path, dir_fd=folder, follow_symlinks=may_be_link))
    with _opened(path, _FILE_FLAGS | (0 if may_be_link else os.O_NOFOLLOW), folder) as descriptor:
        status = os.fstat(descriptor)
        _check_regular(status)
        chunks: list[bytes] = []
        left = maximum
        while left > 0 and (chunk := os.read(descriptor, left)):
            chunks.append(chunk)
            left -= len(chunk)
        return b"".join(chunks), status.st_size


def _check_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is not a regular file")


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…")
