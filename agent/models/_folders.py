"""Folders of the cache: one writer at a time, and scratch folders that vanish."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent._model import ModelError

from ._progress import Say

_SCRATCH_PREFIX = ".scratch-"


def make_folder(path: Path) -> None:
    """Create a folder and its missing parents, readable by all whatever the umask says.

    Jails read their part of the cache under other uids.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    path.chmod(0o755)


@contextmanager
def only_one(folder: Path, say: Say) -> Iterator[None]:
    """Be the only one who writes into a folder; waits for another. What dead ones left is removed.

    The kernel drops the lock with its holder.
    """
    make_folder(folder)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another command that writes into `{folder}`")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        for leftover in folder.glob(f"{_SCRATCH_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """Lend an empty folder that vanishes at the end. The caller is the only one who writes into `parent`."""
    folder = Path(tempfile.mkdtemp(prefix=_SCRATCH_PREFIX, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn a failure of the file system into an error that says what to do.

    Raises:
        ModelError: The disk is full, or `target` cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_space(target.parent) from error
        raise ModelError(
            f"`{target}` cannot be written: {error.strerror or error}",
            hint="make the cache folder writable, or choose another with `ISORUN_CACHE_DIR`",
        ) from error


def no_space(folder: Path) -> ModelError:
    """Return the error for a full disk."""
    return ModelError(
        f"no space left on the disk of `{folder}`",
        hint="free some space, or choose another folder with `ISORUN_CACHE_DIR`",
    )
