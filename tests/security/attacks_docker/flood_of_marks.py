"""Say lines of the supervisor for ever, which must count as output.

rows = [32, 36]
status = "output"
reason = "output-limit"
limits = { output-kib = 64 }
"""

import os

text = open("/tmp/.isorun/start").read()
line = f"isorun-{text.split('isorun-')[1][:32]} begun\n".encode()
while True:
    os.write(1, line * 1000)
