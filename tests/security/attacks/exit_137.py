"""Pretend to have been killed for memory.

rows = [39]
status = "error"
reason = "exit-nonzero"
"""

import sys

print("Killed", file=sys.stderr)
sys.exit(137)
