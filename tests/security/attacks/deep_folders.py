"""Leave folders so deep that a walk by paths or by recursion fails.

rows = [41]
limits = { file-count = 4096 }
"""

import os

for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
result = {"tried": 1, "escaped": []}
