"""Change the guest code in its own process, so that it reports success, then fail.

rows = [37]
status = "error"
reason = "exit-nonzero"
"""

import os
import sys

frame = sys._getframe()
while frame is not None:
    for name, value in list(frame.f_globals.items()):
        if callable(value) and name.startswith("_") and "program" in str(frame.f_globals.get("__name__")):
            frame.f_globals[name] = lambda *arguments: 0
    frame = frame.f_back
real_exit = os._exit
os._exit = lambda status: real_exit(0)
os.waitpid = os.wait = lambda *arguments: (2, 0)
real_exit(5)
