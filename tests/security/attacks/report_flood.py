"""Flood the report pipe, which no limit on output counts, to keep the engine busy.

rows = [32, 40, 50]
status = "timeout"
limits = { wall-seconds = 1 }
"""

import os

while True:
    os.write(4, b"\xff" * 65536)
