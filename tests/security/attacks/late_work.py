"""Go on after the end: exit handlers, threads, generators, finalizers.

rows = [31, 37]
status = ["ok", "error", "timeout"]
limits = { wall-seconds = 1 }
"""

import atexit
import threading
import time


class Late:
    def __del__(self):
        time.sleep(60)


late = Late()
atexit.register(time.sleep, 60)
threading.Thread(target=time.sleep, args=(60,)).start()
