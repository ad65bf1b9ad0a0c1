"""Guest environments: what a jailed program finds as its root, and the packages beside it."""

from ._choose import choose
from ._environment import Environment, Listed, list_environments, load_environment
from ._layout import GUEST_PACKAGES, GUEST_PYTHON, checked_name
from ._modules import find_imports
from ._setup import is_outdated, setup

__all__ = [
    "GUEST_PACKAGES",
    "GUEST_PYTHON",
    "Environment",
    "Listed",
    "checked_name",
    "choose",
    "find_imports",
    "is_outdated",
    "list_environments",
    "load_environment",
    "setup",
]
