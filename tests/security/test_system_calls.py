"""The list of system calls: what is deadly kills, what is refused is refused, and nothing is in two lists."""

import ctypes
import errno
import platform

import pytest

from engine import Engine
from runtimes.jails._seccomp import ALLOWED, DEADLY, DEADLY_NUMBERS, kafel
from tests.support.jails import run_python

#: Numbers of x86-64, by kafel's names where those differ from the kernel's.
NUMBERS = {
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "bpf": 321,
    "userfaultfd": 323,
    "kexec_load": 246,
    "kexec_file_load": 320,
    "init_module": 175,
    "finit_module": 313,
    "delete_module": 176,
    "open_by_handle_at": 304,
    "name_to_handle_at": 303,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "mount": 165,
    "umount": 166,
    "pivot_root": 155,
    "chroot": 161,
    "setns": 308,
    "reboot": 169,
    "swapon": 167,
    "swapoff": 168,
    "acct": 163,
    "iopl": 172,
    "ioperm": 173,
    "move_pages": 279,
    "migrate_pages": 256,
    "kcmp": 312,
    "lookup_dcookie": 212,
}
#: Left out of both lists: they must answer with an error.
REFUSED = {
    "unshare": 272,
    "perf_event_open": 298,
    "syslog": 103,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "pidfd_open": 434,
    "clone3": 435,
    "pidfd_send_signal": 424,
    "process_madvise": 440,
    "fanotify_init": 300,
    "quotactl": 179,
    "vhangup": 153,
    "modify_ldt": 154,
    "vmsplice": 278,
    "sethostname": 170,
    "settimeofday": 164,
    "clock_settime": 227,
    "adjtimex": 159,
    "landlock_create_ruleset": 444,
    "memfd_secret": 447,
    "futex_waitv": 449,
    "cachestat": 451,
    "map_shadow_stack": 453,
    "inotify_init1": 294,
}

PROBE = """
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
ends = {}
for name, number in numbers.items():
    pid = os.fork()
    if pid == 0:
        # Pointers to nowhere: what is let through says EFAULT or EINVAL, and changes nothing.
        value = libc.syscall(number, *[ctypes.c_long(-1)] * 6)
        os._exit(ctypes.get_errno() if value == -1 else 200)
    status = os.waitpid(pid, 0)[1]
    killed = os.WIFSIGNALED(status)
    ends[name] = signal.Signals(os.WTERMSIG(status)).name if killed else os.WEXITSTATUS(status)
result = ends
"""
x86_64_only = pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86-64")


async def ends(engine: Engine, numbers: dict[str, int]) -> dict[str, object]:
    result = await run_python(engine, f"numbers = {numbers!r}\n{PROBE}")
    assert isinstance(result.value, dict), result
    return result.value


@pytest.mark.jail
@pytest.mark.rows(12, 15)
@x86_64_only
async def test_every_deadly_call_kills(engine: Engine) -> None:
    numbers = NUMBERS | {f"number {number}": number for number in DEADLY_NUMBERS["x86_64"]}

    found = await ends(engine, numbers)

    assert found == dict.fromkeys(numbers, "SIGSYS")


@pytest.mark.jail
@pytest.mark.rows(10, 14, 15)
@x86_64_only
async def test_calls_outside_the_list_are_refused(engine: Engine) -> None:
    found = await ends(engine, REFUSED)

    assert set(found.values()) <= {1, 38}, found


@pytest.mark.jail
@pytest.mark.rows(15)
@x86_64_only
async def test_no_call_of_the_future_is_let_through(engine: Engine) -> None:
    numbers = {str(number): number for number in range(455, 520)}

    found = await ends(engine, numbers)

    assert found == dict.fromkeys(numbers, 38)


@pytest.mark.jail
@pytest.mark.rows(15, 17)
async def test_request_that_types_into_a_terminal_is_refused_with_and_without_high_bits(
    engine: Engine,
) -> None:
    """The kernel reads 32 bits of a request. Without the filter a pipe answers ENOTTY."""
    code = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
errors = []
for request in (0x5412, 0x5412 | 1 << 32, 0x541C, 0x541C | 1 << 63, 0x5401):
    libc.ioctl(0, ctypes.c_ulong(request), ctypes.c_char_p(b"x"))
    errors.append(ctypes.get_errno())
result = errors
"""

    result = await run_python(engine, code)

    assert result.value == [errno.EPERM] * 4 + [errno.ENOTTY]


@x86_64_only
def test_numbers_cover_the_deadly_list() -> None:
    assert set(NUMBERS) == set(DEADLY)


def test_no_call_is_both_allowed_and_deadly() -> None:
    assert not set(ALLOWED) & set(DEADLY)
    assert len(set(ALLOWED)) == len(ALLOWED)
    assert len(set(DEADLY)) == len(DEADLY)


def test_default_is_refusal_on_every_machine() -> None:
    for machine in ("x86_64", "aarch64", "riscv64"):
        assert kafel(machine).endswith("DEFAULT ERRNO(38)")


def test_namespace_flags_cover_all_that_clone_takes() -> None:
    flags = 0
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        flags |= flag

    assert f"flags & {flags}" in kafel("x86_64")
    assert ctypes.c_uint32(flags).value == flags
