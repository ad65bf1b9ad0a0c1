"""Crash, to leave a dump of memory.

rows = [7]
status = "crashed"
reason = "signal"
"""

import os
import resource
import signal

assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
os.kill(os.getpid(), signal.SIGSEGV)
