"""Run a Python program as `__main__`, then report what it says about itself.

Everything here shares a process with user code: what it writes to the report pipe is the program's word.
"""

from __future__ import annotations

import _ast
import atexit
import builtins
import os
import sys
from _sitebuiltins import Quitter

import report as reports  # type: ignore[import-not-found]

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from types import CodeType, ModuleType, TracebackType
    from typing import Any, NoReturn

_MAX_TRACEBACK = 64 * 1024
_MAX_MESSAGE = 8 * 1024


def run(source: str, code: bytes, args: list[str], packages: str | None, live: bool, pipe: int) -> NoReturn:
    """Execute, print what Python would print, write one report, and exit as Python would.

    Args:
        source: Path of the file that holds `code`.
        code: The program as bytes; its encoding declaration counts.
        args: `sys.argv` after the path.
        packages: Folder of the environment's packages, or None.
        live: Flush at each line, because somebody is watching.
        pipe: Where the report goes.
    """
    own = os.getpid()
    for name in ("program", "report"):
        sys.modules.pop(name, None)  # the program may bring modules of these names
    main = _main_module(source)
    _prepare_interpreter(source, args, packages, live)
    outcome: dict[str, Any] = {}
    status = 0
    try:
        outcome["value"] = _execute(code, source, main.__dict__)
    except SystemExit as stop:
        status = _exit_status(stop)
    except BaseException as error:
        status = 1
        outcome["error"] = _describe(error, source)
    if os.getpid() != own:
        pipe = -1  # a forked copy of the program does not speak for it
    _leave(status, outcome, main.__dict__, pipe)


def _main_module(source: str) -> ModuleType:
    main = type(sys)("__main__")
    main.__file__ = source
    main.__builtins__ = builtins  # type: ignore[attr-defined]
    sys.modules["__main__"] = main
    return main


def _prepare_interpreter(source: str, args: list[str], packages: str | None, live: bool) -> None:
    """Give the program what `site` would have given it; `site` itself costs milliseconds."""
    builtins.exit = Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.quit = Quitter("quit", "Ctrl-D (i.e. EOF)")
    sys.argv = [source, *args]
    sys.path[0] = os.getcwd()
    if packages is not None and packages not in sys.path:
        sys.path.append(packages)
    if live:
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _execute(code: bytes, source: str, names: dict[str, Any]) -> Any:
    """Run the program; return its last expression, or its variable `result`."""
    tree: Any = compile(code, source, "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
    last = None
    if tree.body and isinstance(tree.body[-1], _ast.Expr):
        last = compile(_ast.Expression(tree.body.pop().value), source, "eval", dont_inherit=True)
    body: CodeType = compile(tree, source, "exec", dont_inherit=True)
    del tree, code
    exec(body, names)
    value = eval(last, names) if last is not None else None  # noqa: S307
    return names.get("result") if value is None else value


def _exit_status(stop: SystemExit) -> int:
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF
    print(stop.code, file=sys.stderr)
    return 1


def _describe(error: BaseException, source: str) -> dict[str, Any]:
    """Print the traceback without our own frames, and return the same as data."""
    own_frames = _program_frames(error.__traceback__, source)
    error.__traceback__ = own_frames
    text = _formatted(error)
    _print_error(error, own_frames, text)
    module = error.name if isinstance(error, ModuleNotFoundError) else None
    return {
        "type": type(error).__name__[:200],
        "message": _text_of(error)[:_MAX_MESSAGE],
        "traceback": text[-_MAX_TRACEBACK:],
        "line": _line(error, own_frames, source),
        "module": module if isinstance(module, str) else None,
    }


def _program_frames(trace: TracebackType | None, source: str) -> TracebackType | None:
    """Skip to the first frame of the program; a syntax error has none."""
    while trace is not None and trace.tb_frame.f_code.co_filename != source:
        trace = trace.tb_next
    return trace


def _formatted(error: BaseException) -> str:
    try:
        import traceback

        return "".join(traceback.format_exception(error))
    except BaseException:
        # An exception may raise when it is printed, or leave no memory to print it.
        return f"{type(error).__name__}\n"


def _print_error(error: BaseException, trace: TracebackType | None, text: str) -> None:
    try:
        if sys.excepthook is sys.__excepthook__:
            sys.stdout.flush()
            sys.stderr.write(text)
        else:
            sys.excepthook(type(error), error, trace)
    except BaseException:
        os.write(2, text.encode("utf-8", "backslashreplace")[-_MAX_TRACEBACK:])


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return ""


def _line(error: BaseException, trace: TracebackType | None, source: str) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == source:
        return error.lineno
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == source:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _report(outcome: dict[str, Any], names: dict[str, Any], pipe: int) -> None:
    try:
        if "value" not in outcome:
            outcome["value"] = names.get("result")
        reports.write(pipe, outcome)
    except BaseException as error:
        # The program is over and its exit status known; a report that cannot be made is left out.
        os.write(2, f"isorun: no report: {type(error).__name__}\n".encode())


def _save_figures() -> None:
    """Save figures that the program left open as `figure-<number>.png`."""
    from matplotlib import pyplot  # type: ignore[import-not-found]

    for number in pyplot.get_fignums():
        name = f"figure-{number}.png"
        try:
            if not os.path.exists(name):
                pyplot.figure(number).savefig(name)
        except Exception as error:  # a figure that cannot be drawn is not a failure of the program
            print(f"isorun: {name} cannot be saved: {type(error).__name__}: {error}", file=sys.stderr)


def _leave(status: int, outcome: dict[str, Any], names: dict[str, Any], pipe: int) -> NoReturn:
    """Do what an exiting interpreter does for the program, without tearing the interpreter down."""
    try:
        if "matplotlib.pyplot" in sys.modules and pipe >= 0:
            _save_figures()
        if "threading" in sys.modules:
            sys.modules["threading"]._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        status = status or 120  # what Python uses when flushing fails
    if pipe >= 0:
        _report(outcome, names, pipe)
    os._exit(status)
