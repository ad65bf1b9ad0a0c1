"""Take memory by System V segments and shared mappings.

rows = [24]
status = "memory"
limits = { memory-mib = 64 }
"""

import mmap

held = []
for _ in range(20):
    mapping = mmap.mmap(-1, 10 << 20)
    mapping.write(b"x" * (10 << 20))
    held.append(mapping)
print("200 MiB were taken")
