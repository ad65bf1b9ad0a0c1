"""Beside every attack as an input file: counts what was tried and names what got through."""

import ctypes
import os
import signal
from collections.abc import Callable
from typing import Any

tried: list[str] = []
escaped: list[str] = []
_libc = ctypes.CDLL(None, use_errno=True)


def attempt(name: str, call: Callable[..., Any], *arguments: Any) -> None:
    """Try one thing; it got through if the call returns something true."""
    tried.append(name)
    try:
        got = call(*arguments)
    except Exception:
        return
    if got:
        escaped.append(f"{name}: {got!r}"[:300])


def works(call: Callable[..., Any], *arguments: Any) -> bool:
    """Whether a call does not raise, for calls that return nothing."""
    call(*arguments)
    return True


def outcome() -> dict[str, Any]:
    """Return what the harness looks at."""
    return {"tried": len(tried), "escaped": escaped}


def system_call(number: int, *arguments: Any) -> int:
    """Make a raw system call; raises OSError as the kernel says."""
    value: int = _libc.syscall(ctypes.c_long(number), *map(_argument, arguments))
    if value == -1:
        raise OSError(ctypes.get_errno(), f"system call {number}")
    return value


def in_child(call: Callable[[], Any]) -> str:
    """Run a call in a child; return `done`, `refused`, or the name of the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if call() is not False else 1
        finally:
            os._exit(code)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return "done" if os.WEXITSTATUS(status) == 0 else "refused"


def survives(call: Callable[[], Any]) -> bool:
    """Whether a call works in a child, which a filter may kill."""
    return in_child(call) == "done"


def _argument(value: Any) -> Any:
    return ctypes.c_long(value) if isinstance(value, int) else value
