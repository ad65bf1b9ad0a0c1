"""Send signals to one's group, to everybody, and to groups and threads by number.

rows = [12, 22]
"""

import os
import signal

from attempts import attempt, outcome, system_call


def reached(pid):
    """Whether a process that is not our own child exists for us."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


# The group is the program's own: whoever is in it was started by it.
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.kill(0, signal.SIGTERM)
os.killpg(0, signal.SIGTERM)
attempt("the group of another", lambda: os.getpgrp() != os.getpid())
attempt("the session of another", lambda: os.getsid(0) != os.getpid())
for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
    attempt(f"{number.name} to everybody", lambda number=number: os.kill(-1, number) is None)
for number in range(2, 64):
    if number != os.getpgrp():
        attempt(f"signal to group {number}", lambda number=number: os.killpg(number, signal.SIGKILL) is None)
for number in range(3, 400):
    attempt(f"process {number} exists", reached, number)
    attempt(f"thread {number}", lambda number=number: system_call(200, number, 0) == 0)
attempt("join the group of another", lambda: os.setpgid(0, 1) is None)
result = outcome()
