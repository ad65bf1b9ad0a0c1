"""What to do about a result, when this runtime knows. Pure."""

import re

from engine import Result
from runtimes.jails import limit_hint

# The name comes from the program; it is repeated only if it can be a module's.
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def hint_for(result: Result) -> str | None:
    """Return one sentence of advice, or None."""
    module = None if result.error is None else result.error.module
    if module is None:
        return limit_hint(result)
    name = module.partition(".")[0]
    if not _MODULE.fullmatch(name):
        return None
    return (
        f"module `{name}` is not set up for Pyodide: `isorun setup --pyodide {name}` adds a package of that "
        f"name, or run the program in the native tier"
    )
