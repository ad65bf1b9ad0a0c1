"""Start threads without end.

rows = [23]
status = ["pids", "error"]
limits = { pids = 16, wall-seconds = 10 }
"""

import threading
import time

threads = []
while True:
    thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)
    thread.start()
    threads.append(thread)
    assert len(threads) < 100
