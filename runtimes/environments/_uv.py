"""Calls of `uv`: pin requirements, install pinned ones. No build code of a package runs on the host."""

import os
from pathlib import Path

import uv

from engine._process import ToolError, run_tool

from ._staging import no_space

_INSTALL_SECONDS = 3600.0
_COMPILE_SECONDS = 600.0
#: For every call: wheels only, because a source distribution runs its own code when built; never fetch a Python.
_ALWAYS = ("--only-binary", ":all:", "--no-python-downloads", "--no-progress", "--color", "never")


def lock_requirements(requirements: Path, output: Path, *, python: Path, wheels: Path | None = None) -> None:
    """Pin `requirements` with hashes, for this platform and this Python.

    Raises:
        ToolError: They cannot be satisfied.
    """
    _run(
        ["pip", "compile", requirements, "--output-file", output, "--generate-hashes", "--quiet"]
        + ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
        + ["--python", python, *_from(wheels)],
        cwd=output.parent,
        timeout_seconds=_COMPILE_SECONDS,
    )


def install(lock: Path, target: Path, *, python: Path, wheels: Path | None = None) -> None:
    """Install exactly what `lock` pins into a folder. Downloads stay in uv's own cache.

    Files are copied, not linked: a layer must not change when somebody writes into uv's cache.

    Raises:
        ToolError: Something could not be fetched, or did not match its hash.
    """
    _run(
        ["pip", "install", "--target", target, "--require-hashes", "--no-deps", "--link-mode", "copy"]
        + ["--requirements", lock, "--python", python, *_from(wheels)],
        cwd=lock.parent,
        timeout_seconds=_INSTALL_SECONDS,
    )


def _from(wheels: Path | None) -> list[str | Path]:
    return [] if wheels is None else ["--no-index", "--find-links", wheels]


def _run(arguments: list[str | Path], *, cwd: Path, timeout_seconds: float) -> None:
    # The working folder is our own: uv reads settings from the folder it starts in, and the caller's may be anything.
    try:
        run_tool([uv.find_uv_bin(), *arguments, *_ALWAYS], timeout_seconds=timeout_seconds, cwd=cwd)
    except ToolError as error:
        if os.strerror(28) in str(error) or "os error 28" in str(error):
            raise no_space(cwd) from error
        raise
