"""Gain privilege: namespaces, capabilities, identities, set-uid files.

rows = [14]
"""

import ctypes
import os
import stat

from attempts import attempt, outcome, survives, system_call, works

NAMESPACES = {
    "mount": 0x20000,
    "cgroup": 0x2000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "time": 0x80,
}
_SIGCHLD = 17


def clones(flags):
    pid = system_call(56, flags | _SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def clones_by_structure(flags):
    arguments = (ctypes.c_uint64 * 11)(flags, 0, 0, 0, _SIGCHLD)
    pid = system_call(435, arguments, 88)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def sets_capabilities():
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    return system_call(126, header, data) == 0


def has_capability():
    with open("/proc/self/status") as status:
        sets = dict(line.split(":", 1) for line in status if line.startswith("Cap"))
    return {name: value.strip() for name, value in sets.items() if int(value, 16)}


def set_uid_files():
    found = []
    for folder, names, files in os.walk("/"):
        names[:] = [name for name in names if folder != "/" or name != "proc"]
        for name in files:
            path = f"{folder}/{name}"
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                found.append(path)
    return found


def own_set_uid_file():
    """Make one of our own and start it: it must not change who we are."""
    os.close(os.open("tool", os.O_CREAT | os.O_WRONLY, 0o755))
    os.chmod("tool", 0o4755)
    return False


for name, flag in NAMESPACES.items():
    attempt(f"unshare {name}", survives, lambda flag=flag: system_call(272, flag) == 0)
    if name != "time":
        attempt(f"clone {name}", survives, lambda flag=flag: clones(flag))
    attempt(f"clone3 {name}", survives, lambda flag=flag: clones_by_structure(flag))
    attempt(
        f"setns {name}",
        survives,
        lambda flag=flag: system_call(308, os.open("/proc/self/ns/net", 0), flag) == 0,
    )
attempt("clone3 without namespaces, whose flags a filter cannot see", lambda: clones_by_structure(0))
for identity in (0, 65534, 1001):
    attempt(f"setuid {identity}", works, os.setuid, identity)
    attempt(f"setgid {identity}", works, os.setgid, identity)
    attempt(f"setresuid {identity}", works, os.setresuid, identity, identity, identity)
attempt("setgroups", works, os.setgroups, [0])
attempt("capset", sets_capabilities)
attempt("a capability", has_capability)
attempt("no_new_privs is off", lambda: system_call(157, 39, 0, 0, 0, 0) == 0)
attempt("ambient capability", lambda: system_call(157, 47, 2, 0, 0, 0) == 0)
attempt("take no_new_privs back", lambda: system_call(157, 38, 0, 0, 0, 0) == 0)
attempt("chroot", survives, lambda: system_call(161, ctypes.c_char_p(b"/box/work")) == 0)
attempt(
    "mount",
    survives,
    lambda: (
        system_call(165, ctypes.c_char_p(b"none"), ctypes.c_char_p(b"/mnt"), ctypes.c_char_p(b"tmpfs"), 0, 0)
        == 0
    ),
)
attempt(
    "remount the root writable",
    survives,
    lambda: (
        system_call(165, ctypes.c_char_p(b"none"), ctypes.c_char_p(b"/"), ctypes.c_char_p(b""), 0x1020, 0)
        == 0
    ),
)
attempt("unmount", survives, lambda: system_call(166, ctypes.c_char_p(b"/proc"), 2) == 0)
attempt(
    "pivot_root", survives, lambda: system_call(155, ctypes.c_char_p(b"/box"), ctypes.c_char_p(b"/box")) == 0
)
attempt("sethostname", lambda: system_call(170, ctypes.c_char_p(b"owned"), 5) == 0)
attempt("set the clock", lambda: system_call(227, 0, (ctypes.c_long * 2)(0, 0)) == 0)
attempt("realtime scheduling", lambda: works(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1)))
attempt("a higher priority", works, os.nice, -1)
attempt("set-uid files", set_uid_files)
attempt("a set-uid file of its own", own_set_uid_file)
attempt("uid 0", lambda: 0 in (*os.getresuid(), *os.getresgid(), *os.getgroups()))
result = outcome()
