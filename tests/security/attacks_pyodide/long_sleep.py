"""Wait without end, whatever wakes it.

rows = [28]
status = "timeout"
reason = "wall-limit"
limits = { wall-seconds = 0.5 }
"""

import time

while True:
    try:
        time.sleep(600)
    except BaseException:
        pass
