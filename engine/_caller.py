"""Who asks for a run: whose turn it takes, how pressing it is, and how long it may wait."""

import math
from typing import Literal

import msgspec

from ._exceptions import ConfigError

#: A name is a key of the line, and there is nothing to tell in more than this.
MAX_NAME = 200

type Priority = Literal["low", "normal", "high"]
"""Callers of a higher priority are served first; see `_turns.py` for what keeps the others alive."""

_PRIORITIES = ("low", "normal", "high")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for a run; those of one name share their turns, so that none of them pushes others aside.

    Nothing here is proven: whoever lets strangers call sets the name and the highest priority for them.

    Attributes:
        name: Of the client; empty for all that have none.
        priority: Which line it stands in.
        within_seconds: How soon its turn must come; None leaves it to `admission.wait-seconds`. A turn that
            by the estimate comes later is refused at once.

    Raises:
        ConfigError: A value is out of range.
    """

    name: str = ""
    priority: Priority = "normal"
    within_seconds: float | None = None

    def __post_init__(self) -> None:
        if len(self.name) > MAX_NAME:
            raise ConfigError(f"`name` of a caller has {len(self.name)} characters, more than {MAX_NAME}")
        if self.priority not in _PRIORITIES:
            raise ConfigError(f"`priority` must be one of {', '.join(_PRIORITIES)}, not {self.priority!r}")
        if self.within_seconds is not None and not 0 <= self.within_seconds < math.inf:
            raise ConfigError(f"`within_seconds` must be 0 or more, not {self.within_seconds}")


#: Whoever does not say who it is.
ANYBODY = Caller()
