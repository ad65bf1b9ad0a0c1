"""What is known about a finished distribution, and whether it is still what was built."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from engine import RuntimeUnavailableError

from ._catalog import FILES, SETUP_HINT, VERSION

MANIFEST = "manifest.json"
#: What the snapshot consists of: the memory, the references that it holds to JavaScript, and the rest.
SNAPSHOT = ("snapshot.memory", "snapshot.head", "snapshot.json")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Written last into a distribution's folder.

    Attributes:
        version: Of Pyodide.
        digests: File name -> SHA-256 of everything that a sandbox reads.
    """

    version: str
    digests: dict[str, str]


def write_manifest(folder: Path) -> None:
    """Record the files of a distribution that has its snapshot."""
    manifest = Manifest(version=VERSION, digests=_digests(folder, (*FILES, *SNAPSHOT)))
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))


def check(folder: Path) -> None:
    """See that each file is what the set-up left: 45 MB, some tens of milliseconds.

    In full, because what is wrong in the snapshot's memory would be wrong in every program's interpreter.

    Raises:
        RuntimeUnavailableError: One is missing or has changed, or there is no distribution.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise RuntimeUnavailableError("Pyodide is not set up", hint=SETUP_HINT) from error
    except (OSError, msgspec.DecodeError) as error:
        raise _damaged(folder / MANIFEST) from error
    try:
        found = _digests(folder, manifest.digests)
    except OSError as error:
        raise _damaged(Path(str(error.filename))) from error
    for name, digest in found.items():
        if digest != manifest.digests[name]:
            raise _damaged(folder / name)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    return {name: digest_of(folder / name) for name in names}


def _damaged(path: Path) -> RuntimeUnavailableError:
    return RuntimeUnavailableError(f"Pyodide is damaged: `{path}` is not what was set up", hint=SETUP_HINT)
