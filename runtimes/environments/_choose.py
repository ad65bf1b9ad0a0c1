"""Which environment a program gets when it names none."""

from collections.abc import Iterable

from engine._exceptions import RuntimeUnavailableError

from ._environment import Environment
from ._layout import BASE, DATA, SETUP_HINT

_FIRST = (BASE, DATA)


def choose(environments: Iterable[Environment], imports: frozenset[str]) -> Environment:
    """Return the smallest environment with all of `imports`, or the one with most of them.

    The built-in ones come first, then the users' own by size.

    Raises:
        RuntimeUnavailableError: There is no environment at all.
    """
    ordered = sorted(environments, key=_order)
    if not ordered:
        raise RuntimeUnavailableError("no guest environment is set up", hint=SETUP_HINT)
    # `min` keeps the first of equals, which is the smallest.
    return min(ordered, key=lambda environment: len(imports - environment.modules))


def _order(environment: Environment) -> tuple[int, int, str]:
    name = environment.name
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), environment.bytes, name)
