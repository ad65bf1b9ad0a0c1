"""What this process and the machine hold on its behalf; after a soak all of it is as before."""

import os
import tempfile
import threading
from pathlib import Path

import msgspec

from engine import PoolStats
from tests.support.machine import descendants, descriptors, group_folders, mounts


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """Counts, and the names of what has names.

    Attributes:
        descriptors: Open in this process.
        processes: Below this process.
        groups: Folders of control groups, of the wardens named.
        mounts: That we see.
        temporary: Files in the temporary folder.
        threads: Those that last.
    """

    descriptors: int
    processes: int
    groups: int
    mounts: int
    temporary: tuple[str, ...]
    threads: tuple[str, ...]


def holdings(wardens: tuple[int, ...] = ()) -> Holdings:
    """Look at what is held. Workers of the event loop are left out: they end with it."""
    names = sorted(thread.name for thread in threading.enumerate())
    return Holdings(
        descriptors=len(descriptors()) - 1,  # of the look itself
        processes=len(descendants(os.getpid())),
        groups=sum(1 + _folders_below(folder) for warden in wardens for folder in group_folders(warden)),
        mounts=len(mounts()),
        temporary=tuple(sorted(os.listdir(tempfile.gettempdir()))),
        threads=tuple(name for name in names if not name.startswith("AnyIO worker")),
    )


def sums_hold(pool: PoolStats) -> bool:
    """Whether each sandbox that a pool has started is where it says."""
    return pool.started == pool.live + sum(pool.left.values())


def is_at_rest(pool: PoolStats) -> bool:
    """Whether nothing goes on in a pool."""
    return not (pool.leased or pool.starting or pool.closing or pool.waiting)


def _folders_below(folder: Path) -> int:
    return sum(entry.is_dir() for entry in folder.iterdir())
