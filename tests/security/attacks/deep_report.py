"""Forge a report whose value is nested as deeply as a decoder will bear.

rows = [35, 36]
status = "ok"
"""

import os

for depth in (900,):
    value = b"[" * depth + b"]" * depth
    text = b'{"kind":"report","value":' + value + b"}"
    os.write(4, len(text).to_bytes(4, "big") + text)
