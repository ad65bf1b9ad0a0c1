"""Burn cpu in short-lived children, none of which reaches a limit of its own.

rows = [27]
status = "timeout"
reason = "cpu-limit"
limits = { cpu-seconds = 0.5, wall-seconds = 20 }
"""

import os

while True:
    child = os.fork()
    if child == 0:
        sum(range(200_000))
        os._exit(0)
    os.waitpid(child, 0)
