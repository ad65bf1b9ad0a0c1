"""How the end of a process is seen before the kernel has cleared its memory."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtimes.guest import ending
from runtimes.guest.ending import is_told, wait_status
from tests.support.machine import wait_until

pytestmark = pytest.mark.skipif(
    not is_told(), reason="the kernel tells the status of a process to CAP_SYS_PTRACE"
)

#: Two threads; what is said on standard input is done by the second one.
_THREADED = """
import ctypes, os, sys, threading
def second():
    print("up", flush=True)
    exec(sys.stdin.read())
threading.Thread(target=second).start()
"""
_LEADER_LEAVES = "ctypes.CDLL(None).syscall(60, 0)"


@contextmanager
def process(code: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a process that has said that it is up."""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        try:
            assert started.stdout is not None
            assert started.stdout.readline() == "up\n"
            yield started
        finally:
            started.kill()


def tell(started: "subprocess.Popen[str]", code: str) -> None:
    assert started.stdin is not None
    started.stdin.write(code)
    started.stdin.close()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("os._exit(0)", 0),
        ("os._exit(3)", 3 << 8),
        ("os.kill(os.getpid(), 9)", int(signal.SIGKILL)),
        ("os.kill(os.getpid(), 15)", int(signal.SIGTERM)),
    ],
)
def test_status_is_the_one_with_which_the_process_will_be_reaped(code: str, status: int) -> None:
    with process(_THREADED + "threading.Event().wait()") as started:
        tell(started, code)
        wait_until(lambda: wait_status(started.pid) is not None, what="the process is at its end")

        assert wait_status(started.pid) == status
        assert os.waitpid(started.pid, 0)[1] == status


def test_process_that_runs_is_not_at_its_end() -> None:
    with process(_THREADED + "threading.Event().wait()") as started:
        assert wait_status(started.pid) is None


@pytest.mark.parametrize("_attempt", range(20))  # it is a matter of moments
def test_process_whose_first_thread_has_left_is_not_at_its_end(_attempt: int) -> None:
    with process(_THREADED + _LEADER_LEAVES) as started:
        wait_until(lambda: _state(started.pid) == "Z", what="the first thread has left")

        assert wait_status(started.pid) is None

        tell(started, "os._exit(5)")
        wait_until(lambda: wait_status(started.pid) is not None, what="the process is at its end")
        assert wait_status(started.pid) == 5 << 8


#: A process with rights in a user namespace of its own, as a zygote has, and a child of it with two threads.
_OBSERVER = """
import ctypes, os, sys, threading, time
sys.path.insert(0, sys.argv[1])
import ending
os.unshare(os.CLONE_NEWUSER)
child = os.fork()
if child == 0:
    ctypes.CDLL(None).prctl(4, int(sys.argv[2]), 0, 0, 0)
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    os._exit(3)
while open(f"/proc/{child}/stat").read().rpartition(")")[2].split()[0] != "Z":
    pass
while len(os.listdir(f"/proc/{child}/task")) > 1:
    pass
print(ending.wait_status(child))
"""


@pytest.mark.parametrize(("dumpable", "told"), [(1, str(3 << 8)), (0, "None")])
def test_status_that_the_kernel_does_not_show_is_not_taken_for_a_success(dumpable: int, told: str) -> None:
    command = [sys.executable, "-c", _OBSERVER, str(Path(ending.__file__).parent), str(dumpable)]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == told


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0]
