"""Whether a model fits into the memory that the machine has left."""

import re
from collections.abc import Callable
from pathlib import Path

from agent._model import ModelError

from ._progress import mebibytes

_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d{1,12}) kB$", re.MULTILINE | re.ASCII)


def available_bytes() -> int | None:
    """Return the memory that can be had without swapping; None if the kernel does not say."""
    try:
        match = _AVAILABLE.search(Path("/proc/meminfo").read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return None if match is None else int(match[1]) * 1024


def needed_bytes(path: Path) -> int:
    """Return the memory that the weights take: as much as the file.

    Raises:
        ModelError: There is no such file.
    """
    try:
        return path.stat().st_size
    except OSError as error:
        raise ModelError(f"`{path}` cannot be read: {error.strerror}", hint="look who may read it") from error


def check_memory(
    path: Path, context_bytes: int, *, available: Callable[[], int | None] = available_bytes
) -> None:
    """Refuse a model that does not fit, before the machine begins to swap or kills something.

    Args:
        path: The model's file.
        context_bytes: What the context takes (see `GgufFile.context_bytes_per_token`).
        available: The memory that is left.

    Raises:
        ModelError: There is too little.
    """
    needed = needed_bytes(path) + context_bytes
    there = available()
    if there is not None and there < needed:
        raise ModelError(
            f"`{path.name}` needs {mebibytes(needed)} MiB of memory, and {mebibytes(there)} MiB are left",
            hint="take a smaller model (`isorun model list`) or a shorter context, or end other programs",
        )
