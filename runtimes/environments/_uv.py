"""Calls of `uv`: pin requirements, install pinned ones. No build code of a package runs on the host."""

import errno
import os
from pathlib import Path

import uv

from engine._exceptions import RuntimeUnavailableError
from engine._process import ToolError, run_tool

from ._staging import no_space

_INSTALL_SECONDS = 3600.0
_LOCK_SECONDS = 600.0
#: Wheels only, because a source distribution runs its own code when it is built; and never fetch a Python.
_ALWAYS = ("--only-binary", ":all:", "--no-python-downloads", "--no-progress", "--color", "never")
#: The lock is to hold pins and hashes alone: where packages come from is the user's configuration.
_LOCK = ("--generate-hashes", "--quiet", "--no-header", "--no-annotate", "--no-emit-options")
#: Copied, not linked: a layer must not change when somebody writes into uv's cache.
_INSTALL = ("--require-hashes", "--no-deps", "--link-mode", "copy")


def lock_requirements(requirements: Path, output: Path, *, python: Path, wheels: Path | None = None) -> None:
    """Pin `requirements` with hashes, for this platform and this Python.

    Raises:
        ToolError: They cannot be satisfied.
    """
    arguments = (requirements, "--output-file", output, "--python", python, *_LOCK, *_from(wheels))
    _run("compile", *arguments, cwd=output.parent, timeout_seconds=_LOCK_SECONDS)


def install(lock: Path, target: Path, *, python: Path, wheels: Path | None = None) -> None:
    """Install exactly what `lock` pins into a folder. Downloads stay in uv's own cache.

    Raises:
        ToolError: Something could not be fetched, or did not match its hash.
    """
    arguments = ("--target", target, "--requirements", lock, "--python", python, *_INSTALL, *_from(wheels))
    _run("install", *arguments, cwd=lock.parent, timeout_seconds=_INSTALL_SECONDS)


def _from(wheels: Path | None) -> tuple[str | Path, ...]:
    return () if wheels is None else ("--no-index", "--find-links", wheels)


def _run(*arguments: str | Path, cwd: Path, timeout_seconds: float) -> None:
    # The working folder is ours: uv reads settings from where it starts, and the caller's may be anything.
    try:
        run_tool([_binary(), "pip", *arguments, *_ALWAYS], timeout_seconds=timeout_seconds, cwd=cwd)
    except ToolError as error:
        if f"os error {errno.ENOSPC}" in str(error) or os.strerror(errno.ENOSPC) in str(error):
            raise no_space(cwd) from error
        raise


def _binary() -> str:
    try:
        return uv.find_uv_bin()
    except FileNotFoundError as error:
        raise RuntimeUnavailableError(
            "`uv` is missing", hint="reinstall isorun with its dependencies"
        ) from error
