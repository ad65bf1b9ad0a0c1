"""See, read, trace and signal processes that are not the program's own.

rows = [12, 22]
"""

import ctypes
import os
import signal
import time

from attempts import attempt, outcome, survives, system_call

MARKER = os.environ["CANARY_PROCESS"]
OWN = os.getpid()


def alive_after(call):
    """Make a child do something to process 1, then see whether a jail of ours still works."""
    survives(call)
    return False


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def marker_in_arguments():
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                if MARKER.encode() in file.read():
                    return entry
    return None


def memory_of_first():
    source = ctypes.create_string_buffer(8)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(source), 8)
    return system_call(310, 1, vector, 1, vector, 1, 0)


attempt("see more than itself", lambda: {e for e in os.listdir("/proc") if e.isdigit()} - {str(OWN)})
attempt("see the harness's process", marker_in_arguments)
for name in ("mem", "environ", "maps", "cmdline", "status", "stack", "auxv", "syscall"):
    attempt(f"open {name} of process 1", os.open, f"/proc/1/{name}", os.O_RDONLY)
attempt("open the memory of process 1 to write", os.open, "/proc/1/mem", os.O_RDWR)
attempt("ptrace process 1", survives, lambda: system_call(101, 16, 1, 0, 0) == 0)
attempt("seize process 1", survives, lambda: system_call(101, 0x4206, 1, 0, 0) == 0)
attempt("process_vm_readv", survives, lambda: memory_of_first() > 0)
attempt("pidfd_open of process 1", lambda: system_call(434, 1, 0) + 1)
attempt("limits of process 1", lambda: system_call(302, 1, 7, 0, ctypes.create_string_buffer(16)) == 0)
# Process 1 must ignore everything.
for number in (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGKILL,
    signal.SIGSTOP,
    signal.SIGSEGV,
    signal.SIGUSR1,
    signal.SIGHUP,
):
    attempt(f"{number.name} to 1", lambda number=number: alive_after(lambda: os.kill(1, number)))
for pid in range(3, 200):
    attempt(f"signal {pid}", lambda pid=pid: pid != OWN and os.kill(pid, 0) is None)
time.sleep(0)
attempt("process 1 is gone", is_gone, 1)
result = outcome()
