"""Write to both streams without end.

rows = [32]
status = "output"
limits = { output-kib = 64 }
"""

import sys

import js

while True:
    print("flood")
    print("flood", file=sys.stderr)
    js.console.log("flood")
