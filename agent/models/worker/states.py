"""What has been read once, on disk: a new process need not read it again.

A file is what llama.cpp writes, and a digest behind it. llama.cpp looks at the beginning alone, so one that
was cut or has rotted must not come as far.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

#: Some megabytes each: enough for the prompts of a few models.
MAX_STATES = 12
_DIGEST_BYTES = 32


class States:
    """A folder of states. Whatever is wrong with it costs time, nothing else.

    Args:
        folder: Made when the first state is kept.
        key: What a state depends on beside its tokens.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder = folder
        self._key = key

    def find(self, tokens: Sequence[int]) -> Path | None:
        """Return the file of the state after these tokens, if it is there and whole."""
        path = self._path(tokens)
        with suppress(OSError):
            if _is_sealed(path):
                with suppress(OSError):  # of another user: it is used, and looks older than it is
                    os.utime(path)
                return path
        return None

    def keep(self, tokens: Sequence[int], write: Callable[[bytes], int]) -> None:
        """Keep the state after these tokens, and no more states than `MAX_STATES`.

        Args:
            tokens: What has been read.
            write: Writes a file of this name; says 0 if it could not.
        """
        path = self._path(tokens)
        partial = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                if write(os.fsencode(partial)):
                    _seal(partial)
                    partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
            self._drop_old()

    def _path(self, tokens: Sequence[int]) -> Path:
        digest = hashlib.sha256(f"{self._key} {list(tokens)}".encode()).hexdigest()[:32]
        return self._folder / f"{digest}.state"

    def _drop_old(self) -> None:
        """Remove the states that were not used for longest, and what processes that were killed have left."""
        files = sorted(self._folder.iterdir(), key=lambda file: file.stat().st_mtime)
        for file in files[:-MAX_STATES]:
            file.unlink(missing_ok=True)


def _seal(path: Path) -> None:
    """Write a file's digest behind it."""
    with path.open("r+b") as file:
        file.write(hashlib.file_digest(file, "sha256").digest())


def _is_sealed(path: Path) -> bool:
    with path.open("rb") as file:
        data = memoryview(file.read())
    return hashlib.sha256(data[:-_DIGEST_BYTES]).digest() == data[-_DIGEST_BYTES:]
