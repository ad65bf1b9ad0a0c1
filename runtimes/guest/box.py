"""What makes a child of the zygote a sandbox: the steps that it takes itself, before any user code.

All of it is trusted code in the child. The steps are listed in the order in which they must come; if one
fails, nothing runs.
"""

from __future__ import annotations

import os
import select
import sys
import time

import kernel  # type: ignore[import-not-found]
import runner  # type: ignore[import-not-found]

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from order import Order  # type: ignore[import-not-found]

#: Descriptor numbers in the child.
CONTROL, REPORT = 3, 4
_LIFELINE = 5
_PARKING = 1 << 10
_ALL = 1 << 20
#: As the program sees itself.
_GUEST_UID = 1000
#: The kernel's first choice when the whole machine runs out of memory.
_OOM_SCORE = "900"
_DEATH = 125
_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


def enter(order: Order, setup: dict[str, Any]) -> bytes:
    """Take all steps; return the frame that says so. Tells the engine and exits when one fails.

    Args:
        order: What to be.
        setup: The zygote's; `filter` is the seccomp program. For tests, `die_at` names a step to die at, and
            `trace` asks for the time that each took.
    """
    control = order.streams[CONTROL]
    nanoseconds: dict[str, int] = {}
    for step in STEPS:
        if setup["die_at"] == step.__name__:
            os._exit(_DEATH)
        begin = time.perf_counter_ns()
        try:
            step(order, setup)
        except Exception as error:
            runner.refuse(runner.connect(control), error, f"{step.__name__}: ")
        if step is take_descriptors:
            control = CONTROL
        nanoseconds[step.__name__] = time.perf_counter_ns() - begin
    message: dict[str, Any] = {"kind": "ready"}
    if setup["trace"]:
        message["nanoseconds"] = nanoseconds
    text: str = runner.encode(message)
    return text.encode()


def join_groups(order: Order, setup: dict[str, Any]) -> None:
    """Be counted from here on: nothing that follows can use more than the run may."""
    order.join_groups()


def leave_namespaces(order: Order, setup: dict[str, Any]) -> None:
    """Get mounts, network, IPC, host name and cgroup view of its own; the process namespace is there."""
    _, network, mounts, _, _ = order.extra
    os.setns(network, os.CLONE_NEWNET)  # made ahead, which takes the kernel longer than all others
    os.setns(mounts, os.CLONE_NEWNS)
    os.unshare(os.CLONE_NEWIPC | os.CLONE_NEWUTS | os.CLONE_NEWCGROUP)
    kernel.mount("none", "/", "none", kernel.MS_REC | kernel.MS_PRIVATE, "")


def take_descriptors(order: Order, setup: dict[str, Any]) -> None:
    """Hold the descriptors of this run, and none of the zygote's or of another run's."""
    wanted = [*order.streams, order.lifeline]
    for number, source in enumerate(wanted):
        os.dup2(source, _PARKING + number)
    for number in range(len(wanted)):
        os.dup2(_PARKING + number, number, inheritable=number != _LIFELINE)
    os.closerange(_LIFELINE + 1, _ALL)


