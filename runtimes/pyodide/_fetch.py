"""Files of the distribution's packages, from a mirror folder or the distribution's own server."""

import shutil
import urllib.error
import urllib.request
from pathlib import Path

from engine import RuntimeUnavailableError
from runtimes.environments._staging import writing

from ._catalog import PACKAGES_URL, LockedPackage
from ._manifest import digest_of

#: Between two pieces of a file, not for all of it.
_SILENCE_SECONDS = 30.0


def fetch(package: LockedPackage, folder: Path, mirror: Path | None) -> Path:
    """Put the file of a package into a folder and return its path.

    Args:
        package: What to fetch.
        folder: Where it goes.
        mirror: Where it lies; the distribution's server is asked if there is none.

    Raises:
        RuntimeUnavailableError: It is not there, or not the file that the list names.
    """
    target = folder / package.file_name
    if mirror is None:
        _download(package, target)
    else:
        _copy(package, mirror, target)
    if digest_of(target) != package.sha256:
        raise RuntimeUnavailableError(
            f"`{package.file_name}` is not the file that the list of Pyodide names: its hash differs",
            hint="fetch it again",
        )
    return target


def _copy(package: LockedPackage, mirror: Path, target: Path) -> None:
    source = mirror / package.file_name
    if not source.is_file():
        raise RuntimeUnavailableError(
            f"package `{package.name}` is missing: there is no `{package.file_name}` in `{mirror}`",
            hint=f"`{PACKAGES_URL}{package.file_name}` has it",
        )
    with writing(target):
        shutil.copyfile(source, target)


def _download(package: LockedPackage, target: Path) -> None:
    url = f"{PACKAGES_URL}{package.file_name}"
    try:
        with urllib.request.urlopen(url, timeout=_SILENCE_SECONDS) as answer, target.open("wb") as file:  # noqa: S310  # our own https address
            shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise RuntimeUnavailableError(
            f"package `{package.name}` cannot be fetched from `{url}`: {error}",
            hint="repeat with a network, or name a folder that has the file with `--pyodide-from`",
        ) from error
