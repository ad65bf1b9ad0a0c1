"""The npm packages that have been fetched ahead: which there are, and where.

`<cache>/npm/current` names a layer. A layer holds a manifest, the lock file that it was made with, and the
store: Deno's own cache of packages with an import map. The store is what a sandbox sees, read-only.
"""

from pathlib import Path

import msgspec

from engine._exceptions import RuntimeUnavailableError
from runtimes.environments import GUEST_TOOLS

#: Where the jail shows the store.
NPM_FOLDER = f"{GUEST_TOOLS}/npm"
IMPORT_MAP = "import_map.json"
MANIFEST = "manifest.json"
CURRENT = "current"
SETUP_HINT = "run `isorun setup --npm NAME`"


class NpmPackages(msgspec.Struct, frozen=True, kw_only=True):
    """A finished layer.

    Attributes:
        requested: What was asked for -> version that it stands for, in the order in which it was asked for.
        bytes: Size of the store on disk.
        folder: Where the layer lies, once read.
    """

    requested: dict[str, str]
    bytes: int
    folder: str = ""

    @property
    def key(self) -> str:
        """Name of the layer; no two ever have the same."""
        return Path(self.folder).name

    @property
    def store(self) -> Path:
        """The folder that sandboxes see at `NPM_FOLDER`."""
        return Path(self.folder) / "store"


def npm_folder(cache: Path) -> Path:
    """Return the folder of everything that concerns npm."""
    return cache / "npm"


def find_npm(cache: Path) -> NpmPackages | None:
    """Return the packages that were fetched, or None if there are none.

    Raises:
        RuntimeUnavailableError: They are damaged.
    """
    link = npm_folder(cache) / CURRENT
    if not link.is_symlink():
        return None
    try:
        layer = link.resolve(strict=True)
        packages = msgspec.json.decode((layer / MANIFEST).read_bytes(), type=NpmPackages)
        packages = msgspec.structs.replace(packages, folder=str(layer))
        (packages.store / IMPORT_MAP).stat()
    except (OSError, msgspec.DecodeError) as error:
        raise RuntimeUnavailableError(
            f"the npm packages are damaged: `{link}` cannot be read",
            hint=f"remove `{npm_folder(cache)}` and {SETUP_HINT}",
        ) from error
    return packages
