"""Write one line without end, to both streams.

rows = [32]
status = "output"
limits = { output-kib = 64 }
"""

import os

while True:
    os.write(1, b"x" * 65536)
    os.write(2, b"y" * 65536)
