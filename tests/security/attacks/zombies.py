"""Leave dead children unreaped, orphans too.

rows = [23]
status = "pids"
limits = { pids = 16, wall-seconds = 10 }
"""

import os

for _ in range(10_000):
    if os.fork() == 0:
        os._exit(0)
