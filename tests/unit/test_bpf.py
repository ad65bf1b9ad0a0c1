"""The filter program answers as the lists say, in an interpreter here and in the kernel."""

import errno
import json
import platform
import signal
import struct
import subprocess
import sys

import pytest

from runtimes.jails._bpf import bpf_filter
from runtimes.jails._seccomp import ALLOWED, CONDITIONS, DEADLY, DEADLY_NUMBERS, REFUSED
from runtimes.jails._syscalls import SYSCALL_NUMBERS

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
MACHINES = tuple(ARCHITECTURES)
I386 = 0x40000003

ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS, EAFNOSUPPORT = (0x50000 | code for code in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT))

ANY = (1 << 64) - 1
HIGH, TOP = 1 << 32, 1 << 63
TIOCSTI, TIOCLINUX, TIOCGWINSZ = 0x5412, 0x541C, 0x5413
CLONE_THREAD_OF_LIBC, CLONE_NEWUSER, SIGCHLD = 0x3D0F00, 0x10000000, 17
NAMESPACE_FLAGS = (0x20000, 0x2000000, 0x4000000, 0x8000000, CLONE_NEWUSER, 0x20000000, 0x40000000)


def call_data(number: int, arguments: tuple[int, ...], architecture: int) -> bytes:
    """Return a `struct seccomp_data` whose unnamed arguments have all bits set."""
    padded = [*arguments, *[ANY] * (6 - len(arguments))]
    return struct.pack("<IIQ6Q", number, architecture, ANY, *padded)


def interpret(code: bytes, data: bytes) -> tuple[int, int]:
    """Run a program of classic BPF; return its answer and how many instructions it took."""
    instructions = list(struct.iter_unpack("<HBBI", code))
    position = loaded = 0
    for count in range(1, len(instructions) + 1):
        operation, then, otherwise, value = instructions[position]
        position += 1
        match operation:
            case 0x20:  # ld abs
                (loaded,) = struct.unpack_from("<I", data, value)
            case 0x54:  # and
                loaded &= value
            case 0x05:  # ja
                position += value
            case 0x15:  # jeq
                position += then if loaded == value else otherwise
            case 0x25:  # jgt
                position += then if loaded > value else otherwise
            case 0x35:  # jge
                position += then if loaded >= value else otherwise
            case 0x45:  # jset
                position += then if loaded & value else otherwise
            case 0x06:  # ret
                return value, count
            case _:
                raise AssertionError(f"operation {operation:#x} is not known")
    raise AssertionError("the program does not end")


def answer(machine: str, number: int, *arguments: int) -> int:
    return interpret(bpf_filter(machine), call_data(number, arguments, ARCHITECTURES[machine]))[0]


def plain_answers(machine: str) -> dict[int, int]:
    """Return what the lists say of each call that has no condition."""
    numbers = SYSCALL_NUMBERS[machine]
    names = dict.fromkeys(ALLOWED, ALLOW) | dict.fromkeys(DEADLY, KILL)
    names |= {call: 0x50000 | code for code, calls in REFUSED.items() for call in calls}
    for condition in CONDITIONS:
        del names[condition.call]
    found = {numbers[name]: value for name, value in names.items() if name in numbers}
    return found | dict.fromkeys(DEADLY_NUMBERS.get(machine, ()), KILL)


@pytest.mark.parametrize("arguments", [(0,) * 6, (1,) * 6, (ANY,) * 6])
@pytest.mark.parametrize("machine", MACHINES)
def test_every_number_gets_the_answer_of_the_lists(machine: str, arguments: tuple[int, ...]) -> None:
    code, answers = bpf_filter(machine), plain_answers(machine)
    guarded = {SYSCALL_NUMBERS[machine][condition.call] for condition in CONDITIONS}
    numbers = [number for number in range(501) if number not in guarded]

    found = {
        number: interpret(code, call_data(number, arguments, ARCHITECTURES[machine]))[0] for number in numbers
    }

    assert found == {number: answers.get(number, ENOSYS) for number in numbers}


