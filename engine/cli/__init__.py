"""The `isorun` command: the composition root, and the one place where errors become exit codes."""

import sys
from collections.abc import Sequence

from . import _exit
from ._errors import report
from ._parser import parse, wants_json
from ._standard import ensure_open

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    ensure_open()
    argv = sys.argv[1:] if argv is None else argv
    try:
        arguments = parse(argv)
        code: int = arguments.run(arguments)
    except BrokenPipeError:
        return _exit.BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:  # the edge of the process: nothing above would report it
        return report(error, as_json=wants_json(argv))
    return code
