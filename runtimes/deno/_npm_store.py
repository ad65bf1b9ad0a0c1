"""Making Deno's cache of npm packages good for use without a network.

Deno resolves an import against the versions that the registry has had when it was asked. Offline, only those
help that have been fetched, so the lists are cut down to them: `npm:chalk` is then the newest that is there.
"""

import shutil
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ._builtins import BUILTIN_IMPORTS
from ._npm import IMPORT_MAP
from ._npm_request import NpmRequest

#: Deno names the folder after the registry. Sandboxes know no other than the public one.
_REGISTRY = "registry.npmjs.org"
_LISTING = "registry.json"


class _Lock(msgspec.Struct):
    """What matters of Deno's lock file.

    Attributes:
        specifiers: `npm:name@range` -> version, with what it was resolved against after an underscore.
        npm: `name@version` of everything, likewise.
    """

    specifiers: dict[str, str] = {}
    npm: dict[str, msgspec.Raw] = {}


def locked_versions(lock: Path, requests: Iterable[NpmRequest]) -> dict[str, str]:
    """Return what each request stands for according to a lock file, by its text."""
    specifiers = _read(lock).specifiers
    return {str(request): _plain(specifiers[f"npm:{request}"]) for request in requests}


def finish_store(store: Path, lock: Path, versions: Mapping[str, str], earlier: Path | None) -> None:
    """Leave in a store what sandboxes need, and add the import map.

    Args:
        store: What Deno has filled.
        lock: The lock file that it wrote.
        versions: What each request stands for.
        earlier: Store that the lock file is partly from; Deno does not ask again for what that has.
    """
    _give_public_name(store)
    for name, kept in _packages(lock).items():
        listing = store / "npm" / _REGISTRY / name / _LISTING
        _cut(listing, kept, None if earlier is None else earlier / listing.relative_to(store))
    (store / IMPORT_MAP).write_bytes(msgspec.json.encode({"imports": _imports(versions)}))


def listings(store: Path) -> list[Path]:
    """Return the lists of versions in a store, one for each package."""
    return [path for registry in (store / "npm").iterdir() for path in _listings_below(registry)]


def _listings_below(registry: Path) -> list[Path]:
    return [*registry.glob(f"[!@]*/{_LISTING}"), *registry.glob(f"@*/*/{_LISTING}")]


def remove_databases(store: Path) -> None:
    """Remove what Deno has written beside the packages, and cannot use when it is read-only."""
    for entry in store.iterdir():
        if entry.name not in ("npm", IMPORT_MAP):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _give_public_name(store: Path) -> None:
    """Move packages of other registries to where a sandbox looks for all of them."""
    for registry in sorted((store / "npm").iterdir()):
        if registry.is_dir() and registry.name != _REGISTRY:
            for listing in _listings_below(registry):
                _move(listing.parent, store / "npm" / _REGISTRY / listing.parent.relative_to(registry))
            shutil.rmtree(registry)


def _move(package: Path, place: Path) -> None:
    if place.exists():
        shutil.rmtree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    package.rename(place)


def _packages(lock: Path) -> dict[str, set[str]]:
    """Return the versions in a lock file, those for other systems too: they need to be known, not there."""
    found = defaultdict[str, set[str]](set)
    for key in _read(lock).npm:
        name, version = _split(key)
        found[name].add(version)
    return found


def _cut(listing: Path, kept: set[str], earlier: Path | None) -> None:
    """Keep the versions that are there, and what else Deno has noted: without that it asks anew."""
    before, after = _read_listing(earlier), _read_listing(listing)
    known = before.get("versions", {}) | after.get("versions", {})
    versions = {version: known[version] for version in sorted(kept)}
    tags = {"latest": max(versions, key=_order)} | _tags_of(after, versions)
    notes = {key: value for key, value in (before | after).items() if key != "time"}
    listing.parent.mkdir(parents=True, exist_ok=True)
    listing.write_bytes(msgspec.json.encode({**notes, "versions": versions, "dist-tags": tags}))


def _read_listing(listing: Path | None) -> dict[str, Any]:
    if listing is None or not listing.is_file():
        return {}
    content: dict[str, Any] = msgspec.json.decode(listing.read_bytes())
    return content


def _tags_of(listing: Mapping[str, Any], versions: Container[str]) -> dict[str, str]:
    """Return the tags of versions that are there."""
    return {tag: version for tag, version in listing.get("dist-tags", {}).items() if version in versions}


def _imports(versions: Mapping[str, str]) -> dict[str, str]:
    """Map bare names to packages; of several versions of one, the last that was asked for has the name."""
    imports = dict[str, str]()
    for request, version in versions.items():
        name, _ = _split(request)
        imports[name] = f"npm:{name}@{version}"
        imports[f"{name}/"] = f"npm:/{name}@{version}/"
    return {**imports, **BUILTIN_IMPORTS}


def _split(key: str) -> tuple[str, str]:
    """Split `name@version`, where the name may begin with `@`."""
    at = key.index("@", 1)
    return key[:at], _plain(key[at + 1 :])


def _plain(version: str) -> str:
    return version.split("_", 1)[0]


def _order(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Order versions: by their numbers, and a release after its candidates."""
    core, _, rest = version.split("+")[0].partition("-")
    return tuple(int(part) for part in core.split(".")), not rest, rest


def _read(lock: Path) -> _Lock:
    return msgspec.json.decode(lock.read_bytes(), type=_Lock)
