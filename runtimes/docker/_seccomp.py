"""The system calls that a container may make: those of a jail, in the form that daemons take."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from runtimes.jails._seccomp import (
    ALLOWED,
    CONDITIONS,
    DEADLY,
    DEFAULT_ERRNO,
    EAFNOSUPPORT,
    REFUSED,
    Condition,
)
from runtimes.jails._syscalls import SYSCALL_NUMBERS

#: kafel names a call after the function in the kernel; daemons take the names of the C headers.
_HEADER_NAMES = {
    "newfstat": "fstat",
    "newlstat": "lstat",
    "newstat": "stat",
    "newuname": "uname",
    "sendfile64": "sendfile",
    "umount": "umount2",
}
#: Newer than kafel's names, and older than no daemon's.
_NEW_DEADLY = "pidfd_getfd open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr".split()
#: Families of sockets that programs expect to be refused as such: some try IPv6 first.
_FAMILIES = range(2, 46)
_LOW_HALF = 0xFFFFFFFF
_TERMINAL_CALLS = (*range(0x5401, 0x5412), *range(0x5413, 0x541C))
#: Descriptors, pseudo-terminals, and copies on write. Pushing input into a terminal is not among them.
_OTHER_CALLS = (0x5421, 0x5423, 0x5429, 0x5450, 0x5451, 0x5452, 0x5460, 0x40045431, 0x80045430, 0x40049409)
_IOCTLS = (*_TERMINAL_CALLS, *_OTHER_CALLS)


@cache
def seccomp_profile(machine: str) -> str:
    """Return the profile as JSON for a machine such as `x86_64`.

    A call that nobody names gets ENOSYS. Older daemons know no errno for the default; so all known calls are
    named.
    """
    return json.dumps(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "defaultErrnoRet": DEFAULT_ERRNO,
            "architectures": [_ARCHITECTURES[machine]],
            "syscalls": list(_rules(machine)),
        },
        separators=(",", ":"),
    )


_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}


def _rules(machine: str) -> Iterator[dict[str, Any]]:
    known = set(SYSCALL_NUMBERS[machine])
    deadly = known & {*DEADLY, *_NEW_DEADLY}
    allowed = known & set(ALLOWED)
    conditional = {condition.call for condition in CONDITIONS}
    refused = {call: errno for errno, calls in REFUSED.items() for call in calls}
    yield _rule(allowed, "SCMP_ACT_ALLOW")
    yield _rule(deadly, "SCMP_ACT_KILL_PROCESS")
    for condition in CONDITIONS:
        yield from _conditional(condition)
    for call in ("socket", "socketpair"):
        for family in _FAMILIES:
            yield {**_allowed(call, 0, family, None), **_ERRNO_OF_FAMILY}
    for call, errno in refused.items():
        if call not in conditional:
            yield _rule({call}, "SCMP_ACT_ERRNO", errnoRet=errno)
    rest = known - allowed - deadly - conditional - set(refused)
    yield _rule(rest, "SCMP_ACT_ERRNO", errnoRet=DEFAULT_ERRNO)


_ERRNO_OF_FAMILY = {"action": "SCMP_ACT_ERRNO", "errnoRet": EAFNOSUPPORT}


def _conditional(condition: Condition) -> Iterator[dict[str, Any]]:
    """Allow a call with certain arguments. With others it gets the default, as rules cannot exclude."""
    index = len(condition.arguments) - 1
    match condition.test:
        case "in":
            for value in condition.values:
                yield _allowed(condition.call, index, value, None)
        case "without bits":
            yield _allowed(condition.call, index, 0, condition.values[0])
        case "not in":
            for value in _IOCTLS:
                yield _allowed(condition.call, index, value, _LOW_HALF)


def _allowed(call: str, index: int, value: int, mask: int | None) -> dict[str, Any]:
    test = (
        {"index": index, "value": value, "op": "SCMP_CMP_EQ"}
        if mask is None
        else {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}
    )
    return {"names": [call], "action": "SCMP_ACT_ALLOW", "args": [test]}


def _rule(calls: set[str], action: str, **more: int) -> dict[str, Any]:
    names = sorted(_HEADER_NAMES.get(call, call) for call in calls)
    return {"names": names, "action": action, "args": [], **more}
