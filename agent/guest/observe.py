"""Say where a program failed and what its variables were, for the model that has to mend it.

Imported in the first line of a program or of its tests. It changes how an uncaught exception is printed, in
the program's own words.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any

_LINE_MARK = "isorun-line: "
_MARK = "isorun-locals: "
_NAMES = 12
_CHARACTERS = 160
_MAX_TRACEBACK = 4_000
_UNSAID = ("module", "function", "type", "builtin_function_or_method")
_main = sys.modules["__main__"].__file__
#: Where the program stands: it is the main file itself, until that takes it as a module.
_program = _main


def take(names: dict[str, Any]) -> None:
    """Load the program that is tested into the names of the tests.

    The file of the tests is removed before, so that the program cannot read it.
    """
    global _program
    os.unlink(str(_main))
    _program = os.path.abspath("candidate.py")
    import candidate  # type: ignore[import-not-found]  # the program, beside the tests

    names.update(item for item in vars(candidate).items() if not item[0].startswith("__"))


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    import traceback  # late: only a failing program pays for it

    sys.stdout.flush()
    sys.stderr.write("".join(traceback.format_exception(kind, error, trace))[-_MAX_TRACEBACK:])
    frame, line = _last_frame(trace)
    if isinstance(error, SyntaxError) and error.filename == _program:
        line = error.lineno
    if line is not None and _program != _main:
        sys.stderr.write(f"\n{_LINE_MARK}{line}\n")
    if frame is not None:
        sys.stderr.write(f"\n{_MARK}{_described(frame.f_locals)}\n")


def _last_frame(trace: TracebackType | None) -> tuple[FrameType | None, int | None]:
    """Return the innermost frame of the program, and its line."""
    frame, line = None, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _program:
            frame, line = trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
    return frame, line


def _described(variables: dict[str, Any]) -> str:
    shown = []
    for name, value in list(variables.items()):
        if name.startswith("_") or type(value).__name__ in _UNSAID:
            continue
        try:
            text = repr(value)
        except Exception as error:
            text = f"<{type(error).__name__} in repr>"
        shown.append(f"{name} = {text[:_CHARACTERS]}".replace("\n", " "))
    return "; ".join(shown[-_NAMES:])


sys.excepthook = _show
