"""Write the files in `/proc` that say what the kernel thinks of us, after making ourselves dumpable.

rows = [6, 14, 16]
"""

import os

from attempts import attempt, outcome, survives, system_call

_PR_SET_DUMPABLE = 4
NAMES = (
    "oom_score_adj oom_adj uid_map gid_map setgroups projid_map loginuid sessionid coredump_filter comm "
    "clear_refs timerslack_ns timens_offsets sched autogroup attr/current attr/exec attr/fscreate mem "
    "make-it-fail fail-nth patch_state seccomp_cache"
).split()


def writes(path, text):
    descriptor = os.open(path, os.O_WRONLY)
    return os.write(descriptor, text)


def child_writes():
    """A child is another process: its files are written by its parent."""
    pid = os.fork()
    if pid == 0:
        system_call(157, _PR_SET_DUMPABLE, 1, 0, 0, 0)
        os.read(gate[0], 1)
        os._exit(0)
    try:
        return [name for name in NAMES if works(f"/proc/{pid}/{name}")]
    finally:
        os.write(gate[1], b"x")
        os.waitpid(pid, 0)


def works(path):
    try:
        return writes(path, b"0")
    except OSError:
        return False


gate = os.pipe()
system_call(157, _PR_SET_DUMPABLE, 1, 0, 0, 0)
for folder in ("/proc/self", "/proc/thread-self", f"/proc/self/task/{os.getpid()}"):
    for name in NAMES:
        attempt(f"write {folder}/{name}", writes, f"{folder}/{name}", b"0")
        attempt(
            f"make {folder}/{name} writable", lambda f=folder, n=name: os.chmod(f"{f}/{n}", 0o666) is None
        )
attempt("map to root", writes, "/proc/self/uid_map", b"0 0 4294967295")
attempt("the files of a child", child_writes)
attempt("a map in a user namespace of its own", survives, lambda: system_call(272, 0x10000000) == 0)
attempt(
    "write by a descriptor of the folder",
    lambda: os.open("oom_score_adj", os.O_WRONLY, dir_fd=os.open("/proc/self", os.O_PATH | os.O_DIRECTORY)),
)
result = outcome()
