"""Raise an exception with thousands of causes.

rows = [35]
status = "error"
"""

error = None
for number in range(5000):
    following = ValueError(number)
    following.__cause__ = error
    error = following
raise error
