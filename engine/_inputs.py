"""Input files: their names are checked before a run, their content is read when it starts."""

import os
import stat
from collections.abc import Sequence

import msgspec
from anyio import to_thread

from policies import Limits

from ._exceptions import ConfigError
from ._program import File, Program

#: What Linux allows for one name.
MAX_PART_BYTES = 255
#: A quarter of what Linux allows for a path: the working folder and the program's own paths need room too.
MAX_NAME_BYTES = 1024
#: Deeper trees come from mistakes; the same bound holds for collected files.
MAX_DEPTH = 32

_MIB = 1024 * 1024
_READ_BYTES = 1024 * 1024
_SHOWN_CHARACTERS = 100
# Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
_OPEN_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
}


def check_files(files: Sequence[File]) -> None:
    """Check names and sources of input files, without touching the disk.

    Raises:
        ConfigError: A name leaves the working folder, is taken twice, or a source is missing or doubled.
    """
    if not isinstance(files, tuple | list):
        raise ConfigError(f"`files` must be a tuple of `File`, not `{type(files).__name__}`")
    names: set[str] = set()
    for file in files:
        _check_file(file)
        if file.name in names:
            raise ConfigError(f"two input files have the name {_shown(file.name)}")
        names.add(file.name)
    _check_folders(names)


def folders_of(name: str) -> list[str]:
    """Return the folders that a name needs, outermost first."""
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _check_file(file: object) -> None:
    """Check one file; what a constructor takes may be of any type."""
    if not isinstance(file, File):
        raise ConfigError(f"`files` must hold `File`, not `{type(file).__name__}`")
    problem = _name_problem(file.name)
    if problem:
        raise ConfigError(
            f"input file {_shown(file.name)}: its name {problem}",
            hint="take a relative path with `/` between parts, such as `data/points.csv`",
        )
    _check_source(file.name, file.data, file.path)


def _check_source(name: str, data: object, path: object) -> None:
    if (data is None) == (path is None):
        raise ConfigError(f"input file {_shown(name)} needs exactly one of `data` and `path`")
    if data is not None and not isinstance(data, bytes):
        raise ConfigError(f"input file {_shown(name)}: `data` must be `bytes`, not `{type(data).__name__}`")
    if path is not None and (not isinstance(path, str) or not path or "\0" in path):
        raise ConfigError(f"input file {_shown(name)}: `path` must be a path as text, not {_shown(path)}")


def _name_problem(name: object) -> str | None:
    if not isinstance(name, str):
        return "is not text"
    try:
        parts = name.encode("utf-8").split(b"/")
    except UnicodeEncodeError:
        return "cannot be expressed in UTF-8"
    if not name:
        return "is empty"
    if "\0" in name:
        return "contains a NUL character"
    if name.startswith("/"):
        return "is an absolute path"
    if b".." in parts:
        return "contains `..`"
    if b"" in parts or b"." in parts:
        return "is not normalised: it has an empty part or `.`"
    return _length_problem(parts)


def _length_problem(parts: Sequence[bytes]) -> str | None:
    if len(parts) > MAX_DEPTH:
        return f"has {len(parts)} levels, allowed are {MAX_DEPTH}"
    if max(map(len, parts)) > MAX_PART_BYTES:
        return f"has a part longer than {MAX_PART_BYTES} bytes"
    if sum(map(len, parts)) + len(parts) - 1 > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes"
    return None


def _check_folders(names: set[str]) -> None:
    for name in names:
        for folder in folders_of(name):
            if folder in names:
                raise ConfigError(f"input file {_shown(folder)} is also the folder of {_shown(name)}")


async def load_files(program: Program, limits: Limits) -> Program:
    """Return the program with the content of every file in it, within the disk limits.

    Blocking reads happen in a worker thread, and only when a file is given by path.

    Raises:
        ConfigError: A path is not a readable regular file, or the files are too many or too large.
    """
    if not program.files:
        return program
    _check_count(program.files, limits)
    budget = limits.disk_mib * _MIB
    if all(file.data is not None for file in program.files):
        _check_total(sum(len(file.data or b"") for file in program.files), budget)
        return program
    files = await to_thread.run_sync(_read_all, program.files, budget, abandon_on_cancel=True)
    return msgspec.structs.replace(program, files=files)


def _check_count(files: Sequence[File], limits: Limits) -> None:
    folders = {folder for file in files for folder in folders_of(file.name)}
    count = len(files) + len(folders)
    if count > limits.file_count:
        raise ConfigError(
            f"{count:,} input files and folders, the policy allows {limits.file_count:,}",
            hint="raise `limits.file-count` in the policy, or pass an archive",
        )


def _check_total(size: int, budget: int) -> None:
    if size > budget:
        raise ConfigError(
            f"input files of more than {budget // _MIB:,} MiB, which is all the disk the policy allows",
            hint="raise `limits.disk-mib` in the policy, or mount the folder read-only",
        )


def _read_all(files: Sequence[File], budget: int) -> tuple[File, ...]:
    loaded: list[File] = []
    used = 0
    for file in files:
        data = file.data if file.path is None else _read(file.name, file.path, budget - used)
        used += len(data or b"")
        _check_total(used, budget)
        loaded.append(msgspec.structs.replace(file, data=data, path=None))
    return tuple(loaded)


def _read(name: str, path: str, maximum: int) -> bytes:
    """Read a regular file; stops one byte above `maximum`, since a file may grow while it is read."""
    try:
        # Opening a device can already do something, so look first; what was opened is looked at again.
        _check_regular(name, path, os.stat(path))
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            _check_regular(name, path, os.fstat(descriptor))
            return _read_descriptor(descriptor, maximum)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _refused(name, path, f"cannot be read: {error.strerror}") from error


def _check_regular(name: str, path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "not a regular file")
        raise _refused(name, path, f"is {kind}, only regular files can be inputs")


def _read_descriptor(descriptor: int, maximum: int) -> bytes:
    chunks: list[bytes] = []
    left = maximum + 1
    while left > 0 and (chunk := os.read(descriptor, min(left, _READ_BYTES))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _refused(name: str, path: str, problem: str) -> ConfigError:
    hint = "mount a folder by a policy" if problem.startswith("is a folder") else ""
    return ConfigError(f"input file {_shown(name)}: {_shown(path)} {problem}", hint=hint)


def _shown(value: object) -> str:
    """Quote what came from outside for a message: short, and without control characters."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
