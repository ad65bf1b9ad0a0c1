"""Guest environments: what a jailed program finds as its root, and the packages beside it.

Names are imported when they are first used: looking up an environment, which every run does, must not pay for
the modules that build one.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._add import add_environment
    from ._catalog import DATA_MODULES
    from ._choose import choose
    from ._environment import Environment, Listed, list_environments, load_environment
    from ._layout import GUEST_PACKAGES, GUEST_PYTHON, GUEST_TOOLS, checked_name
    from ._modules import find_imports
    from ._preload import preload_for
    from ._remove import prune, remove_environment
    from ._setup import is_outdated, setup
    from ._use import using

_MODULES = {
    "DATA_MODULES": "_catalog",
    "Environment": "_environment",
    "GUEST_PACKAGES": "_layout",
    "GUEST_PYTHON": "_layout",
    "GUEST_TOOLS": "_layout",
    "Listed": "_environment",
    "add_environment": "_add",
    "checked_name": "_layout",
    "choose": "_choose",
    "find_imports": "_modules",
    "is_outdated": "_setup",
    "list_environments": "_environment",
    "load_environment": "_environment",
    "preload_for": "_preload",
    "prune": "_remove",
    "remove_environment": "_remove",
    "setup": "_setup",
    "using": "_use",
}

__all__ = [
    "DATA_MODULES",
    "GUEST_PACKAGES",
    "GUEST_PYTHON",
    "GUEST_TOOLS",
    "Environment",
    "Listed",
    "add_environment",
    "checked_name",
    "choose",
    "find_imports",
    "is_outdated",
    "list_environments",
    "load_environment",
    "preload_for",
    "prune",
    "remove_environment",
    "setup",
    "using",
]


if not TYPE_CHECKING:  # a type checker sees the imports above, and complains about any other name

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
