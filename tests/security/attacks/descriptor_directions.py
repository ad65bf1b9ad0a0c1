"""Use the planned descriptors for more than they are for.

rows = [18, 40]
"""

import array
import fcntl
import os
import socket
import stat

from attempts import attempt, outcome

#: How each may be used: input is read, output and the program's own report are written.
MODES = {0: os.O_RDONLY, 1: os.O_WRONLY, 2: os.O_WRONLY, 4: os.O_WRONLY}
WAYS = {os.O_RDONLY: "reading", os.O_WRONLY: "writing", os.O_RDWR: "both"}


def listed():
    """Read once: the folder itself is open meanwhile."""
    return [int(name) for name in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{name}")]


def mode(number):
    return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE


def is_no_pipe(number):
    return not stat.S_ISFIFO(os.fstat(number).st_mode) and os.readlink(f"/proc/self/fd/{number}")


def passes(number):
    """A socket could carry descriptors to somebody outside."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=os.dup(number))
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1]))]
    return connection.sendmsg([b"x"], rights)


def has_owner(number):
    """Its events would be signalled to somebody."""
    return fcntl.fcntl(number, fcntl.F_GETOWN)


attempt("other descriptors", lambda: set(listed()) - MODES.keys())
for number in (3, *range(5, 2048)):
    attempt(f"{number} is open", lambda n=number: fcntl.fcntl(n, fcntl.F_GETFD) >= 0)
attempt("two for one pipe", lambda: len({os.fstat(number).st_ino for number in MODES}) != len(MODES))
for number, wanted in MODES.items():
    attempt(f"{number} is open for more", lambda n=number, w=wanted: mode(n) != w and WAYS[mode(n)])
    attempt(f"{number} is no pipe", is_no_pipe, number)
    attempt(f"{number} carries descriptors", passes, number)
    attempt(f"{number} has an owner", has_owner, number)
    attempt(f"{number} is a folder's", lambda n=number: os.open(".", os.O_RDONLY, dir_fd=n))
# The standard streams are the program's own files; the report's pipe is not.
attempt("reopen the report", os.open, "/proc/self/fd/4", os.O_RDONLY | os.O_NONBLOCK)
attempt("reopen the report to write", os.open, "/proc/self/fd/4", os.O_WRONLY | os.O_NONBLOCK)
result = outcome()
