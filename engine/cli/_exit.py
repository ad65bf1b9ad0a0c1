"""Exit codes, the whole set; `docs/cli.md` explains them."""

import signal

OK = 0
PROGRAM_FAILED = 1
USAGE = 2
LIMIT = 3
HOST_FAILURE = 4
#: The reader of our stdout went away: what a shell reports for a tool that SIGPIPE ended.
BROKEN_PIPE = 128 + signal.SIGPIPE

_BY_STATUS = {
    "ok": OK,
    "error": PROGRAM_FAILED,
    "crashed": PROGRAM_FAILED,
    "timeout": LIMIT,
    "memory": LIMIT,
    "output": LIMIT,
    "pids": LIMIT,
    "disk": LIMIT,
    "denied": LIMIT,
    # Somebody else ended the run, with `isorun kill`: after a signal the code is 128 + signal.
    "cancelled": HOST_FAILURE,
}


def of_status(status: str) -> int:
    """Return the exit code for the end of a run, an `engine.Status`."""
    return _BY_STATUS[status]


def of_signal(number: int) -> int:
    """Return what a shell reports for a tool that this signal ended."""
    return 128 + number
