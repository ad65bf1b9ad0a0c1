"""What an environment declares to be imported ahead of its programs, and which names can stand there."""

import keyword
from collections.abc import Collection, Sequence
from pathlib import Path

from engine._exceptions import ConfigError

from ._manifest import Recipe

#: What short programs import most; all of it is free of threads, files and sockets at import.
COMMON_MODULES = (
    "collections",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "fractions",
    "functools",
    "heapq",
    "io",
    "itertools",
    "json",
    "math",
    "random",
    "re",
    "statistics",
    "string",
    "typing",
)
#: The list is sent to every process that preloads it: far more than anyone's programs share, and still small.
MAX_NAMES = 64
MAX_NAME_CHARACTERS = 200
_HINT = "name modules as `import` does, for example `numpy` or `scipy.stats`"


def declared(names: Sequence[str]) -> tuple[str, ...]:
    """Return what to preload for a user who asks for `names`: the common modules, then those, each once.

    Raises:
        ConfigError: There are too many, or one cannot be the name of a module.
    """
    if len(names) > MAX_NAMES:
        raise ConfigError(
            f"{len(names)} modules to preload are more than {MAX_NAMES}",
            hint="name what most programs import; the rest is imported when a program asks for it",
        )
    for name in names:
        _check(name)
    return tuple(dict.fromkeys((*COMMON_MODULES, *names)))


def check_offered(recipe: Recipe, modules: Collection[str], packages: Path) -> None:
    """See that an environment has the top-level package of each module that it is to preload.

    Args:
        recipe: Of the environment.
        modules: Its importable top-level names.
        packages: Folder of its packages; any folder in there can be imported as a namespace.

    Raises:
        ConfigError: It lacks one.
    """
    tops = {name: name.partition(".")[0] for name in recipe.preload}
    missing = [name for name, top in tops.items() if top not in modules and not (packages / top).is_dir()]
    if not missing:
        return
    raise ConfigError(
        f"{', '.join(f'`{name}`' for name in missing)} {'is' if len(missing) == 1 else 'are'} "
        f"not in environment `{recipe.name}`",
        hint=f"repeat `isorun env add {recipe.name}` with that package, or without preloading the module",
    )


def _check(name: str) -> None:
    if len(name) > MAX_NAME_CHARACTERS:
        raise ConfigError(
            f"`{name[:80]}...` is longer than {MAX_NAME_CHARACTERS} characters, so it is not preloaded",
            hint=_HINT,
        )
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split(".")):
        raise ConfigError(f"`{name[:80]}` is not the name of a module to preload", hint=_HINT)
