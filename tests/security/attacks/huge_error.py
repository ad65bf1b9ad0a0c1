"""Raise an exception with a message of 100 MB.

rows = [35]
status = "output"
reason = "output-limit"
"""

raise ValueError("x" * 100_000_000)
