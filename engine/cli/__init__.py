"""The `isorun` command: the composition root, and the one place where errors become exit codes."""

import sys

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._thin import Own

__all__ = ["main"]


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run one command and return its exit code."""
    # All imports are late: what the background engine does for us needs next to none.
    from ._thin import Own, delegate, leave

    given = sys.argv[1:] if argv is None else argv
    try:
        code = delegate(given)
    except Own as answer:
        own = answer
    else:
        return code if argv is not None else leave(code)
    return _main(given, own)  # not while the answer is being handled: errors would tell of it


def _main(argv: "Sequence[str]", own: "Own") -> int:
    """Run one command in this process."""
    from . import _exit
    from ._errors import report
    from ._parser import parse, wants_json
    from ._standard import ensure_open, say

    ensure_open()
    if own.note:
        say(f"note: {own.note}")
    try:
        arguments = parse(argv)
        arguments.shared = own.shared
        code: int = arguments.run(arguments)
    except BrokenPipeError:
        return _exit.BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:  # the edge of the process: nothing above would report it
        return report(error, as_json=wants_json(argv))
    return code
