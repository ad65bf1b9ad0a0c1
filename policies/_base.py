"""The base of every configuration struct, in `policies` because `engine` builds on it too."""

import msgspec


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Frozen configuration with kebab-case keys; unknown keys are errors.

    Constructors check nothing that is declared in types, so values from outside always go through
    `msgspec.convert`.
    """


class PolicyError(ValueError):
    """A policy is malformed, contradictory or wider than it may be; the message names file and key."""

    def __init__(self, message: str, *, source: str = "policy", key: str = "", hint: str = "") -> None:
        self.message = message
        self.source = source
        self.key = key
        self.hint = hint
        where = f"{source}: `{key}`" if key else source
        super().__init__(f"{where}: {message}")
