"""Use the magic links of `/proc` and a working folder that may have been left outside.

rows = [4]
"""

import os

from attempts import attempt, outcome

TARGET = os.environ["CANARY_FILE"]


def reads(path):
    with open(path, "rb") as file:
        return file.read(100)


def differs(link, expected):
    return os.readlink(link) != expected and os.readlink(link)


attempt("the working folder is outside", differs, "/proc/self/cwd", "/box/work")
attempt("the root is outside", differs, "/proc/self/root", "/")
for base in ("/proc/self/cwd", "/proc/self/root", "/proc/1/cwd", "/proc/1/root", "/proc/thread-self/root"):
    attempt(f"climb from {base}", reads, f"{base}/{'../' * 40}{TARGET}")
for name in ("cwd", "root", "exe", "fd", "fdinfo", "ns/mnt", "map_files"):
    attempt(
        f"look at {name} of process 1",
        os.readlink if name in ("cwd", "root", "exe") else os.listdir,
        f"/proc/1/{name}",
    )
for descriptor in range(64):
    attempt(f"climb from descriptor {descriptor}", reads, f"/proc/self/fd/{descriptor}/{'../' * 40}{TARGET}")
result = outcome()
