"""The Python side of a Pyodide sandbox: part of the memory snapshot, so nothing here is loaded at a start."""

from __future__ import annotations

import os
import random
import sys
import traceback  # noqa: F401  # at hand for a program that fails

import program  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    type Leave = Callable[[int], object]

_PACKAGES = "/opt/packages"
_OWN_MODULES = ("pyodide_guest", "program", "report")


def rehearse(
    source: str, code: Any, args: Sequence[str], env: Mapping[str, str], live: bool, report: int, leave: Leave
) -> None:
    """Do with a trusted program what `run` does, but return: the machine code for it is then there."""
    path = list(sys.path)
    _prepare(env, leave)
    names = program._main_module(source).__dict__
    program._prepare_interpreter(source, list(args), _packages(), live)
    value = program._execute(code.to_bytes(), source, names)
    try:
        program._execute(b"1 / 0", source, {})
    except ZeroDivisionError as error:
        program._formatted(error)
    sys.stdout.flush()
    sys.stderr.flush()
    program._report({"value": value}, names, report)
    sys.path[:] = path


def run(
    source: str, code: Any, args: Sequence[str], env: Mapping[str, str], live: bool, report: int, leave: Leave
) -> None:
    """Become the program, as the runner of the native tier does. Does not return.

    Args:
        source: Path of the file that holds `code`.
        code: The program, as a JavaScript buffer.
        args: `sys.argv` after the path.
        env: All of the environment.
        live: Flush at each line, because somebody is watching.
        report: Descriptor for what the program says about itself.
        leave: Ends the process with an exit status; does not return.
    """
    _prepare(env, leave)
    for name in _OWN_MODULES:
        sys.modules.pop(name, None)
    program.run(source, code.to_bytes(), list(args), _packages(), live, report)


def _prepare(env: Mapping[str, str], leave: Leave) -> None:
    """Replace what the snapshot froze for all sandboxes alike."""
    os._exit = leave  # type: ignore[assignment]
    os.environ.clear()
    os.environ.update(env)
    sys.path[:] = ["", *(path for path in sys.path if path)]
    # As in a locale that is nothing but UTF-8: bytes that are not text pass through.
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    random.seed()


def _packages() -> str | None:
    return _PACKAGES if os.path.isdir(_PACKAGES) else None
