"""Throw through the interpreter's own libc, which it does not survive.

rows = [7, 45]
status = ["error", "crashed"]
"""

import ctypes

ctypes.CDLL(None).emscripten_run_script_string(b"throw new Error('through')")
