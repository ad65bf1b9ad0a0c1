"""Fill memory where a container has more than one place for it.

rows = [24, 26]
status = ["memory", "error", "crashed", "disk"]
limits = { memory-mib = 64, disk-mib = 48 }
"""

import os

for folder in ("/dev/shm", "/tmp", "/dev/mqueue"):
    try:
        with open(f"{folder}/filler", "wb") as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError:
        continue
kept = [bytearray(os.urandom(1 << 20)) for _ in range(512)]
