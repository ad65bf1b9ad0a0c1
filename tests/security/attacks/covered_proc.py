"""Get below the `/proc` that a jail sees, to one that shows more.

rows = [1, 4, 6]
"""

import ctypes
import os

from attempts import attempt, in_child, outcome, survives, system_call, works

_MNT_DETACH, _AT_FDCWD, _OPEN_TREE_CLONE, _AT_RECURSIVE = 2, -100, 1, 0x8000
_MS_BIND, _MS_REMOUNT, _MS_MOVE = 4096, 32, 8192
_NEW_NAMESPACE = 0x20000
WHOLE = (
    "sys",
    "meminfo",
    "kcore",
    "kallsyms",
    "cmdline",
    "sysrq-trigger",
    "interrupts",
    "mounts",
    "net/tcp",
    "1",
)


def text(value):
    return ctypes.c_char_p(value.encode())


def shows_more():
    return [
        name for name in os.listdir("/proc") if not name.isdigit() and name not in ("self", "thread-self")
    ]


def mounts():
    with open("/proc/self/mountinfo") as table:
        return [line.split() for line in table]


def top_of(target):
    """The line of what is seen at a path: the last one, as the one below is covered."""
    return [line for line in mounts() if line[4] == target][-1]


def survives_umount(target, flags):
    """Whether trying to unmount is not the end; it ends the process that tries."""
    return in_child(lambda: system_call(166, text(target), flags) >= 0) != "SIGSYS"


def is_loose():
    options = set(top_of("/proc")[5].split(","))
    return {"ro", "nosuid", "nodev", "noexec"} - options


def shows_all_processes():
    options = top_of("/proc")[-1]
    return [name for name in ("hidepid=invisible", "subset=pid") if name not in options]


attempt("more than processes", shows_more)
attempt("its mount is loose", is_loose)
attempt("its mount hides nothing", shows_all_processes)
for target in ("/proc", "/box", "/dev", "/", "/opt/isorun"):
    for flags in (0, 1, _MNT_DETACH, 4, 8):
        attempt(f"unmount {target} {flags}", survives_umount, target, flags)
for name in WHOLE:
    for base in (
        "/proc",
        "/proc/self/root/proc",
        "/proc/../proc",
        "/proc/self/cwd/../../proc",
    ):
        attempt(f"open {base}/{name}", os.open, f"{base}/{name}", os.O_RDONLY)
attempt("up from an own folder", lambda: os.path.exists("/proc/self/../../proc/meminfo"))
attempt("bind", survives, lambda: system_call(165, text("/"), text("/box/work"), None, _MS_BIND, None) == 0)
attempt(
    "move", survives, lambda: system_call(165, text("/proc"), text("/box/work"), None, _MS_MOVE, None) == 0
)
attempt(
    "remount", survives, lambda: system_call(165, text("proc"), text("/proc"), None, _MS_REMOUNT, None) == 0
)
attempt(
    "another", survives, lambda: system_call(165, text("p"), text("/box/work"), text("proc"), 0, None) == 0
)
attempt(
    "open_tree",
    survives,
    lambda: system_call(428, _AT_FDCWD, text("/"), _OPEN_TREE_CLONE | _AT_RECURSIVE) >= 0,
)
attempt("fsopen", survives, lambda: system_call(430, text("proc"), 0) >= 0)
attempt("fspick", survives, lambda: system_call(433, _AT_FDCWD, text("/proc"), 0) >= 0)
attempt("mount_setattr", survives, lambda: system_call(442, _AT_FDCWD, text("/proc"), 0, None, 0) >= 0)
attempt("listmount", lambda: system_call(458, None, None, 0, 0) >= 0)
attempt("by handle", survives, lambda: system_call(303, _AT_FDCWD, text("/proc"), None, None, 0) >= 0)
attempt("unshare", survives, lambda: system_call(272, _NEW_NAMESPACE) == 0)
attempt(
    "setns",
    survives,
    lambda: system_call(308, os.open("/proc/self/ns/mnt", os.O_RDONLY), _NEW_NAMESPACE) == 0,
)
attempt("chroot", survives, lambda: works(os.chroot, "/box/work"))
result = outcome()
