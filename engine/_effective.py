"""Which policy a run is under: what the caller named, within the engine's ceiling."""

from pathlib import Path

import policies
from policies import Policy

from ._exceptions import ConfigError

type PolicyLike = Policy | str | Path
"""A policy, the name of a preset, or the path of a TOML file (with a `/`, or ending in `.toml`)."""


class PolicySource:
    """Turns what callers pass as `policy` into the checked policy of a run.

    Args:
        default: Taken when a call names none; read once.
        ceiling: What no run may exceed.
    """

    def __init__(self, default: PolicyLike, ceiling: PolicyLike | None = None) -> None:
        self._ceiling = None if ceiling is None else _read(ceiling)
        self._presets: dict[str, Policy] = {}
        self._default = self._within(_read(default))

    def resolve(self, policy: PolicyLike | None) -> Policy:
        """Return the policy to enforce. A path is read each time, a preset once.

        Raises:
            PolicyError: It is malformed, unknown, or excludes what the ceiling requires.
        """
        if policy is None:
            return self._default
        if not isinstance(policy, str):
            return self._within(_read(policy))
        known = self._presets.get(policy)
        if known is not None:
            return known
        effective = self._within(_read(policy))
        if policy in policies.preset_names():
            self._presets[policy] = effective
        return effective

    def _within(self, policy: Policy) -> Policy:
        return policy if self._ceiling is None else policies.narrow(self._ceiling, policy)


def _read(policy: PolicyLike) -> Policy:
    match policy:
        case Policy():
            return policies.checked(policy)
        case str() | Path():
            return policies.load(policy)
        case _:
            kind = type(policy).__name__
            raise ConfigError(
                f"`policy` must be a `Policy`, a preset or a path, not `{kind}`",
                hint="presets: " + ", ".join(policies.preset_names()),
            )
