"""Loosen the limits from inside.

rows = [16]
"""

import ctypes
import os
import resource

from attempts import attempt, outcome, system_call

NUMBERS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]


def raises_hard(number):
    soft, hard = resource.getrlimit(number)
    if hard == resource.RLIM_INFINITY:
        return False
    resource.setrlimit(number, (soft, hard + 1))
    return True


def has_room(number):
    soft, hard = resource.getrlimit(number)
    return soft != hard and (soft, hard)


def control_groups():
    found = []
    for folder, names, files in os.walk("/"):
        names[:] = [name for name in names if f"{folder}{name}" != "/proc"]
        found += [f"{folder}/{name}" for name in files if name.startswith(("memory.", "pids.", "cgroup."))]
    return found


for number in NUMBERS:
    attempt(f"raise the hard limit {number}", raises_hard, number)
for number in (
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_CPU,
    resource.RLIMIT_CORE,
):
    attempt(f"soft limit below the hard one {number}", has_room, number)
for pid in (1, os.getppid()):
    attempt(
        f"limits of process {pid}",
        lambda pid=pid: system_call(302, pid, 7, (ctypes.c_uint64 * 2)(1 << 30, 1 << 30), 0) == 0,
    )
attempt("control group files", control_groups)
for path in ("/sys/fs/cgroup", "/proc/self/root/sys/fs/cgroup"):
    attempt(path, os.listdir, path)
result = outcome()
