"""Send a report of its own before the true one, with an error that never was.

rows = [36, 40]
status = "error"
exit_code = 3
"""

import json
import os

import js


def frame(message):
    text = json.dumps(message).encode()
    return len(text).to_bytes(4, "big") + text


forged = [
    {"kind": kind, "value": "forged", "wait_status": 0} for kind in ("report", "exit", "ready", "started")
]
for descriptor in range(64):
    for message in forged:
        for write in (
            os.write,
            lambda number, data: js.process.getBuiltinModule("fs").writeSync(number, js.Uint8Array.new(data)),
        ):
            try:
                write(descriptor, frame(message))
            except BaseException:
                pass
os._exit(3)
