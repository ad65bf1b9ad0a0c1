"""Open every socket family there is, and io_uring, which opens sockets around a filter.

rows = [10, 15]
"""

import ctypes
import os
import socket

from attempts import attempt, outcome, system_call

for family in range(64):
    if family == socket.AF_UNIX:
        continue
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        attempt(f"family {family}, kind {kind}", socket.socket, family, kind)
# Arguments are 32 bits wide for the kernel and 64 for a filter.
attempt("vsock behind high bits", system_call, 41, ctypes.c_long((1 << 32) | socket.AF_VSOCK), 1, 0)
attempt("inet behind high bits", system_call, 41, ctypes.c_long((1 << 32) | socket.AF_INET), 1, 0)
attempt(
    "inet that looks like unix", system_call, 41, ctypes.c_long((socket.AF_UNIX << 32) | socket.AF_INET), 1, 0
)
attempt("a pair of inet sockets", socket.socketpair, socket.AF_INET)
attempt("io_uring", system_call, 425, 8, ctypes.create_string_buffer(120))
attempt("io_uring enter", lambda: system_call(426, 0, 0, 0, 0, 0, 0) + 1)
attempt("/dev/vsock", os.open, "/dev/vsock", os.O_RDONLY)
result = outcome()
