"""Take memory in many processes, each modest.

rows = [24]
status = "memory"
limits = { memory-mib = 96, pids = 32 }
"""

import os
import sys
import time

for _ in range(16):
    if os.fork() == 0:
        held = bytearray(b"x") * (12 << 20)
        time.sleep(20)
        os._exit(len(held) & 1)
sys.exit(os.wait()[1] and "a child was killed")
