"""Fill the disk with bytes.

rows = [26]
status = "disk"
reason = "disk-bytes"
limits = { disk-mib = 4 }
"""

with open("file", "wb") as file:
    while True:
        file.write(b"x" * 65536)
