"""Use the processor without end.

rows = [27]
status = "timeout"
reason = "cpu-limit"
limits = { cpu-seconds = 0.5 }
"""

while True:
    pass
