"""Write bytes that are no frame to the report pipe, and more of them than anybody wants.

rows = [36, 40]
status = "ok"
"""

import os

pipe = 4
os.set_blocking(pipe, False)
for chunk in (b"\xff" * 4096, b"\0" * 4096, b'{"kind":"report"', os.urandom(1 << 20)):
    try:
        os.write(pipe, chunk)
    except BlockingIOError:
        pass
os.close(pipe)
