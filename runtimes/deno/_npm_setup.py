"""Fetching npm packages: by Deno itself, once, for use without a network."""

import json
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine._exceptions import ConfigError, RuntimeUnavailableError
from engine._process import ToolError, run_tool
from runtimes.environments._staging import Progress, size_of, staged, writing

from ._npm import CURRENT, IMPORT_MAP, MANIFEST, NpmPackages, find_npm, npm_folder
from ._npm_request import NpmRequest
from ._npm_store import finish_store, listings, locked_versions, remove_databases

_FETCH_SECONDS = 900.0
_LOCK = "deno.lock"
#: How Deno begins when the registry has answered that there is no such thing.
_UNKNOWN = ("does not exist", "Could not find", "Invalid package specifier")


def ensure_npm(cache: Path, deno: Path, names: Sequence[str], progress: Progress) -> NpmPackages | None:
    """Fetch packages with what they need, beside those of earlier calls. The caller holds the cache's lock.

    What was fetched earlier keeps its version. Code of a package is not run.

    Args:
        cache: Where it all goes.
        deno: The binary.
        names: Packages, as `NpmRequest.parse` takes them.
        progress: Gets one line before each step that takes long.

    Returns:
        What programs have from now on; None if there never was anything.

    Raises:
        ConfigError: A name is none, or the registry does not know it.
        RuntimeUnavailableError: Something cannot be fetched; the earlier packages stay.
    """
    before = find_npm(cache)
    requests = [NpmRequest.parse(name) for name in names]
    known = {} if before is None else before.requested
    new = [request for request in dict.fromkeys(requests) if str(request) not in known]
    if not new:
        return before
    progress(f"fetching npm packages: {', '.join(map(str, new))}")
    folder = npm_folder(cache)
    layer = secrets.token_hex(8)
    with staged(folder / layer) as staging:
        _build(staging, before, [*map(NpmRequest.parse, known), *new], deno)
    _point(folder, layer)
    return find_npm(cache)


def _build(staging: Path, before: NpmPackages | None, requests: Sequence[NpmRequest], deno: Path) -> None:
    store, lock = staging / "store", staging / _LOCK
    store.mkdir()
    if before is not None:
        _take_over(before, store, lock)
    wanted = [f"npm:{request}" for request in requests]
    _run_deno(deno, store, ("cache", f"--lock={lock}", "--frozen=false", *wanted))
    versions = locked_versions(lock, requests)
    finish_store(store, lock, versions, None if before is None else before.store)
    _prove(deno, store, wanted)
    remove_databases(store)
    manifest = NpmPackages(requested=versions, bytes=size_of(store))
    (staging / MANIFEST).write_bytes(msgspec.json.encode(manifest))


def _take_over(before: NpmPackages, store: Path, lock: Path) -> None:
    """Begin with what is there. Files of packages are linked, for nobody ever writes to one.

    Without the lists of versions, so that new packages are resolved against the newest.
    """
    shutil.copytree(before.store / "npm", store / "npm", symlinks=True, copy_function=os.link)
    for listing in listings(store):
        listing.unlink()
    shutil.copyfile(Path(before.folder) / _LOCK, lock)


def _prove(deno: Path, store: Path, wanted: Sequence[str]) -> None:
    """Resolve all once more as sandboxes will, without running any: what is missing must be noticed here."""
    module = store.parent / "proof.js"
    module.write_text("".join(f"import {json.dumps(name)};\n" for name in wanted), encoding="utf-8")
    flags = ("--no-lock", "--no-remote", "--cached-only", f"--import-map={store / IMPORT_MAP}")
    # No settings of the user for other registries either: a sandbox has none.
    settings = ("NPM_CONFIG_REGISTRY=https://registry.npmjs.org", f"HOME={store.parent}")
    _run_deno(deno, store, ("check", *flags, module), settings)
    module.unlink()


def _run_deno(deno: Path, store: Path, arguments: Sequence[str | Path], settings: Sequence[str] = ()) -> None:
    # Through `env`, for tools inherit our environment: the registry and the proxy are configured there.
    subcommand, *rest = arguments
    own = (f"DENO_DIR={store}", "NO_COLOR=1", "DENO_NO_UPDATE_CHECK=1", "RUST_BACKTRACE=0")
    command: list[str | Path] = ["env", *own, *settings, deno, subcommand, "--quiet", "--no-config", *rest]
    try:
        run_tool(command, timeout_seconds=_FETCH_SECONDS, cwd=store.parent)
    except ToolError as error:
        if any(words in str(error) for words in _UNKNOWN):
            raise ConfigError(
                f"npm packages cannot be fetched: {error}", hint="correct the name or the version"
            ) from error
        raise RuntimeUnavailableError(
            f"npm packages cannot be fetched: {error}",
            hint="repeat with a network; what was fetched earlier stays usable",
        ) from error


def _point(folder: Path, layer: str) -> None:
    """Switch `current` in one step, so that a reader finds the old or the new packages, never none."""
    link = folder / f".{CURRENT}"
    with writing(folder):
        link.unlink(missing_ok=True)
        link.symlink_to(layer)
        link.rename(folder / CURRENT)
