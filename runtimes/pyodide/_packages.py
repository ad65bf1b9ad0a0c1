"""Packages for programs on Pyodide: fetched and unpacked at set-up, read-only and offline afterwards."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine import ConfigError, RuntimeUnavailableError
from runtimes.environments._modules import importable_names
from runtimes.environments._staging import Progress, size_of, staged, writing

from ._catalog import SETUP_HINT, LockedPackage, normalised, read_lock, with_dependencies
from ._fetch import fetch
from ._snapshot import run_trusted
from ._wheels import install_wheels, lock_wheels

_CURRENT = "current"
_MANIFEST = "manifest.json"
SITE = "site"


class Packages(msgspec.Struct, frozen=True, kw_only=True):
    """A finished set of packages.

    Attributes:
        hash: Its name.
        names: Normalised, as they were asked for.
        distribution: Files of the distribution in it, with their SHA-256.
        lock: Pinned requirements with hashes of what is from elsewhere.
        modules: Importable top-level names.
        bytes: Size on disk.
        folder: Where it lies, once read.
    """

    hash: str
    names: tuple[str, ...]
    distribution: dict[str, str]
    lock: str
    modules: tuple[str, ...]
    bytes: int
    folder: str = ""

    @property
    def site(self) -> Path:
        """The folder that programs import from."""
        return Path(self.folder) / SITE


def current_packages(root: Path) -> Packages | None:
    """Return the packages that programs have, or None.

    Raises:
        RuntimeUnavailableError: They are damaged.
    """
    folder = root / "packages" / _CURRENT
    if not folder.is_symlink():
        return None
    try:
        layer = folder.resolve(strict=True)
        packages = msgspec.json.decode((layer / _MANIFEST).read_bytes(), type=Packages)
    except (OSError, msgspec.DecodeError) as error:
        raise RuntimeUnavailableError(
            f"the packages for Pyodide are damaged: `{folder}` cannot be read", hint=SETUP_HINT
        ) from error
    return msgspec.structs.replace(packages, folder=str(layer))


def ensure_packages(
    root: Path,
    distribution: Path,
    names: Sequence[str],
    deno: Path,
    progress: Progress,
    *,
    mirror: Path | None,
) -> None:
    """Add packages to those that programs have. The caller holds the cache's lock.

    Args:
        root: Folder of everything that concerns Pyodide.
        distribution: With the list of the packages built for it.
        names: To add; what they need comes with them.
        deno: The binary.
        progress: Gets one line before each step that takes long.
        mirror: Folder of wheels and files of the distribution, in place of the network.

    Raises:
        ConfigError: A package cannot be had.
        RuntimeUnavailableError: It cannot be fetched or built; the earlier packages stay.
    """
    before = _names_before(root)
    wanted = tuple(sorted({*before, *map(normalised, names)}))
    if wanted == before:
        return
    lock = read_lock(distribution)
    others = [name for name in wanted if name not in lock.packages]
    progress(f"fetching packages for Pyodide: {', '.join(wanted)}")
    with writing(root):
        pins = lock_wheels(root, others, mirror) if others else ""
    locked = with_dependencies(lock, wanted)
    content = (distribution.name, pins, [(package.file_name, package.sha256) for package in locked])
    layer = hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]
    with staged(root / "packages" / layer) as staging:
        site, wheels = staging / SITE, staging / "wheels"
        site.mkdir()
        wheels.mkdir()
        for package in locked:
            _fetch(package, wheels, mirror)
        if pins:
            install_wheels(pins, site, mirror)
        progress("unpacking and compiling the packages for Pyodide")
        _install(deno, distribution, site, wheels)
        shutil.rmtree(wheels)
        manifest = Packages(
            hash=layer,
            names=wanted,
            distribution={package.file_name: package.sha256 for package in locked},
            lock=pins,
            modules=tuple(sorted(importable_names(site))),
            bytes=size_of(site),
        )
        (staging / _MANIFEST).write_bytes(msgspec.json.encode(manifest))
    _point(root / "packages", layer)


def _names_before(root: Path) -> tuple[str, ...]:
    try:
        packages = current_packages(root)
    except RuntimeUnavailableError:
        return ()  # what is damaged is built again from what is asked for
    return () if packages is None else packages.names


def _fetch(package: LockedPackage, wheels: Path, mirror: Path | None) -> None:
    if package.install_dir != SITE:
        raise ConfigError(
            f"package `{package.name}` is a shared library, which isorun does not load into Pyodide",
            hint="use the native tier for programs that need it",
        )
    fetch(package, wheels, mirror)


def _install(deno: Path, distribution: Path, site: Path, wheels: Path) -> None:
    """Unpack and compile in Pyodide: no archive is opened on the host."""
    arguments = (f"{distribution}/", str(site), str(wheels))
    run_trusted(deno, "pyodide_install.js", arguments, read=(distribution, wheels), write=site)


def _point(folder: Path, layer: str) -> None:
    """Switch `current` in one step, so that a reader finds the old or the new packages, never none."""
    link = folder / f".{_CURRENT}"
    with writing(folder):
        link.unlink(missing_ok=True)
        link.symlink_to(layer)
        link.rename(folder / _CURRENT)
