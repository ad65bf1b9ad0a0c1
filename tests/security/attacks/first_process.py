"""Reach the first process of the jail, or the parent, by every call that takes the id of a process.

rows = [12, 22]
"""

import ctypes
import os
import resource
import signal

from attempts import attempt, outcome, survives, system_call, works

_F_SETOWN, _SIGEV_SIGNAL, _PTRACE_ATTACH, _PTRACE_SEIZE = 8, 0, 16, 0x4206
ENTRIES = (
    "mem environ maps smaps pagemap cmdline status stat statm stack auxv syscall wchan limits io mounts "
    "mountinfo cgroup oom_score oom_score_adj comm personality timers timerslack_ns"
).split()


def lists(path):
    return os.listdir(path) or True


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def stops_it(number):
    """Whether a signal to process 1 is the end of us all: then nobody reports, and the run has crashed."""
    try:
        os.kill(1, number)
    except PermissionError:
        return False
    return is_gone(1)


def signal_with_value(pid):
    information = ctypes.create_string_buffer(128)
    ctypes.c_int.from_buffer(information, 8).value = -1  # SI_QUEUE
    return system_call(129, pid, int(signal.SIGKILL), information) == 0 and is_gone(pid)


def memory_of(pid, number):
    local = ctypes.create_string_buffer(8)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(local), 8)
    return system_call(number, pid, vector, 1, vector, 1, 0)


attempt("process 1 is visible", lambda: "1" in os.listdir("/proc"))
attempt("its folder can be seen", os.stat, "/proc/1")
for name in ENTRIES:
    attempt(f"read {name}", os.open, f"/proc/1/{name}", os.O_RDONLY)
for name in ("mem", "oom_score_adj", "comm", "clear_refs", "uid_map"):
    attempt(f"write {name}", os.open, f"/proc/1/{name}", os.O_WRONLY)
for name in ("fd", "fdinfo", "ns", "map_files", "task", "net"):
    attempt(f"list {name}", lists, f"/proc/1/{name}")
for name in ("root", "cwd", "exe", "ns/pid", "fd/3", "fd/4"):
    attempt(f"follow {name}", os.open, f"/proc/1/{name}", os.O_PATH)
for number in sorted(signal.valid_signals()):
    attempt(f"signal {int(number)} to process 1", stops_it, number)
attempt("a signal with a value", signal_with_value, 1)
for request in (_PTRACE_ATTACH, _PTRACE_SEIZE):
    attempt(f"ptrace {request:#x}", survives, lambda request=request: system_call(101, request, 1, 0, 0) == 0)
for number in (310, 311):
    attempt(f"memory by call {number}", survives, lambda number=number: memory_of(1, number) > 0)
attempt("kcmp", survives, lambda: system_call(312, 1, os.getpid(), 0, 0, 0) >= 0)
attempt("pidfd_open", lambda: system_call(434, 1, 0) >= 0)
attempt("its robust list", lambda: system_call(274, 1, *[ctypes.byref(ctypes.c_size_t())] * 2) == 0)
attempt("move its pages", survives, lambda: system_call(256, 1, 0, None, None) >= 0)
attempt("its limits", resource.prlimit, 1, resource.RLIMIT_NOFILE)
attempt("lower its limits", works, resource.prlimit, 1, resource.RLIMIT_CPU, (1, 1))
attempt("its group", works, os.setpgid, 1, 1)
attempt("process 1 is gone", is_gone, 1)
attempt("own parent is killed", lambda: os.getppid() != 0 and os.kill(os.getppid(), 9) is None and is_gone(1))
result = outcome()
