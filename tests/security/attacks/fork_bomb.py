"""Fork without end.

rows = [23]
status = "pids"
limits = { pids = 16, wall-seconds = 10 }
"""

import os
import time

while True:
    if os.fork() == 0:
        time.sleep(60)