def mount_folders(order: Order, setup: dict[str, Any]) -> None:
    """Get the one writable place, and a view of its own processes.

    The rest is read-only and shared with the zygote. Its `/proc` is covered, not removed: the kernel gives a
    new one only to those who can see a whole one.
    """
    # What will be written there is read-only in the new one.
    order.process = os.open("/proc/self", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    size = f"size={order.disk_bytes},nr_inodes={order.file_count}"
    options = f"{size},mode=0755,uid={order.uid},gid={order.uid}"
    kernel.mount("box", "/box", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    flags = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    kernel.mount("proc", "/proc", "proc", flags, "subset=pid,hidepid=invisible")


def become_user(order: Order, setup: dict[str, Any]) -> None:
    """Become a user of its own, in a user namespace of its own where that user is called 1000."""
    if setup["many_users"]:  # else there is only the user who started the engine
        os.setgroups([])
        os.setresgid(order.uid, order.uid, order.uid)
        os.setresuid(order.uid, order.uid, order.uid)
    os.unshare(os.CLONE_NEWUSER)
    kernel.set_dumpable(True)  # else the files below are the kernel's
    _write(order.process, "oom_score_adj", _OOM_SCORE)
    _write(order.process, "setgroups", "deny")
    _write(order.process, "uid_map", f"{_GUEST_UID} {order.uid} 1")
    _write(order.process, "gid_map", f"{_GUEST_UID} {order.uid} 1")
    os.close(order.process)


def give_up_privileges(order: Order, setup: dict[str, Any]) -> None:
    """Lose every capability, close its memory to others, and die with the zygote."""
    kernel.drop_capabilities()
    kernel.set_dumpable(False)
    kernel.die_with_parent()
    poller = select.poll()
    poller.register(_LIFELINE, select.POLLIN)
    if poller.poll(0):
        os._exit(_DEATH)  # it had died before we asked
    os.close(_LIFELINE)


def renew_randomness(order: Order, setup: dict[str, Any]) -> None:
    """Draw what its siblings must not share; the fork has renewed `random` already.

    The seed of string hashes and the layout of memory cannot be changed any more.
    """
    for name, renew in _RANDOMNESS.items():
        module = sys.modules.get(name)
        if module is not None:
            renew(module)


def filter_system_calls(order: Order, setup: dict[str, Any]) -> None:
    """Leave only the system calls that programs need; from here on there is no way back."""
    kernel.filter_system_calls(setup["filter"])


def verify(order: Order, setup: dict[str, Any]) -> None:
    """Read back what the kernel made of it: a refusal that nobody noticed must not pass."""
    descriptor = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    status = os.read(descriptor, 8192)
    os.close(descriptor)
    wrong = [line.decode() for line in _EXPECTED if line + b"\n" not in status]
    kept = [name for name, own in namespaces().items() if own == setup["namespaces"][name]]
    seen = [name for name in os.listdir("/proc") if name.isdigit()]
    if wrong or kept or seen != [str(os.getpid())] or os.getpid() == 1 or os.listdir("/box"):
        raise RuntimeError(f"the kernel did not do as told: not {wrong}, shared {kept}, in sight {seen}")


def namespaces() -> dict[str, str]:
    """Return what identifies each of our namespaces that children must not share with the zygote."""
    folder = os.open("/proc/self/ns", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    found = {name: os.readlink(name, dir_fd=folder) for name in _NAMESPACES}
    os.close(folder)
    return found


STEPS: tuple[Callable[[Order, dict[str, Any]], None], ...] = (
    join_groups,
    leave_namespaces,
    take_descriptors,
    mount_folders,
    become_user,
    give_up_privileges,
    renew_randomness,
    filter_system_calls,
    verify,
)


def _renew_numpy(module: Any) -> None:
    module.seed()


def _renew_uuid(module: Any) -> None:
    module._last_timestamp = None
    module._node = module._random_getnode()  # as there is no network device to take it from
    module._generate_time_safe = None  # the C library keeps a node and a clock that cannot be renewed


def _renew_tempfile(module: Any) -> None:
    module._name_sequence = None


def _renew_multiprocessing(module: Any) -> None:
    module.current_process().authkey = os.urandom(32)


_RANDOMNESS: dict[str, Callable[[Any], None]] = {
    "numpy.random": _renew_numpy,
    "uuid": _renew_uuid,
    "tempfile": _renew_tempfile,
    "multiprocessing.process": _renew_multiprocessing,
}
_EXPECTED = (
    *(b"%s:\t%s" % (name, b"0" * 16) for name in (b"CapInh", b"CapPrm", b"CapEff", b"CapBnd", b"CapAmb")),
    *(b"%s:\t%s" % (name, b"\t".join([b"1000"] * 4)) for name in (b"Uid", b"Gid")),
    b"NoNewPrivs:\t1",
    b"Seccomp:\t2",
    b"Threads:\t1",
)


def _write(folder: int, name: str, text: str) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
