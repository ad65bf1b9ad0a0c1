"""Die by SIGKILL, as a limit would make it.

rows = [39]
status = "crashed"
reason = "signal"
"""

import os
import signal

os.kill(os.getpid(), signal.SIGKILL)
