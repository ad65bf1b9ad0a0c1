"""Take memory by files in the box, whose size is above the memory limit.

rows = [24, 26]
status = "memory"
limits = { memory-mib = 64, disk-mib = 256 }
"""

with open("large", "wb") as file:
    for _ in range(200):
        file.write(bytes(1 << 20))
print("200 MiB were written")
