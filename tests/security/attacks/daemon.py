"""Leave a daemon behind.

rows = [29]
"""

import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for descriptor in range(16):
            try:
                os.close(descriptor)
            except OSError:
                pass
        time.sleep(300)
    os._exit(0)
result = {"tried": 1, "escaped": []}
