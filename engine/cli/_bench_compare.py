"""`isorun bench compare` and `isorun bench report`: what files of records say."""

from pathlib import Path

import msgspec

from engine import ConfigError
from engine.bench._comparison import compared
from engine.bench._comparison_table import comparison_lines
from engine.bench._html import page
from engine.bench._record import Records, read
from engine.bench._table import lines

from . import _exit
from ._console import visible, visible_json, visible_line
from ._standard import say, write_data


def compare(a: Path, b: Path, *, as_json: bool) -> int:
    """Print what changed from one file to another, and return the exit code, whatever changed.

    Raises:
        ConfigError: One of them cannot be read.
    """
    found = compared(read(a), read(b))
    if as_json:
        write_data(visible_json(msgspec.json.encode(found).decode()) + "\n")
    else:
        write_data(visible("\n".join(comparison_lines(found)) + "\n"))
    return _exit.OK


def report(file: Path, html: Path | None) -> int:
    """Print the tables of a file, or write its page, and return the exit code.

    Raises:
        ConfigError: The file cannot be read, or the page not written.
    """
    records = read(file)
    if html is None:
        write_data(visible("\n".join(lines(records)) + "\n"))
    else:
        _write_page(records, html)
        say(f"note: the page is `{visible_line(str(html))}`")
    return _exit.OK


def _write_page(records: Records, path: Path) -> None:
    try:
        path.write_text(page(records), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"`{path}` cannot be written: {error.strerror}") from error
