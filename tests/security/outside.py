"""What root sees of the processes of runs, whichever way they came to be."""

import os
from pathlib import Path

from tests.support.machine import command_line, jailed

_ZYGOTE = "start_zygote"
#: In how many process namespaces the processes of a zygote's jail can be seen; those of its runs in one more.
_DEPTH_OF_ZYGOTE = 2


def status(pid: int) -> dict[str, str]:
    """Return what the kernel says of a process; empty if it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def numbers_of(pid: int) -> list[int]:
    """Return the ids of a process in each of its process namespaces, ours first; empty if it is gone."""
    return [int(number) for number in status(pid).get("NSpid", "").split()]


def of_runs(warden: int) -> list[int]:
    """Return the processes of a warden's runs: zygotes and their makers stay from run to run."""
    return [pid for pid in jailed(warden) if not _is_of_zygote(pid)]


def programs(warden: int) -> list[int]:
    """Return the processes in the jails of runs but their first ones."""
    return [pid for pid in of_runs(warden) if len(numbers_of(pid)) > 1 and numbers_of(pid)[-1] != 1]


def uid_of(pid: int) -> int:
    """Return the uid of a process, as the host counts; -1 if it is gone."""
    return int(status(pid).get("Uid", "-1").split()[0])


def namespaces(pid: int) -> dict[str, str]:
    """Return the namespaces of a process."""
    folder = f"/proc/{pid}/ns"
    return {name: os.readlink(f"{folder}/{name}") for name in os.listdir(folder)}


def _is_of_zygote(pid: int) -> bool:
    return _ZYGOTE in command_line(pid) and len(numbers_of(pid)) <= _DEPTH_OF_ZYGOTE
