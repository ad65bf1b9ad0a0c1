"""How much of what an environment declares a zygote imports for a program."""

import sys

from ._environment import Environment


def preload_for(environment: Environment, imports: frozenset[str]) -> tuple[str, ...]:
    """Return the shortest beginning of the environment's `preload` that has what a program imports.

    A fork costs the more, the more libraries are loaded, so a program that uses pandas alone should not pay
    for SciPy. If it is not clear what the program needs, it is everything.

    Args:
        environment: Of the program.
        imports: Top-level names that the program seems to import.
    """
    wanted = (imports - sys.stdlib_module_names) & environment.modules
    offered = [name.split(".")[0] for name in environment.preload]
    if not wanted or not wanted <= set(offered):
        return environment.preload
    last = max(index for index, name in enumerate(offered) if name in wanted)
    return environment.preload[: last + 1]
