"""Burn cpu in one process.

rows = [27]
status = "timeout"
reason = "cpu-limit"
limits = { cpu-seconds = 0.5, wall-seconds = 20 }
"""

while True:
    pass
