"""Write one byte at a time, to keep a reader busy for ever.

rows = [32]
status = "timeout"
reason = "wall-limit"
limits = { wall-seconds = 0.5 }
"""

import os
import time

while True:
    os.write(1, b".")
    time.sleep(0.001)
