"""Which modules a program on Pyodide finds, and which of them cannot do their work there. Pure."""

import sys
from collections.abc import Iterable

from engine import Program
from runtimes.environments import find_imports

#: Of the standard library, not in the distribution that `_catalog.py` pins: each was tried there.
_MISSING = frozenset(
    "curses dbm ensurepip grp idlelib msvcrt nt pwd readline resource syslog tkinter turtle turtledemo "
    "venv winreg winsound".split()
)
#: There is one process, with one thread.
_SIDE_BY_SIDE = frozenset({"concurrent", "multiprocessing", "pty", "subprocess", "threading"})


def objection(program: Program, packages: Iterable[str]) -> str | None:
    """Say why a program is better off with a native interpreter; None when there is no reason.

    Args:
        program: In Python.
        packages: Modules that were set up beside the standard library.
    """
    imports = find_imports(program.code)
    unable = sorted(imports & _SIDE_BY_SIDE)
    if unable:
        return f"cannot start threads or processes, as a program with `{unable[0]}` may want"
    missing = sorted(imports - (sys.stdlib_module_names - _MISSING) - set(packages) - _own(program))
    return f"lacks the module `{missing[0]}`" if missing else None


def _own(program: Program) -> set[str]:
    """Return the modules that come as input files."""
    return {file.name.partition("/")[0].removesuffix(".py") for file in program.files}
