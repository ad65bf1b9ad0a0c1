"""Byte-compiling what guests import."""

import errno
import os
from pathlib import Path

from engine._process import ToolError, run_tool

from ._host_python import HostPython
from ._staging import no_space

_SECONDS = 900.0


def byte_compile(python: HostPython, folder: Path, *, guest_path: str) -> None:
    """Compile all sources below `folder` for guests, who see it at `guest_path`.

    Unchecked: a layer never changes, and looking at the date of each source costs a start-up milliseconds.
    Files that do not compile (templates, syntax of other versions) are left as sources.

    Raises:
        RuntimeUnavailableError: The disk is full.
    """
    options = ("-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", folder, "-p", guest_path)
    try:
        run_tool([python.executable, "-I", "-m", "compileall", *options, folder], timeout_seconds=_SECONDS)
    except ToolError as error:
        # compileall names a file that it could not write like one that has bad syntax.
        if os.strerror(errno.ENOSPC) in str(error):
            raise no_space(folder) from error
