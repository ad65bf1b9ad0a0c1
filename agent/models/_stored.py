"""A model in the cache: the file, a note of its sum beside it, and the part that has arrived so far."""

import hashlib
import stat
from pathlib import Path
from typing import Literal

import msgspec

from agent._model import ModelError

from ._catalog import CATALOG, CatalogModel, catalog_model, model_path

type State = Literal["ready", "unchecked", "partial", "missing"]

_MAX_NOTE_BYTES = 4096


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a model is here.

    Attributes:
        state: `unchecked` has the right size, but nobody has looked at its sum.
        bytes: That are here.
    """

    model: CatalogModel
    state: State
    path: Path
    bytes: int


def stored(cache: Path, model: CatalogModel) -> Stored:
    """Look at one model; costs no reading of it."""
    path = model_path(cache, model)
    size = size_of(path) or 0
    if size == model.bytes:
        state: State = "ready" if noted_sum(path) == model.sha256 else "unchecked"
        return Stored(model=model, state=state, path=path, bytes=size)
    arrived = max(size, size_of(part_path(path)) or 0)
    return Stored(model=model, state="partial" if arrived else "missing", path=path, bytes=arrived)


def list_models(cache: Path) -> list[Stored]:
    """Look at all models of the catalogue."""
    return [stored(cache, model) for model in CATALOG.values()]


def find_model(spec: str, cache: Path) -> Path:
    """Return the file of a model.

    Args:
        spec: A path that ends in `.gguf`, or a name of the catalogue.
        cache: Where pulled models lie.

    Raises:
        ModelError: There is no such file, the model has not been pulled, or the name is unknown.
    """
    if spec.endswith(".gguf"):
        path = Path(spec).expanduser()
        if not path.is_file():
            raise ModelError(f"there is no file `{spec}`", hint="give the path of a GGUF file that exists")
        return path.absolute()
    found = stored(cache, catalog_model(spec))
    if found.state not in ("ready", "unchecked"):
        reason = "is not here" if found.state == "missing" else "has not arrived completely"
        raise ModelError(f"the model `{spec}` {reason}", hint=f"run `isorun model pull {spec}`")
    return found.path


def remove_model(name: str, cache: Path) -> int:
    """Delete a model, or what has arrived of it, and return the bytes that this gave back.

    Raises:
        ModelError: Nothing of it is here, or it cannot be deleted.
    """
    path = model_path(cache, catalog_model(name))
    freed = 0
    for file in (path, part_path(path)):
        freed += size_of(file) or 0
        delete(file)
    delete(note_path(path))
    if not freed:
        raise ModelError(f"the model `{name}` is not here", hint="`isorun model list` says which are")
    return freed


def part_path(path: Path) -> Path:
    """Return where the beginning of a file lies until all of it is here."""
    return path.with_name(f"{path.name}.part")


def note_path(path: Path) -> Path:
    """Return where the sum of a checked file is noted, in the format of `sha256sum`."""
    return path.with_name(f"{path.name}.sha256")


def noted_sum(path: Path) -> str | None:
    """Return the sum that a file had when it was checked."""
    try:
        with note_path(path).open("rb") as note:
            return note.read(_MAX_NOTE_BYTES).decode("ascii", "replace").partition(" ")[0]
    except OSError:
        return None


def sum_of(path: Path) -> str:
    """Read a whole file and return its SHA-256; a gigabyte takes seconds."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size_of(path: Path) -> int | None:
    """Return the size of a regular file; None if there is none that we can see."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def delete(path: Path) -> None:
    """Delete a file if it is there.

    Raises:
        ModelError: It cannot be deleted.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(
            f"`{path}` cannot be deleted: {error.strerror}", hint="look who may write there"
        ) from error
