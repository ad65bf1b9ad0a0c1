"""Leave a daemon that holds every descriptor open.

rows = [30]
limits = { wall-seconds = 20 }
"""

import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(300)
    os._exit(0)
os.wait()
print("done", flush=True)
result = {"tried": 1, "escaped": []}
