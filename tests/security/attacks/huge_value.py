"""Return a value of 100 MB.

rows = [35]
status = "ok"
"""

result = "x" * 100_000_000
