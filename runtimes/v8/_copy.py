"""The copy of Deno that jails see.

A jail runs under another uid and sees only folders that are meant for it. So the binary gets a folder of its
own in the cache. The folder is named after the file that it was made from, and a note in it says what the
copy looked like then.
"""

import hashlib
import os
import stat
from pathlib import Path

import msgspec

from engine._exceptions import RuntimeUnavailableError

from ._place import discard, placed

_HINT = "`pip install deno`, or name a binary with `ISORUN_DENO`; then run `isorun setup`"
_OPEN_TO_ALL = 0o555
_PIECE_BYTES = 4 << 20


class _Note(msgspec.Struct, frozen=True):
    """What a copy was when it was made."""

    version: str
    bytes: int
    mtime_ns: int


def copy_folder(original: Path, cache: Path) -> Path:
    """Return where the copy of a binary belongs; another file, or the same one changed, has another place."""
    status = original.stat()
    parts = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return cache / "deno" / hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def keep_copy(original: Path, folder: Path, version: str) -> None:
    """Put a copy in its place, which may hold one that has changed.

    Raises:
        RuntimeUnavailableError: The cache cannot be written.
    """
    if folder.exists():
        discard(folder)
    with placed(folder) as staging:
        copy = binary_in(staging)
        copy.parent.mkdir()
        _copy(original, copy)
        status = copy.stat()
        note = _Note(version, status.st_size, status.st_mtime_ns)
        _note_in(staging).write_bytes(msgspec.json.encode(note))


def _copy(original: Path, copy: Path) -> None:
    """Copy in large pieces.

    They lie in large pieces in the page cache, too, which makes the start of each process, and even more its
    end, faster by a millisecond than a link to a file that was written in small ones.
    """
    with original.open("rb") as source, copy.open("xb") as target:
        while piece := source.read(_PIECE_BYTES):
            target.write(piece)
    copy.chmod(0o755)


def is_sound(folder: Path) -> bool:
    """Whether the copy is what it was when it was made."""
    note = _read_note(folder)
    if note is None:
        return False
    try:
        status = os.lstat(binary_in(folder))
    except OSError:
        return False
    is_open = stat.S_ISREG(status.st_mode) and status.st_mode & _OPEN_TO_ALL == _OPEN_TO_ALL
    return is_open and (status.st_size, status.st_mtime_ns) == (note.bytes, note.mtime_ns)


def newest_copy(cache: Path) -> Path:
    """Return the binary of the newest copy that is sound.

    Raises:
        RuntimeUnavailableError: There is none.
    """
    copies = sorted((cache / "deno").glob("[!.]*"), key=_version_of)
    sound = [folder for folder in copies if is_sound(folder)]
    if sound:
        return binary_in(sound[-1])
    message = f"the copy of Deno in `{copies[-1]}` has changed" if copies else "Deno is missing"
    raise RuntimeUnavailableError(message, hint=_HINT)


def _version_of(folder: Path) -> tuple[int, ...]:
    note = _read_note(folder)
    return () if note is None else version_numbers(note.version)


def _read_note(folder: Path) -> _Note | None:
    try:
        return msgspec.json.decode(_note_in(folder).read_bytes(), type=_Note)
    except (OSError, msgspec.DecodeError):
        return None


def binary_in(folder: Path) -> Path:
    """Return the place of the binary in the folder of a copy; jails see the folder that it is in."""
    return folder / "bin" / "deno"


def _note_in(folder: Path) -> Path:
    return folder / "note.json"


def version_numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version such as `2.9.8` or `2.10.0-rc.1`; empty if it is none."""
    parts = version.split("-")[0].split("+")[0].split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() for part in parts) else ()
