"""Send SIGKILL to every process that can be reached; the harness is beside it.

rows = [12]
"""

import os
import signal

for number in (signal.SIGCONT, signal.SIGKILL):
    # Signals to -1 spare the caller and process 1.
    try:
        os.kill(-1, number)
    except ProcessLookupError:
        pass
if os.fork() == 0:
    os.kill(0, signal.SIGCONT)
    os._exit(0)
os.wait()
print("still here")
result = {"tried": 3, "escaped": []}
