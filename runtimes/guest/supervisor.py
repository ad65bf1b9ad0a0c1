"""Process 1 in the jail: starts the runner, reaps, and says how it ended.

It runs no user code and shares no descriptor with it: the runner closes the control socket first. Signals
from inside its pid namespace do not reach it, and its memory is closed to others because its executable is
not readable. When it exits, the kernel kills everything that is left in the namespace.
"""

import _signal  # type: ignore[import-not-found]
import os
import sys

#: Descriptors by which the jail is started.
CONTROL = 3
REPORT = 4
_PR_SET_DUMPABLE = 4


def main() -> None:
    """Fork the runner, wait for its end, write its wait status."""
    # A Python-level handler would let a signal from inside interrupt the wait below.
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    _close_memory()
    runner = os.fork()
    if runner == 0:
        sys.path.insert(0, "/opt/isorun")
        import runner as code  # type: ignore[import-not-found]  # only the child needs it

        code.main(CONTROL, REPORT)
    # Nobody must wait for output because of us.
    os.closerange(0, CONTROL)
    os.closerange(CONTROL + 1, 256)
    payload = b'{"kind":"exit","wait_status":%d}' % _wait_for(runner)
    os.write(CONTROL, len(payload).to_bytes(4, "big") + payload)
    os._exit(0)


def _close_memory() -> None:
    """See that no other process can reach our memory, and later the runner's.

    It is so already if the interpreter's file is unreadable for us. A user who built the guest environment
    owns that file; then the kernel has to be asked.
    """
    if os.stat("/proc/self/mem").st_uid == os.getuid():
        import ctypes  # costs milliseconds, so only where it is needed

        if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            os._exit(125)


def _wait_for(runner: int) -> int:
    while True:
        pid, status = os.wait()
        if pid == runner:
            return status


main()
