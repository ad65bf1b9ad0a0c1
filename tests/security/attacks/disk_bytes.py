"""Fill the disk.

rows = [26]
status = "disk"
reason = "disk-bytes"
limits = { disk-mib = 4 }
"""

import itertools

for number in itertools.count():
    with open(f"file-{number}", "wb") as file:
        file.write(bytes(1 << 20))
