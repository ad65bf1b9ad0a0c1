"""Fork without end in every child, ignoring refusals.

rows = [23, 28]
status = "timeout"
limits = { pids = 16, wall-seconds = 1 }
"""

import os
import signal

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
while True:
    try:
        os.fork()
        os.setsid()
    except OSError:
        pass
