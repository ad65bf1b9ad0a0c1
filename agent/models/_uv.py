"""Calls of `uv`, which fetches packages from the index that the user has configured."""

import errno
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import uv

from agent._model import ModelError
from engine._process import ToolError, run_tool

from ._folders import no_space

#: Slow lines and slow compilers; a person ends it sooner with Ctrl-C.
_SECONDS = 3600.0
_ALWAYS = ("--no-python-downloads", "--no-progress", "--color", "never")
#: Enough to see the cause, which stands at the end.
_REASON_CHARACTERS = 400
WHEELS_ONLY = ("--only-binary", ":all:")


def install(
    *arguments: str | Path, target: Path, cwd: Path, env: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Install packages into a folder, for the Python that runs us.

    Args:
        arguments: What to install, and options. Without `WHEELS_ONLY` code of the packages may run.
        target: The folder.
        cwd: A folder of ours: uv reads settings from where it starts.
        env: Put over the environment.

    Raises:
        ToolError: It failed.
        ModelError: There is no uv, or the disk is full.
    """
    options = ("--target", target, "--python", sys.executable, *_ALWAYS)
    try:
        run_tool(
            [_binary(), "pip", "install", *options, *arguments], timeout_seconds=_SECONDS, cwd=cwd, env=env
        )
    except ToolError as error:
        if f"os error {errno.ENOSPC}" in str(error) or os.strerror(errno.ENOSPC) in str(error):
            raise no_space(cwd) from error
        raise


def reason(error: ToolError) -> str:
    """Return the end of what uv said, in one line."""
    words = " ".join(str(error).split())
    return words if len(words) <= _REASON_CHARACTERS else f"... {words[-_REASON_CHARACTERS:]}"


def _binary() -> str:
    try:
        return uv.find_uv_bin()
    except FileNotFoundError as error:
        raise ModelError("`uv` is missing", hint="reinstall isorun with its dependencies") from error
