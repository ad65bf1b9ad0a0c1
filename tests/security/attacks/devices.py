"""Reach devices, kernel switches and accounts.

rows = [6]
"""

import os
import stat

from attempts import attempt, outcome, works

HARMLESS = {"null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr", "shm"}


def makes_device(kind, major, minor):
    name = f"/box/work/device-{major}-{minor}"
    os.mknod(name, kind | 0o666, os.makedev(major, minor))
    descriptor = os.open(name, os.O_RDWR | os.O_NONBLOCK)
    os.close(descriptor)
    return True


def writes(path, data=b"1"):
    with open(path, "wb", buffering=0) as file:
        return file.write(data)


attempt("more devices than the harmless ones", lambda: set(os.listdir("/dev")) - HARMLESS)
for name in (
    "mem",
    "kmem",
    "port",
    "kmsg",
    "kvm",
    "fuse",
    "net/tun",
    "loop-control",
    "sda",
    "vda",
    "tty",
    "ptmx",
    "console",
):
    attempt(f"open /dev/{name}", os.open, f"/dev/{name}", os.O_RDONLY)
for kind, major, minor in (
    (stat.S_IFCHR, 1, 1),
    (stat.S_IFCHR, 5, 0),
    (stat.S_IFCHR, 10, 232),
    (stat.S_IFBLK, 8, 0),
    (stat.S_IFBLK, 254, 0),
    (stat.S_IFCHR, 1, 3),
):
    attempt(f"make a device {major}:{minor}", makes_device, kind, major, minor)
for path in (
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/vm/overcommit_memory",
    "/proc/self/oom_score_adj",
    "/sys/kernel/uevent_helper",
):
    attempt(f"write {path}", writes, path)
attempt("change a device's mode", works, os.chmod, "/dev/null", 0o600)
result = outcome()
