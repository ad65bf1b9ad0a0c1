"""What `isorun image list` and `isorun setup --image` print."""

import json
from collections.abc import Sequence
from typing import Any

from runtimes.docker._images import Listed, State, list_images

from ._console import visible_line
from ._standard import write_data

_WORDS: dict[State, str] = {"built": "built", "outdated": "outdated", "missing": "not built"}
_HEADINGS = ("NAME", "LANGUAGES", "SIZE", "STATE", "REFERENCE")


def show(*, as_json: bool) -> None:
    """Print the images.

    Raises:
        RuntimeUnavailableError: There is no daemon to ask.
    """
    if as_json:
        write_data(json.dumps([_fields(entry) for entry in list_images()]) + "\n")
        return
    for line in lines():
        write_data(visible_line(line) + "\n")


def lines() -> list[str]:
    """Return a table of the images, with a line of headings.

    Raises:
        RuntimeUnavailableError: There is no daemon to ask.
    """
    rows: list[Sequence[str]] = [_HEADINGS, *map(_row, list_images())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _row(entry: Listed) -> Sequence[str]:
    size = "" if entry.bytes is None else f"{entry.bytes / 2**20:.0f} MiB"
    return (entry.image.name, ", ".join(entry.image.languages), size, _WORDS[entry.state], entry.reference)


def _fields(entry: Listed) -> dict[str, Any]:
    return {
        "name": entry.image.name,
        "languages": entry.image.languages,
        "summary": entry.image.summary,
        "state": entry.state,
        "bytes": entry.bytes,
        "reference": entry.reference,
    }
