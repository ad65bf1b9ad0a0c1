"""Fill the disk with empty files and folders.

rows = [26]
status = "disk"
reason = "disk-files"
limits = { file-count = 64 }
"""

import itertools
import os

for number in itertools.count():
    os.mkdir(f"folder-{number}")
    open(f"folder-{number}/file", "wb").close()
