"""Standard descriptors: that there are three, data to the second, and everything else to the third.

A background engine speaks to the descriptors of its clients instead: `speak_through` says how.
"""

import os
import sys
from contextvars import ContextVar

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Protocol

    class Outlet(Protocol):
        """Where a command line that runs on behalf of another process says what it has to say."""

        def data(self, text: str) -> None:
            """Pass data on to its stdout."""
            ...

        def say(self, line: str) -> None:
            """Pass a line on to its stderr."""
            ...


_outlet: "ContextVar[Outlet | None]" = ContextVar("outlet", default=None)


class OutputError(Exception):
    """What we have to say cannot be written."""


def speak_through(outlet: "Outlet") -> None:
    """Let the task that calls this, and those that it starts, speak through an outlet from now on."""
    _outlet.set(outlet)


def ensure_open() -> None:
    """Give closed standard descriptors a `/dev/null`.

    Else the next file that is opened would get the number, and what a program prints would go there.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(descriptor, "r" if descriptor == 0 else "w", closefd=False))


def write_data(text: str) -> None:
    """Write data to stdout at once; characters that its encoding lacks are escaped.

    Raises:
        BrokenPipeError: Nobody reads it any more.
        OutputError: It cannot be written, for example to a full disk.
    """
    outlet = _outlet.get()
    if outlet is not None:
        outlet.data(text)
        return
    try:
        sys.stdout.buffer.write(text.encode(sys.stdout.encoding, "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _abandon(1)
        raise
    except OSError as error:
        _abandon(1)
        raise OutputError(f"stdout cannot be written: {error.strerror}") from error


def say(line: str) -> None:
    """Write a line of text to stderr. If that cannot be, the exit code has to do."""
    outlet = _outlet.get()
    if outlet is not None:
        outlet.say(line)
        return
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _abandon(2)


def _abandon(descriptor: int) -> None:
    """Let the interpreter's last flush go nowhere; it would fail again and change the exit code."""
    null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(null, descriptor)
    os.close(null)
