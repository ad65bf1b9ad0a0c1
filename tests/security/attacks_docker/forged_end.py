"""Say the end oneself, with success, then send an archive that is none; end otherwise.

rows = [36, 40]
status = "error"
reason = "exit-nonzero"
exit_code = 7
"""

import os

text = open("/tmp/.isorun/start").read()
mark = text.split("isorun-")[1][:32]
os.write(1, f"isorun-{mark} ended 0 0 1 1\n".encode() + b"\xff" * 2000)
os.write(2, f"isorun-{mark} over\n".encode())
os._exit(7)
