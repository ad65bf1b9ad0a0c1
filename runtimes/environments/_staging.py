"""Building a folder of the cache: under one lock, beside its place, renamed at the end.

A reader never sees a half-made folder, and a builder that died leaves nothing that the next one keeps.
"""

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine._exceptions import RuntimeUnavailableError

type Progress = Callable[[str], None]

_STAGING_PREFIX = ".building-"
_FULL = (errno.ENOSPC, errno.EDQUOT)
#: Enough of a list of failures to see what they have in common.
_REASON_CHARACTERS = 500


@contextmanager
def cache_lock(cache: Path, progress: Progress) -> Iterator[None]:
    """Be the only builder in this cache; waits for another one.

    The kernel drops the lock with its holder, so a killed builder blocks nobody.

    Raises:
        RuntimeUnavailableError: The cache cannot be written.
    """
    with writing(cache):
        make_folder(cache)
        descriptor = os.open(cache / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"waiting for another set-up in `{cache}`")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def staged(final: Path) -> Iterator[Path]:
    """Lend an empty folder that becomes `final` if the block ends well, and vanishes otherwise.

    The caller holds the cache's lock, so every other staging folder there belongs to a dead builder.
    An existing `final` is replaced: the caller has found it broken.

    Raises:
        RuntimeUnavailableError: The disk is full, or the cache cannot be written.
    """
    parent = final.parent
    with writing(final):
        make_folder(parent)
        remove_leftovers(parent)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING_PREFIX, dir=parent))
    try:
        with writing(final):
            yield staging
            open_to_readers(staging)
            if final.exists():
                shutil.rmtree(final)
            staging.rename(final)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            parent.rmdir()  # if it was made for this alone
        raise


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """Lend an empty folder that vanishes at the end. The caller holds the cache's lock."""
    with writing(parent):
        make_folder(parent)
        remove_leftovers(parent)
        folder = Path(tempfile.mkdtemp(prefix=_STAGING_PREFIX, dir=parent))
    try:
        with writing(parent):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn a failure of the file system into an error that says what to do."""
    try:
        yield
    except (OSError, shutil.Error) as error:
        raise _unwritable(target, error) from error


def no_space(target: Path) -> RuntimeUnavailableError:
    """Return the error for a full disk."""
    return RuntimeUnavailableError(
        f"no space left while writing `{target}`; what was begun is removed",
        hint="free some space, or choose another folder with `ISORUN_CACHE_DIR`",
    )


def _unwritable(target: Path, error: OSError | shutil.Error) -> RuntimeUnavailableError:
    # `copytree` gathers what went wrong into one error without a number.
    reason = error.strerror or str(error)[:_REASON_CHARACTERS]
    if error.errno in _FULL or os.strerror(errno.ENOSPC) in reason:
        return no_space(target)
    where = f" (`{error.filename}`)" if error.filename else ""
    return RuntimeUnavailableError(
        f"`{target}` cannot be written: {reason}{where}",
        hint="make the cache folder writable, or choose another with `ISORUN_CACHE_DIR`",
    )


def make_folder(path: Path) -> None:
    """Create a folder and its missing parents, readable by all whatever the umask says."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    path.chmod(0o755)


def remove_leftovers(parent: Path) -> None:
    """Remove staging folders of builders that died. The caller holds the cache's lock."""
    for entry in parent.glob(f"{_STAGING_PREFIX}*"):
        shutil.rmtree(entry, ignore_errors=True)


def open_to_readers(root: Path) -> None:
    """Give everybody read access below `root`, nobody but the owner write access, and drop set-id bits.

    A jail reads the layer under another uid than the one that built it.
    """
    root.chmod(0o755)
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode) or not mode & 0o444:  # unreadable on purpose
                continue
            os.chmod(path, 0o755 if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0o644)


def size_of(root: Path) -> int:
    """Return the bytes of all regular files below `root`."""
    total = 0
    for folder, _, files in os.walk(root):
        for name in files:
            status = os.lstat(os.path.join(folder, name))
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total
