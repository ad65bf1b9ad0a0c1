"""Make thousands of orphans, which process 1 must reap, or it would run out of processes.

rows = [23]
limits = { pids = 16, wall-seconds = 30 }
"""

import os

for _ in range(300):
    child = os.fork()
    if child == 0:
        os.fork()
        os._exit(0)
    os.waitpid(child, 0)
result = {"tried": 300, "escaped": []}
