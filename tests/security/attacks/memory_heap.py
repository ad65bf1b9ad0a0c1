"""Take memory in one process.

rows = [24]
status = "memory"
limits = { memory-mib = 64 }
"""

held = []
while True:
    held.append(bytearray(b"x") * (1 << 20))
