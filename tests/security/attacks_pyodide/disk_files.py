"""Fill the disk with files.

rows = [26]
status = "disk"
reason = "disk-files"
limits = { file-count = 64 }
"""

import itertools

for number in itertools.count():
    open(f"file-{number}", "wb").close()
