"""Fetching Pyodide: the interpreter comes from the npm registry by Deno, and works offline afterwards."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine import RuntimeUnavailableError
from engine._process import ToolError, run_tool
from runtimes.environments._staging import Progress, staged, writing

from ._catalog import FILES, VERSION
from ._manifest import check, digest_of, write_manifest
from ._packages import Packages, current_packages, ensure_packages
from ._snapshot import content_digest, make_snapshot

_FETCH_SECONDS = 900.0


class Pyodide(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution with its snapshot, and the packages for it.

    Attributes:
        version: Of Pyodide.
        folder: With the distribution and the snapshot; a sandbox reads all of it.
        standard: Importable top-level names without packages; the standard library lacks a few.
        packages: Prefetched ones, or None.
    """

    version: str
    folder: Path
    standard: frozenset[str]
    packages: Packages | None

    @property
    def modules(self) -> frozenset[str]:
        """Importable top-level names."""
        return self.standard if self.packages is None else self.standard.union(self.packages.modules)


class _Description(msgspec.Struct, frozen=True):
    """What the set-up wrote about the interpreter, as far as the host needs it."""

    modules: frozenset[str]


def pyodide_folder(cache: Path) -> Path:
    """Return the folder of everything that concerns Pyodide."""
    return cache / "pyodide"


def find_pyodide(cache: Path) -> Pyodide:
    """Return the distribution that was set up, after looking at every byte of it.

    Raises:
        RuntimeUnavailableError: It is missing or damaged.
    """
    folder = _distribution(cache)
    check(folder)
    description = msgspec.json.decode((folder / "snapshot.json").read_bytes(), type=_Description)
    packages = current_packages(pyodide_folder(cache))
    return Pyodide(version=VERSION, folder=folder, standard=description.modules, packages=packages)


def ensure_pyodide(
    cache: Path, deno: Path, packages: Sequence[str], progress: Progress, *, source: str | None = None
) -> Pyodide:
    """Fetch Pyodide, make its snapshot, and add packages. What is there already is left alone.

    The caller holds the cache's lock.

    Args:
        cache: Where it all goes.
        deno: The binary.
        packages: Names of packages to have from now on, beside those of earlier calls.
        progress: Gets one line before each step that takes long.
        source: Folder with files of the distribution and wheels, in place of the network.

    Raises:
        ConfigError: A package cannot be had.
        RuntimeUnavailableError: Something cannot be fetched or built; what was there before stays usable.
    """
    mirror = None if source is None else Path(source).expanduser().absolute()
    folder = _distribution(cache)
    try:
        check(folder)
    except RuntimeUnavailableError:
        _build(folder, deno, mirror, progress)
    ensure_packages(pyodide_folder(cache), folder, packages, deno, progress, mirror=mirror)
    return find_pyodide(cache)


def _distribution(cache: Path) -> Path:
    return pyodide_folder(cache) / f"{VERSION}-{content_digest()}"


def _build(folder: Path, deno: Path, mirror: Path | None, progress: Progress) -> None:
    with staged(folder) as staging:
        if mirror is not None and all((mirror / name).is_file() for name in FILES):
            _take(mirror, staging)
        else:
            progress(f"fetching Pyodide {VERSION}")
            _fetch(deno, staging)
        progress("making the snapshot of Pyodide")
        make_snapshot(deno, staging)
        write_manifest(staging)


def _fetch(deno: Path, target: Path) -> None:
    """Have Deno fetch the package into a folder of its own, and take the files from there."""
    store = target / "fetched"
    # Through `env`, for tools inherit our environment; the registry's address comes from there, too.
    command = ("env", f"DENO_DIR={store}", deno, "cache", "--quiet", "--no-config", "--no-lock")
    try:
        run_tool((*command, f"npm:pyodide@{VERSION}"), timeout_seconds=_FETCH_SECONDS, cwd=target)
    except ToolError as error:
        raise RuntimeUnavailableError(
            f"Pyodide cannot be fetched: {error}",
            hint="repeat with a network, or with `--pyodide-from` and a folder that has the distribution",
        ) from error
    found = next(store.glob(f"npm/**/pyodide/{VERSION}/pyodide.mjs"), None)
    if found is None:
        raise RuntimeUnavailableError(f"Deno did not fetch Pyodide {VERSION}", hint="repeat `isorun setup`")
    _take(found.parent, target)
    shutil.rmtree(store)


def _take(source: Path, target: Path) -> None:
    """Copy the files of the distribution, each of which must be the pinned one."""
    for name, expected in FILES.items():
        with writing(target):
            shutil.copyfile(source / name, target / name)
        if digest_of(target / name) != expected:
            raise RuntimeUnavailableError(
                f"`{name}` of Pyodide {VERSION} is not the file that this version of isorun knows",
                hint="fetch it from another place with `--pyodide-from`",
            )
