"""Put a folder of the cache in its place at once, without a lock: whoever is first makes it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtimes.environments._staging import make_folder, open_to_readers, writing

_PREFIX = ".staging-"


@contextmanager
def placed(final: Path) -> Iterator[Path]:
    """Lend an empty folder that becomes `final` if the block ends well, and vanishes otherwise.

    All that is in it can be read by everybody. If somebody else has put `final` there in the meantime, theirs
    stays, so what is made must follow from the name alone.

    Raises:
        RuntimeUnavailableError: The disk is full, or the cache cannot be written.
    """
    with writing(final):
        make_folder(final.parent)
        staging = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=final.parent))
    try:
        with writing(final):
            yield staging
            open_to_readers(staging)
            _rename(staging, final)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def discard(folder: Path) -> None:
    """Remove a folder that was placed and is broken; nobody sees it half removed.

    Raises:
        RuntimeUnavailableError: The cache cannot be written.
    """
    with writing(folder):
        grave = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder.parent))
        try:
            folder.rename(grave / "broken")
        except FileNotFoundError:
            pass  # somebody else has noticed it too
        finally:
            shutil.rmtree(grave, ignore_errors=True)


def _rename(staging: Path, final: Path) -> None:
    try:
        staging.rename(final)
    except OSError:
        if not final.is_dir():
            raise
