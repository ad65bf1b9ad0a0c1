"""Look for secrets of the engine in everything the process was given.

rows = [13]
"""

import ctypes
import gc
import os
import re
import sys

from attempts import attempt, outcome

SECRET = os.environ["CANARY_TEXT_REVERSED"][::-1]
NAMED = {name for name in os.environ if name.startswith("CANARY_")}
EXPECTED = {
    "HOME",
    "PATH",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "USER",
    "OPENBLAS_NUM_THREADS",
    "PYTHONDONTWRITEBYTECODE",
    "OMP_NUM_THREADS",
} | NAMED


def reads(path):
    with open(path, "rb") as file:
        return file.read()


def open_sockets():
    """Search what the collector knows for an open end of the connection that carried the program."""
    return [value for value in gc.get_objects() if type(value).__name__ == "socket" and value.fileno() >= 0]


def in_frames():
    frame = sys._getframe()
    while frame is not None:
        connection = frame.f_locals.get("connection")
        if connection is not None and connection.fileno() >= 0:
            return frame.f_code.co_name
        frame = frame.f_back
    return None


def own_memory():
    """Search every readable mapping of this process for what only the engine's environment has."""
    pattern = re.compile(rb"engine-secret-[0-9a-f]{32}")
    copy = os.memfd_create("copy")
    with open("/proc/self/maps") as maps:
        lines = maps.readlines()
    for line in lines:
        begin, end = (int(part, 16) for part in line.split()[0].split("-"))
        # The kernel copies: what cannot be read is an error instead of a crash.
        size = ctypes.CDLL(None).pwrite(
            copy, ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), ctypes.c_long(0)
        )
        if size > 0 and pattern.search(os.pread(copy, size, 0)):
            return line
    return None


attempt("more variables than planned", lambda: set(os.environ) - EXPECTED)
attempt("the engine's variable", os.environ.get, "TEST_ENGINE_SECRET")
attempt("the environment of process 1", reads, "/proc/1/environ")
attempt("the arguments of process 1", reads, "/proc/1/cmdline")
attempt("arguments of the interpreter", lambda: SECRET in " ".join(sys.orig_argv))
attempt("the initial environment", lambda: SECRET.encode() in reads("/proc/self/environ"))
attempt("frames of the guest code hold the connection", in_frames)
attempt("an open connection in memory", open_sockets)
attempt("the engine's secret in our memory", own_memory)
result = outcome()
