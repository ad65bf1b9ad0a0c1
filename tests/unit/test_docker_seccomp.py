"""The profile for containers says of every known call what the jails say of it."""

import json
from typing import Any

import pytest

from runtimes.docker._seccomp import seccomp_profile
from runtimes.jails._seccomp import ALLOWED, CONDITIONS, DEADLY
from runtimes.jails._syscalls import SYSCALL_NUMBERS

MACHINES = ("x86_64", "aarch64")
HEADER = {
    "newfstat": "fstat",
    "newlstat": "lstat",
    "newstat": "stat",
    "newuname": "uname",
    "umount": "umount2",
}
HEADER["sendfile64"] = "sendfile"


def rules(machine: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(seccomp_profile(machine))["syscalls"]
    return found


def unconditional(machine: str) -> dict[str, str]:
    return {name: rule["action"] for rule in rules(machine) if not rule["args"] for name in rule["names"]}


@pytest.mark.parametrize("machine", MACHINES)
def test_every_known_call_has_one_rule(machine: str) -> None:
    plain = [name for rule in rules(machine) if not rule["args"] for name in rule["names"]]
    guarded = {name for rule in rules(machine) if rule["args"] for name in rule["names"]}
    known = {HEADER.get(name, name) for name in SYSCALL_NUMBERS[machine]}

    assert len(plain) == len(set(plain))
    assert not guarded & set(plain)
    assert guarded | set(plain) == known


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_are_allowed_or_deadly_as_in_jails(machine: str) -> None:
    actions = unconditional(machine)
    known = set(SYSCALL_NUMBERS[machine])

    assert {actions[HEADER.get(name, name)] for name in known & set(ALLOWED)} == {"SCMP_ACT_ALLOW"}
    assert {actions[HEADER.get(name, name)] for name in known & set(DEADLY)} == {"SCMP_ACT_KILL_PROCESS"}
    assert actions["clone3"] == actions["io_uring_setup"] == "SCMP_ACT_ERRNO"
    assert actions["pidfd_getfd"] == actions["mount_setattr"] == "SCMP_ACT_KILL_PROCESS"


def test_guarded_calls_are_those_of_jails() -> None:
    guarded = {name for rule in rules("x86_64") if rule["args"] for name in rule["names"]}

    assert guarded == {condition.call for condition in CONDITIONS}


def test_input_cannot_be_pushed_into_a_terminal() -> None:
    requests = {rule["args"][0]["valueTwo"] for rule in rules("x86_64") if rule["names"] == ["ioctl"]}

    assert not {0x5412, 0x541C} & requests
    assert {0x5401, 0x541B, 0x5421} <= requests
    masks = {rule["args"][0]["value"] for rule in rules("x86_64") if rule["names"] == ["ioctl"]}
    assert masks == {0xFFFFFFFF}  # what stands above is ignored, as the kernel does


def test_other_architectures_are_not_named() -> None:
    assert json.loads(seccomp_profile("x86_64"))["architectures"] == ["SCMP_ARCH_X86_64"]


def test_profile_does_not_change_from_call_to_call() -> None:
    assert seccomp_profile("x86_64") == seccomp_profile("x86_64")
