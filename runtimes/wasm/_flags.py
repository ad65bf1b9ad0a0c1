"""Compiler flags: what a policy allows, a program may ask for."""

from collections.abc import Sequence

from engine import ConfigError
from policies import allows_flag


def check_flags(flags: Sequence[str], allowed: Sequence[str]) -> None:
    """See that each flag is on the list.

    Raises:
        ConfigError: One is not.
    """
    for flag in flags:
        if not allows_flag(allowed, flag):
            raise ConfigError(
                f"the policy does not allow the compiler flag `{flag[:80]}`",
                hint=f"allowed by `compile.flags`: {', '.join(allowed) or 'none'}",
            )
