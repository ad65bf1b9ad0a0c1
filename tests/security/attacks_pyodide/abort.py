"""Abort the interpreter.

rows = [7, 45]
status = ["error", "crashed"]
"""

import os

os.abort()
