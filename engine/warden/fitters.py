"""The children of the warden that fit waiting jails to their runs (`fitting.py`): begun, heard, ended."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from engine.warden.child import close_all_but, die_with
from engine.warden.fitting import Fit, fit
from engine.warden.watcher import Watcher

_DONE = b"."
_MAX_WORDS = 1000


class Fitters:
    """At most one child for each ward at a time.

    Args:
        watcher: Tells when one has something to say.
        report: Called with the ward's number and what went wrong, which is empty if nothing did.
    """

    def __init__(self, watcher: Watcher, report: Callable[[int, str], None]) -> None:
        self._watcher = watcher
        self._report = report
        self._fitters: dict[int, _Fitter] = {}

    @property
    def pids(self) -> set[int]:
        """Of those at work; others are to be reaped."""
        return {fitter.pid for fitter in self._fitters.values()}

    def begin(self, number: int, namespace: int, wanted: Fit) -> None:
        """Fit the jail of a ward.

        Raises:
            OSError: There is no process for it.
        """
        fitter = self._fitters[number] = _Fitter(namespace, wanted)
        self._watcher.watch(fitter.fileno(), partial(self._hear, number))

    def end(self, number: int) -> bool:
        """Stop what is under way for a ward; return whether there was anything, which is to be reaped."""
        fitter = self._fitters.pop(number, None)
        if fitter is None:
            return False
        self._watcher.forget(fitter.fileno())
        fitter.end()
        return True

    def _hear(self, number: int) -> None:
        problem = self._fitters[number].problem()
        self.end(number)
        self._report(number, problem)


class _Fitter:
    """One child."""

    def __init__(self, namespace: int, wanted: Fit) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        warden = os.getpid()
        with theirs:
            self.pid = os.fork()
            if self.pid == 0:
                _work(theirs, warden, namespace, wanted)

    def fileno(self) -> int:
        """Return the number of the socket on which it says how it went."""
        return self._channel.fileno()

    def problem(self) -> str:
        """Return what went wrong; nothing if all went well."""
        said = self._channel.recv(_MAX_WORDS)
        return "" if said == _DONE else said.decode("utf-8", "replace") or "it was killed meanwhile"

    def end(self) -> None:
        """Kill it, if it has not ended. It is reaped by who reaps orphans: it may hang in the kernel."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._channel.close()


def _work(channel: socket.socket, warden: int, namespace: int, wanted: Fit) -> NoReturn:
    try:
        close_all_but(channel.fileno(), namespace)
        os.setpriority(os.PRIO_PROCESS, 0, 0)  # the warden's own is higher
        die_with(warden)
        fit(namespace, wanted)
        said = _DONE
    except OSError as error:
        place = "" if error.filename is None else f"`{error.filename}`: "
        said = f"{place}{error.strerror}".encode()
    except BaseException as error:
        said = f"{type(error).__name__}: {error}".encode()
    with contextlib.suppress(OSError):
        channel.send(said[:_MAX_WORDS])
    os._exit(0)
