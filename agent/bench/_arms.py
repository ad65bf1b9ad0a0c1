"""The arms of a comparison: what an agent is, one means after the other."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from types import MappingProxyType

import msgspec

from agent._steps import AnyStep
from agent._task import Means, Route, Task
from engine import ConfigError

type Solver = Callable[[Task, Means], AsyncGenerator[AnyStep]]
"""`Agent.solve`: the last step is `Answered`."""

type Decide = Callable[[Task], Awaitable[Route]]
"""Decides between code and text, and solves nothing."""

_CODE = Means(
    route="code", check=False, repairs=0, samples=1, helpers=False, verify=False, edits=False, plan=False
)
_LINT = msgspec.structs.replace(_CODE, check=True)
# What has failed its public tests has to be seen to be repaired.
_REPAIR = msgspec.structs.replace(_LINT, repairs=2, verify=True)

#: Name -> means, each with one more than the arm before it.
ARMS = MappingProxyType(
    {
        "text": Means(route="text"),
        "code": _CODE,
        "lint": _LINT,
        "repair": _REPAIR,
        "vote": msgspec.structs.replace(_REPAIR, samples=5),
        "full": Means(),
    }
)
#: Measures the decision between code and text alone, on items that have its label.
ROUTING = "routing"


def chosen(names: Sequence[str], seed: int) -> dict[str, Means]:
    """Return the means of the named arms, of all if none is named.

    Raises:
        ConfigError: There is no such arm.
    """
    for name in names:
        if name not in ARMS:
            raise ConfigError(f"no arm named `{name}`", hint=f"there are: {', '.join(ARMS)}")
    return {name: msgspec.structs.replace(ARMS[name], seed=seed) for name in names or ARMS}
