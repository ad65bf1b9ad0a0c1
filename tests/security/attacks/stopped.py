"""Stop itself, so that it cannot react to anything.

rows = [28]
status = "timeout"
reason = "wall-limit"
limits = { wall-seconds = 0.5 }
"""

import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
