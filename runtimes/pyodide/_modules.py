"""Which modules a program on Pyodide finds, and which of them cannot do their work there. Pure."""

from collections.abc import Set as AbstractSet

from engine import Program
from runtimes.environments import find_imports

#: There is one process, with one thread.
_SIDE_BY_SIDE = frozenset({"concurrent", "multiprocessing", "pty", "subprocess", "threading"})


def objection(program: Program, modules: AbstractSet[str]) -> str | None:
    """Say why a program is better off with a native interpreter; None when there is no reason.

    Args:
        program: In Python.
        modules: Those that can be imported: of the standard library, and of packages.
    """
    imports = find_imports(program.code)
    unable = sorted(imports & _SIDE_BY_SIDE)
    if unable:
        return f"cannot start threads or processes, as a program with `{unable[0]}` may want"
    missing = sorted(imports - modules - _own(program))
    return f"lacks the module `{missing[0]}`" if missing else None


def _own(program: Program) -> set[str]:
    """Return the modules that come as input files."""
    return {file.name.partition("/")[0].removesuffix(".py") for file in program.files}
