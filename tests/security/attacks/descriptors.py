"""Use descriptors that were left open.

rows = [18, 40]
"""

import os
import socket
import stat

from attempts import attempt, outcome

#: Standard streams, and the pipe for what the program says about itself.
PLANNED = {0, 1, 2, 4}


def is_open(descriptor):
    try:
        return os.fstat(descriptor) is not None
    except OSError:
        return False


def receives(descriptor):
    connection = socket.socket(fileno=os.dup(descriptor))
    return connection.getpeername() is not None or connection.family


attempt("more than planned", lambda: [n for n in range(4096) if is_open(n) and n not in PLANNED])
for descriptor in PLANNED:
    attempt(f"{descriptor} is a socket", receives, descriptor)
    attempt(f"{descriptor} is a folder", lambda d=descriptor: stat.S_ISDIR(os.fstat(d).st_mode))
    attempt(f"{descriptor} is a file", lambda d=descriptor: stat.S_ISREG(os.fstat(d).st_mode))
attempt("read the report pipe", os.read, 4, 1)
attempt("reopen the report pipe for reading", os.open, "/proc/self/fd/4", os.O_RDONLY | os.O_NONBLOCK)
attempt(
    "reopen stdout for reading", lambda: os.read(os.open("/proc/self/fd/1", os.O_RDONLY | os.O_NONBLOCK), 10)
)
result = outcome()
