"""Take memory outside of the interpreter, whose own has an upper bound.

rows = [24]
status = "memory"
limits = { memory-mib = 256 }
"""

import js

held = []
while True:
    part = js.Uint8Array.new(1 << 20)
    part.fill(1)
    held.append(part)
