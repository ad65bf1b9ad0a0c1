"""Compiler flags: what a policy allows, a program may ask for."""

from collections.abc import Sequence

from engine import ConfigError


def check_flags(flags: Sequence[str], allowed: Sequence[str]) -> None:
    """See that each flag is on the list; a pattern with `*` at its end allows whatever begins so.

    Raises:
        ConfigError: One is not.
    """
    for flag in flags:
        if not any(_matches(flag, pattern) for pattern in allowed):
            raise ConfigError(
                f"the policy does not allow the compiler flag `{flag[:80]}`",
                hint=f"allowed by `compile.flags`: {', '.join(allowed) or 'none'}",
            )


def _matches(flag: str, pattern: str) -> bool:
    return flag.startswith(pattern[:-1]) if pattern.endswith("*") else flag == pattern
