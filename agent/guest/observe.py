"""Say where a program failed and what its variables were, for the model that has to mend it.

Imported in the program's first line. It changes how an uncaught exception is printed, and nothing else; what it
prints are the program's own words.
"""

import sys

_MARK = "isorun-locals: "
_NAMES = 12
_CHARACTERS = 160


def _show(kind, error, trace):
    import traceback

    sys.stdout.flush()
    sys.stderr.write("".join(traceback.format_exception(kind, error, trace))[-4000:])
    frame = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == sys.modules["__main__"].__file__:
            frame = trace.tb_frame
        trace = trace.tb_next
    if frame is not None:
        sys.stderr.write(_MARK + _described(frame.f_locals) + "\n")


def _described(variables):
    shown = []
    for name, value in list(variables.items()):
        if name.startswith("_") or type(value).__name__ in (
            "module",
            "function",
            "type",
            "builtin_function_or_method",
        ):
            continue
        try:
            text = repr(value)
        except Exception as error:
            text = f"<{type(error).__name__} in repr>"
        shown.append(f"{name} = {text[:_CHARACTERS]}".replace("\n", " "))
    return "; ".join(shown[-_NAMES:])


sys.excepthook = _show
