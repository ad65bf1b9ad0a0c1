"""Send a report of its own, so that what follows is only read after the end, and then write too much.

rows = [32, 36]
status = "output"
reason = "output-limit"
limits = { output-kib = 16 }
"""

import os

report = b'{"kind":"report"}'
os.write(4, len(report).to_bytes(4, "big") + report)
os.write(1, b"x" * (17 << 10))
os._exit(0)
