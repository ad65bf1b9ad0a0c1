"""What to do about a result, when this runtime knows. Pure."""

import re
from collections.abc import Mapping

from engine import Result
from runtimes.environments import Environment
from runtimes.jails import limit_hint

# The name comes from the program; it is repeated only if it can be a module's.
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def hint_for(result: Result, environments: Mapping[str, Environment]) -> str | None:
    """Return one sentence of advice, or None."""
    if result.error is not None and result.error.module is not None:
        return _module_hint(result.error.module, result.isolation.environment, environments)
    return limit_hint(result)


def _module_hint(module: str, current: str | None, environments: Mapping[str, Environment]) -> str | None:
    name = module.partition(".")[0]
    if not _MODULE.fullmatch(name):
        return None
    having = [environment.name for environment in environments.values() if name in environment.modules]
    if having:
        return f"module `{name}` is in environment `{having[0]}`: use `--env-name {having[0]}`"
    known = "`isorun setup data` adds the data environment; " if "data" not in environments else ""
    return (
        f"no environment here has module `{name}` (used: `{current}`); {known}"
        f"`isorun env add NAME --requirements FILE` makes one that has it"
    )
