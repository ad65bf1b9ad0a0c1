"""Saying that layers are in use, so that nobody removes them under a running program."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_USE = "in-use"


@contextmanager
def using(cache: Path) -> Iterator[None]:
    """Keep the layers of this cache from being removed while the block runs.

    Waits while somebody removes some. The kernel drops the lock with its holder. A cache that others own is
    read without it: they ask their own engines alone.
    """
    try:
        descriptor = os.open(cache / IN_USE, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)