@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("clone", (SIGCHLD,), ALLOW),
        ("clone", (CLONE_THREAD_OF_LIBC,), ALLOW),
        *(("clone", (flag | SIGCHLD,), EPERM) for flag in NAMESPACE_FLAGS),
        ("clone", (TOP | HIGH | CLONE_NEWUSER,), EPERM),
        ("socket", (1,), ALLOW),
        *(("socket", (family,), EAFNOSUPPORT) for family in (0, 2, 10, 16, 17, 40, HIGH | 1, TOP | 1, ANY)),
        ("socketpair", (1,), ALLOW),
        ("socketpair", (2,), EAFNOSUPPORT),
        ("socketpair", (HIGH | 1,), EAFNOSUPPORT),
        ("prlimit64", (0,), ALLOW),
        *(("prlimit64", (pid,), EPERM) for pid in (1, HIGH, TOP, ANY)),
        *(("setpriority", (which, 0), ALLOW) for which in (0, 1, ANY)),
        *(("setpriority", (0, who), EPERM) for who in (1, HIGH, TOP, ANY)),
        ("personality", (0,), ALLOW),
        ("personality", (0xFFFFFFFF,), ALLOW),
        *(("personality", (persona,), EPERM) for persona in (1, 0x40000, 0xFFFFFFFE, HIGH, ANY)),
        *(("ioctl", (0, request), ALLOW) for request in (0, TIOCGWINSZ, TIOCSTI - 1, TIOCLINUX + 1, ANY)),
        ("ioctl", (TIOCSTI, TIOCGWINSZ), ALLOW),
        *(("ioctl", (0, high | TIOCSTI), EPERM) for high in (0, HIGH, TOP, ANY - 0xFFFFFFFF)),
        *(("ioctl", (0, high | TIOCLINUX), EPERM) for high in (0, HIGH, TOP, ANY - 0xFFFFFFFF)),
    ],
)
@pytest.mark.parametrize("machine", MACHINES)
def test_call_with_a_condition(machine: str, call: str, arguments: tuple[int, ...], expected: int) -> None:
    found = answer(machine, SYSCALL_NUMBERS[machine][call], *arguments)

    assert found == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_other_architecture_kills(machine: str) -> None:
    code, getpid = bpf_filter(machine), SYSCALL_NUMBERS[machine]["getpid"]
    others = {I386, 0, ANY >> 32, *ARCHITECTURES.values()} - {ARCHITECTURES[machine]}

    found = {interpret(code, call_data(getpid, (), other))[0] for other in others}

    assert found == {KILL}


@pytest.mark.parametrize("machine", MACHINES)
def test_number_beyond_the_known_is_refused(machine: str) -> None:
    code, architecture = bpf_filter(machine), ARCHITECTURES[machine]
    x32 = [1 << 30 | number for number in range(600)]
    numbers = [501, (1 << 30) - 1, *x32, 1 << 31, ANY >> 32]

    found = {interpret(code, call_data(number, (), architecture))[0] for number in numbers}

    assert found == {ENOSYS}


@pytest.mark.parametrize("machine", MACHINES)
def test_no_call_takes_more_than_twenty_instructions(machine: str) -> None:
    code, architecture = bpf_filter(machine), ARCHITECTURES[machine]

    counts = [interpret(code, call_data(number, (), architecture))[1] for number in range(501)]

    assert max(counts) <= 20
    assert len(code) // 8 < 256


def test_unknown_machine_is_an_error_that_names_the_known() -> None:
    with pytest.raises(ValueError, match="`riscv64`: those known are `x86_64`, `aarch64`"):
        bpf_filter("riscv64")


INSTALL = """
import ctypes, json, os, subprocess, sys, threading
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
code = bytes.fromhex(sys.argv[1])
buffer = ctypes.create_string_buffer(code, len(code))
program = Program(len(code) // 8, ctypes.addressof(buffer))
unused = ctypes.c_ulong(0)
# No core file of who is killed.
assert libc.prctl(4, unused, unused, unused, unused) == 0
assert libc.prctl(38, ctypes.c_ulong(1), unused, unused, unused) == 0
assert libc.prctl(22, ctypes.c_ulong(2), ctypes.byref(program), unused, unused) == 0
def call(number, *arguments):
    value = libc.syscall(*[ctypes.c_ulong(word) for word in (number, *arguments)])
    return "ok" if value >= 0 else ctypes.get_errno()
"""
needs_numbers = pytest.mark.skipif(
    platform.machine() not in MACHINES, reason="the system call numbers of this machine are not known"
)


