"""Spend the time in one call of the C library that takes no signal.

rows = [28]
status = "timeout"
reason = "wall-limit"
limits = { wall-seconds = 0.5 }
"""

import re

re.match(r"(a+)+$", "a" * 64 + "b")
