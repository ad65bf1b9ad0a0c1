"""Starve process 1 of cpu, processes and attention.

rows = [50]
status = "timeout"
limits = { wall-seconds = 1, cpu-seconds = 20, pids = 24 }
"""

import os

while True:
    try:
        if os.fork() == 0:
            continue
        if os.fork() == 0:
            os._exit(0)
        os.waitpid(-1, os.WNOHANG)
    except OSError:
        pass
