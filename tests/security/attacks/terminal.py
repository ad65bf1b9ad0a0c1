"""Type into a terminal of the host.

rows = [17]
"""

import ctypes
import os

from attempts import attempt, outcome, system_call

_TIOCSTI, _TIOCLINUX, _TIOCSCTTY = 0x5412, 0x541C, 0x540E

attempt("open the terminal", os.open, "/dev/tty", os.O_RDWR)
attempt("make a terminal", os.openpty)
for descriptor in (0, 1, 2):
    attempt(f"descriptor {descriptor} is a terminal", os.isatty, descriptor)
    for request in (_TIOCSTI, _TIOCLINUX, _TIOCSCTTY):
        attempt(
            f"request {request:#x} on {descriptor}",
            lambda d=descriptor, r=request: system_call(16, d, r, ctypes.c_char_p(b"x")) == 0,
        )
        # The kernel looks at 32 bits of the request, a careless filter at 64.
        attempt(
            f"request {request:#x} behind high bits on {descriptor}",
            lambda d=descriptor, r=request: (
                system_call(16, d, ctypes.c_long((1 << 32) | r), ctypes.c_char_p(b"x")) == 0
            ),
        )
attempt("another session than its own", lambda: os.getsid(0) != os.getpid() or os.getpgrp() != os.getpid())
result = outcome()
