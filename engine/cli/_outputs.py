"""Write collected files into a folder. Their names are the guest's words, so nothing is trusted.

Every part of a name is opened below its parent's descriptor without following links, and every file is
created, never opened: a planted link or an existing file cannot be written through.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from engine import Artifact, ConfigError, EngineError

from ._console import has_controls, visible_line

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

# Deeper trees than this come from programs that want to trouble whoever walks them.
MAX_DEPTH = 32
_MAX_PART_BYTES = 255


class Written(NamedTuple):
    """What became of the collected files.

    Attributes:
        names: Files that were written, relative to the folder.
        left: Name and reason of each file that was not.
    """

    names: tuple[str, ...]
    left: tuple[tuple[str, str], ...]


def check_folder(folder: str, *, force: bool) -> None:
    """Make the output folder, before a run spends time.

    Raises:
        ConfigError: It cannot be made, is not a folder, or holds something and `force` is not set.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        occupied = bool(os.listdir(folder))
        usable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise ConfigError(f"output folder `{visible_line(folder)}`: {error.strerror}") from error
    if not usable:
        raise ConfigError(f"output folder `{visible_line(folder)}` is not writable")
    if occupied and not force:
        hint = "take a new folder, or `--force` to add to it and replace files of the same name"
        raise ConfigError(f"output folder `{visible_line(folder)}` is not empty", hint=hint)


def write_outputs(folder: str, artifacts: Sequence[Artifact], *, force: bool) -> Written:
    """Write each file that was collected; a bad name or a name in use is reported, not written.

    Raises:
        EngineError: The folder vanished or the disk is full.
    """
    names: list[str] = []
    left: list[tuple[str, str]] = []
    with _root(folder) as root:
        for artifact in artifacts:
            reason = artifact.skipped or _refusal(artifact.name) or _write(root, artifact, force=force)
            if reason:
                left.append((artifact.name, reason))
            else:
                names.append(artifact.name)
    return Written(tuple(names), tuple(left))


def _refusal(name: str) -> str | None:
    """Say why a name is not acceptable; None when it is."""
    parts = name.split("/")
    if has_controls(name):
        return "its name has control characters or is not UTF-8"
    if len(parts) > MAX_DEPTH:
        return f"it is nested deeper than {MAX_DEPTH} folders"
    if any(part in ("", ".", "..") for part in parts):
        return "its name is not a relative path"
    if any(len(part.encode()) > _MAX_PART_BYTES for part in parts):
        return f"a part of its name is longer than {_MAX_PART_BYTES} bytes"
    return None


def _write(root: int, artifact: Artifact, *, force: bool) -> str | None:
    """Write one file; return why not, when its place is taken."""
    *folders, name = artifact.name.split("/")
    try:
        with _folder(root, folders) as folder:
            _create(folder, name, artifact.data, force=force)
    except (FileExistsError, IsADirectoryError):
        return "something with that name exists"
    except NotADirectoryError:
        return "a folder of its path is a file or a link"
    except OSError as error:
        raise EngineError(f"cannot write `{visible_line(artifact.name)}`: {error.strerror}") from error
    return None


@contextmanager
def _folder(root: int, parts: Sequence[str]) -> Iterator[int]:
    """Open the folder below `root`, making what is missing."""
    current = os.dup(root)
    try:
        for part in parts:
            try:
                os.mkdir(part, dir_fd=current)
            except FileExistsError:
                pass
            below = os.open(part, _FOLDER_FLAGS, dir_fd=current)
            os.close(current)
            current = below
        yield current
    finally:
        os.close(current)


def _create(folder: int, name: str, data: bytes, *, force: bool) -> None:
    if force:
        _remove(folder, name)
    with os.fdopen(os.open(name, _FILE_FLAGS, 0o644, dir_fd=folder), "wb") as file:
        file.write(data)


def _remove(folder: int, name: str) -> None:
    """Make room for a file; removes a link itself, never what it points to, and no folder."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        pass


@contextmanager
def _root(folder: str) -> Iterator[int]:
    """Open the output folder itself; that one is the user's own word, so links are followed."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise EngineError(f"output folder `{visible_line(folder)}`: {error.strerror}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