def filtered(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that has installed the filter."""
    code = bpf_filter(platform.machine()).hex()
    command = [sys.executable, "-I", "-S", "-c", INSTALL + program, code]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
    )


def outcomes(calls: dict[str, tuple[int, ...]]) -> dict[str, object]:
    ended = filtered(f"print(json.dumps({{name: call(*words) for name, words in {calls!r}.items()}}))")
    assert ended.returncode == 0, ended
    found: dict[str, object] = json.loads(ended.stdout)
    return found


@needs_numbers
def test_kernel_answers_as_the_lists_say() -> None:
    number = SYSCALL_NUMBERS[platform.machine()]

    found = outcomes(
        {
            "getpid": (number["getpid"],),
            "number 600": (600,),
            "clone3": (number["clone3"], 0, 0),
            "unshare": (number["unshare"], CLONE_NEWUSER),
            "clone of a user namespace": (number["clone"], CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0),
            "inet socket": (number["socket"], 2, 1, 0),
            "unix socket": (number["socket"], 1, 1, 0),
            "unix socket, high bit": (number["socket"], HIGH | 1, 1, 0),
            "own limit": (number["prlimit64"], 0, 7, 0, 0),
            "limit of another": (number["prlimit64"], 1, 7, 0, 0),
            "personality asked": (number["personality"], 0xFFFFFFFF),
            "personality set": (number["personality"], 0x40000),
            "window size": (number["ioctl"], 0, TIOCGWINSZ, 0),
            "terminal input": (number["ioctl"], 0, TIOCSTI, 0),
            "terminal input, high bit": (number["ioctl"], 0, HIGH | TIOCSTI, 0),
        }
    )

    assert found == {
        "getpid": "ok",
        "number 600": errno.ENOSYS,
        "clone3": errno.ENOSYS,
        "unshare": errno.EPERM,
        "clone of a user namespace": errno.EPERM,
        "inet socket": errno.EAFNOSUPPORT,
        "unix socket": "ok",
        "unix socket, high bit": errno.EAFNOSUPPORT,
        "own limit": "ok",
        "limit of another": errno.EPERM,
        "personality asked": "ok",
        "personality set": errno.EPERM,
        "window size": errno.ENOTTY,
        "terminal input": errno.EPERM,
        "terminal input, high bit": errno.EPERM,
    }


@needs_numbers
@pytest.mark.parametrize("name", DEADLY)
def test_kernel_kills_who_makes_a_deadly_call(name: str) -> None:
    number = SYSCALL_NUMBERS[platform.machine()].get(name)
    if number is None:
        pytest.skip(f"{platform.machine()} has no {name}")

    # Pointers to nowhere: if it is let through, it changes nothing.
    ended = filtered(f"call({number}, *[{ANY}] * 6)")

    assert ended.returncode == -signal.SIGSYS


@needs_numbers
def test_whole_process_is_killed_not_the_calling_thread_alone() -> None:
    number = SYSCALL_NUMBERS[platform.machine()]["ptrace"]

    ended = filtered(
        f"caller = threading.Thread(target=call, args=({number}, 0, 0, 0, 0))\n"
        "caller.start()\ncaller.join()\nprint('still here')"
    )

    assert (ended.returncode, ended.stdout) == (-signal.SIGSYS, "")


@needs_numbers
def test_threads_and_processes_work() -> None:
    ended = filtered(
        "found = []\n"
        "threads = [threading.Thread(target=found.append, args=(n,)) for n in range(4)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "child = subprocess.run([sys.executable, '-I', '-S', '-c', 'print(6 * 7)'], capture_output=True)\n"
        "print(sorted(found), child.returncode, child.stdout.decode())"
    )

    assert (ended.stdout.strip(), ended.stderr) == ("[0, 1, 2, 3] 0 42", "")
