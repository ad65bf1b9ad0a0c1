"""Processes as the host sees them, in files of `/proc` that everybody may read."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

type Look = Callable[[str], tuple[str, ...] | None]
"""Says what the process with a name may that no program may; None if there is none."""

#: All of them have to be empty.
_CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A process.

    Attributes:
        pid: As this machine counts.
        parent: Its parent's.
        name: That it has given itself.
        numbers: Its ids in each of its process namespaces, the outermost first.
        fields: Everything that the kernel says of it.
    """

    pid: int
    parent: int
    name: str
    numbers: tuple[int, ...]
    fields: dict[str, str]

    @property
    def is_dead(self) -> bool:
        """Whether it has ended, and only its parent has not looked."""
        return self.fields.get("State", "Z")[0] in "ZX"


def seen(pid: int | str) -> Seen | None:
    """Look at one process; None if it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    numbers = tuple(int(number) for number in fields.get("NSpid", "").split())
    parent = int(fields.get("PPid", "0"))
    return Seen(pid=int(pid), parent=parent, name=fields.get("Name", ""), numbers=numbers, fields=fields)


def processes() -> list[Seen]:
    """Look at all that are alive."""
    found = (seen(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return [one for one in found if one is not None and not one.is_dead]


def named(prefix: str, among: Iterable[Seen]) -> list[Seen]:
    """Return those whose name begins with a text."""
    return [one for one in among if one.name.startswith(prefix)]


def enclosed(among: Iterable[Seen], *, below: int) -> list[Seen]:
    """Return the descendants of a process that are in a process namespace within its own."""
    among = list(among)
    depth = next((len(one.numbers) for one in among if one.pid == below), 1)
    family = {below}
    while True:
        more = {one.pid for one in among if one.parent in family} - family
        if not more:
            return [one for one in among if one.pid in family and len(one.numbers) > depth]
        family |= more


def rights_of(name: str) -> tuple[str, ...] | None:
    """Look at the process of a program of ours, by its name or else by where it is; see `Look`."""
    among = processes()
    process, own = program_of(name, among, below=os.getpid()), seen(os.getpid())
    if process is None or own is None:
        return None
    return tuple(excesses(process, depth=len(own.numbers)))


def remaining(name: str, *, is_alone: bool) -> list[str]:
    """Return the processes that a run of ours has left, by the name that its program has given them.

    Args:
        name: Or its beginning.
        is_alone: Nothing else of ours is in a sandbox: then any process in one is left over.
    """
    among = processes()
    left = named(name, among)
    if is_alone:
        left += [one for one in enclosed(among, below=os.getpid()) if one not in left]
    return [f"process {one.pid} (`{one.name}`) is still there" for one in left]


def program_of(name: str, among: Iterable[Seen], *, below: int) -> Seen | None:
    """Return the process of a program: by its name, else the innermost but the first of its namespace."""
    among = list(among)
    candidates = named(name, among) or [one for one in enclosed(among, below=below) if one.numbers[-1] != 1]
    return max(candidates, key=lambda one: len(one.numbers), default=None)


def excesses(process: Seen, *, depth: int) -> list[str]:
    """Return what a process may that no program may.

    Args:
        process: Of a program.
        depth: In how many process namespaces the engine itself is.
    """
    fields = process.fields
    checks = {
        "is root on the host": fields.get("Uid", "0").split()[0] == "0",
        "has capabilities": any(int(fields.get(name, "1"), 16) for name in _CAPABILITIES),
        "may gain privileges": fields.get("NoNewPrivs") != "1",
        "has no system call filter": fields.get("Seccomp") != "2",
        "is in the engine's process namespace": len(process.numbers) <= depth,
    }
    return [f"the program {what}" for what, holds in checks.items() if holds]
