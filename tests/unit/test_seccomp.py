"""The text of the system call policy: who is deadly is never allowed, and no call is named twice."""

import re
from pathlib import Path

import pytest

from runtimes.jails._seccomp import ALLOWED, CONDITIONS, DEADLY, DEADLY_NUMBERS, REFUSED, kafel
from runtimes.jails._syscalls import SYSCALL_NUMBERS

MACHINES = ("x86_64", "aarch64")
#: Where the C library's headers may be; the generic table is that of aarch64.
HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}
#: What the headers call what kafel calls otherwise.
HEADER_NAMES = {
    "newstat": "stat",
    "newfstat": "fstat",
    "newlstat": "lstat",
    "newfstatat": "fstatat",
    "newuname": "uname",
    "umount": "umount2",
    "sendfile64": "sendfile",
}


def blocks(text: str, action: str) -> list[str]:
    """Return what stands in the braces after each mention of an action."""
    found = []
    for match in re.finditer(rf"^  {re.escape(action)} \{{", text, re.MULTILINE):
        depth, position = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            position += 1
        found.append(text[match.end() : position - 1])
    return found


def names(block: str) -> list[str]:
    """Return the calls that a block names, those with a condition included."""
    bare = re.sub(r"\([^)]*\) \{[^}]*\}", "", block)
    return [name for name in re.split(r"[\s,]+", bare) if name]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", DEADLY)
def test_deadly_call_kills_and_is_never_allowed(call: str, machine: str) -> None:
    text = kafel(machine)

    (killed,) = blocks(text, "KILL_PROCESS")
    allowed = [name for block in blocks(text, "ALLOW") for name in names(block)]
    assert call in names(killed)
    assert call not in allowed


def test_deadly_numbers_are_those_of_the_machine_alone() -> None:
    (intel,) = blocks(kafel("x86_64"), "KILL_PROCESS")
    (arm,) = blocks(kafel("aarch64"), "KILL_PROCESS")

    assert [f"SYSCALL[{number}]" in intel for number in DEADLY_NUMBERS["x86_64"]] == [True] * 8
    assert "SYSCALL" not in arm


def test_no_call_is_named_twice() -> None:
    assert len(set(ALLOWED)) == len(ALLOWED)
    assert len(set(DEADLY)) == len(DEADLY)
    assert len(set(DEADLY_NUMBERS["x86_64"])) == len(DEADLY_NUMBERS["x86_64"])
    assert not set(ALLOWED) & set(DEADLY)


def test_no_call_with_a_condition_is_allowed_without_it() -> None:
    _, conditional = blocks(kafel("x86_64"), "ALLOW")

    guarded = re.findall(r"(\w+)\([^)]*\) \{", conditional)
    assert {"clone", "ioctl", "personality", "prlimit64", "socket"} <= set(guarded)
    assert not set(guarded) & set(ALLOWED)


@pytest.mark.parametrize(
    "call", ["clone3", "unshare", "io_uring_setup", "inotify_init1", "fanotify_init", "vmsplice"]
)
def test_call_with_a_reach_beyond_the_jail_is_not_allowed(call: str) -> None:
    allowed = [name for block in blocks(kafel("x86_64"), "ALLOW") for name in names(block)]

    assert call not in allowed


def test_default_is_refusal() -> None:
    text = kafel("x86_64")

    assert text.splitlines()[-1] == "USE jail DEFAULT ERRNO(38)"
    assert text.startswith("POLICY jail {")


def test_socket_of_the_unix_family_is_the_only_one() -> None:
    assert "socket(domain) { domain == 1 }" in kafel("x86_64")
    (refused,) = blocks(kafel("x86_64"), "ERRNO(97)")
    assert "socket" in names(refused)


def test_terminal_requests_are_compared_by_the_half_that_the_kernel_reads() -> None:
    text = kafel("x86_64")

    assert "ioctl(fd, request) { (request & 4294967295) != 21522 && (request & 4294967295) != 21532 }" in text


def test_every_condition_has_a_refusal_for_the_rest() -> None:
    refused = [call for calls in REFUSED.values() for call in calls]

    assert {condition.call for condition in CONDITIONS} <= set(refused)
    assert len(set(refused)) == len(refused)
    assert not set(refused) & {*ALLOWED, *DEADLY}


def test_values_of_conditions_fit_in_half_an_argument() -> None:
    assert all(0 <= value < 1 << 32 for condition in CONDITIONS for value in condition.values)


def test_every_call_named_has_a_number() -> None:
    named = {*ALLOWED, *DEADLY, *(call for calls in REFUSED.values() for call in calls)}

    assert named <= set(SYSCALL_NUMBERS["x86_64"])
    assert {name for name in named if name not in SYSCALL_NUMBERS["aarch64"]} < set(ALLOWED) | {
        "iopl",
        "ioperm",
    }


@pytest.mark.parametrize("machine", MACHINES)
def test_no_two_calls_have_one_number(machine: str) -> None:
    numbers = SYSCALL_NUMBERS[machine]

    assert len(set(numbers.values())) == len(numbers)


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_the_headers(machine: str) -> None:
    header = next((Path(path) for path in HEADERS[machine] if Path(path).exists()), None)
    if header is None:
        pytest.skip(f"no headers of the kernel for {machine} on this machine")
    defined = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\s", header.read_text("utf-8"))
    official = {name: int(number) for name, number in defined}

    numbers = SYSCALL_NUMBERS[machine]

    # Old headers lack the newest calls.
    wrong = {
        name: number
        for name, number in numbers.items()
        if official.get(name, official.get(HEADER_NAMES.get(name, name), number)) != number
    }
    assert wrong == {}
    assert len(set(numbers.values()) & set(official.values())) > 200
