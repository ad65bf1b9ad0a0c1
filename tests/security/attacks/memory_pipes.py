"""Take kernel memory by pipes and sockets that nobody reads.

rows = [24]
status = ["memory", "error", "ok"]
limits = { memory-mib = 48, open-files = 4096, wall-seconds = 20 }
"""

import fcntl
import os

held = []
written = 0
try:
    while written < 200 << 20:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 1 << 20)
        except OSError:
            pass
        held.append((reader, writer))
        try:
            while True:
                written += os.write(writer, bytes(1 << 16))
        except BlockingIOError:
            pass
except OSError:
    pass
result = {"tried": 1, "escaped": [] if written <= 48 << 20 else [f"{written} bytes in pipes"]}
