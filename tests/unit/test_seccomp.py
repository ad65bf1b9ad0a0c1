"""The text of the system call policy: who is deadly is never allowed, and no call is named twice."""

import re

import pytest

from runtimes._seccomp import ALLOWED, DEADLY, DEADLY_NUMBERS, kafel

MACHINES = ("x86_64", "aarch64")


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
