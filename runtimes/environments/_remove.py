"""Removing environments and layers that nothing stands for, while no engine uses them."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine._exceptions import ConfigError, EngineError, RuntimeUnavailableError

from ._layout import (
    BASE,
    DATA,
    checked_name,
    environment_folder,
    environments_folder,
    interpreters_folder,
)
from ._manifest import CURRENT, current_layer, read_manifest
from ._staging import Progress, cache_lock, remove_leftovers, writing
from ._use import IN_USE


def remove_environment(cache: Path, name: str, progress: Progress) -> None:
    """Remove an environment of the user with all of its layers.

    Raises:
        ConfigError: There is no such environment, or it is a built-in one.
        RuntimeUnavailableError: An engine uses the cache.
    """
    checked_name(name)
    if name in (BASE, DATA):
        raise ConfigError(f"`{name}` is built in and cannot be removed")
    folder = environment_folder(cache, name)
    if not folder.is_dir():
        raise ConfigError(f"no environment `{name}`", hint="`isorun env list` shows what there is")
    with cache_lock(cache, progress), _unused(cache), writing(folder):
        # The name goes first: an interruption must not leave one that stands for half a layer.
        (folder / CURRENT).unlink(missing_ok=True)
        shutil.rmtree(folder)


def prune(cache: Path, progress: Progress) -> None:
    """Remove layers that no name stands for, and interpreters that no environment was built for.

    Raises:
        RuntimeUnavailableError: An engine uses the cache.
    """
    if not cache.is_dir():
        return
    with cache_lock(cache, progress), _unused(cache), writing(cache):
        kept: set[str] = set()
        for folder in _folders(environments_folder(cache)):
            kept |= _prune_layers(cache, folder, progress)
        _remove_all(interpreters_folder(cache), kept, progress)


def _prune_layers(cache: Path, folder: Path, progress: Progress) -> set[str]:
    """Return the interpreter layers that what is left of this environment needs."""
    layer = current_layer(cache, folder.name)
    _remove_all(folder, {layer} if layer else set(), progress)
    if layer is None:
        folder.rmdir()
        return set()
    try:
        return {read_manifest(cache, folder.name, layer).interpreter}
    except EngineError:
        return set()


def _remove_all(folder: Path, kept: set[str], progress: Progress) -> None:
    remove_leftovers(folder)
    for layer in _folders(folder):
        if layer.name not in kept:
            progress(f"removing `{layer}`")
            shutil.rmtree(layer)


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(entry for entry in parent.iterdir() if entry.is_dir() and not entry.is_symlink())


@contextmanager
def _unused(cache: Path) -> Iterator[None]:
    """See that no engine uses the cache, and keep new ones waiting until the block ends.

    Raises:
        RuntimeUnavailableError: An engine uses it.
    """
    with writing(cache):
        descriptor = os.open(cache / IN_USE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise RuntimeUnavailableError(
            f"`{cache}` is in use by a running engine", hint="repeat when no program is running"
        ) from error
    finally:
        os.close(descriptor)
