"""Fill the disk with links.

rows = [26]
status = "disk"
limits = { file-count = 64, disk-mib = 4 }
"""

import itertools
import os

for number in itertools.count():
    os.symlink("x" * 4000, f"link-{number}")
