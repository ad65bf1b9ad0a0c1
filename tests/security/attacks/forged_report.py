"""Send a report of its own before the true one, with an error that never was.

rows = [36, 37]
status = "ok"
"""

import json
import os


def frame(text):
    return len(text).to_bytes(4, "big") + text


forged = {"kind": "report", "value": "forged", "error": {"type": "T", "message": "m", "traceback": "t"}}
os.write(4, frame(json.dumps(forged).encode()))
result = {"tried": 1, "escaped": []}
