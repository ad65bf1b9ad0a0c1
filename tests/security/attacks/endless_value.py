"""Return a value that contains itself.

rows = [35]
status = "ok"
"""

result = []
result.append(result)
