"""Change the guest code in its own interpreter and in JavaScript so that it reports success, then fail.

rows = [36, 37]
status = "error"
exit_code = 5
"""

import os
import sys

import js
from pyodide.code import run_js

frame = sys._getframe()
while frame is not None:
    for name, value in list(frame.f_globals.items()):
        if callable(value) and name.startswith("_") and frame.f_globals.get("__name__") != "__main__":
            frame.f_globals[name] = lambda *arguments: 0
    frame = frame.f_back
leave = os._exit
os._exit = lambda status: leave(0)
run_js("Object.prototype.kind = 'polluted'; JSON.stringify = () => '{}'; Promise.prototype.then = () => {}")
js.Deno.stdout.writeSync = None
leave(5)
