"""What root sees of the processes of runs, whichever way they came to be."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.machine import command_line, jailed

_ZYGOTE = "start_zygote"
#: In how many process namespaces the processes of a zygote's jail can be seen; those of its runs in one more.
_DEPTH_OF_ZYGOTE = 2
_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
_MODES = {os.O_RDONLY: "r", os.O_WRONLY: "w", os.O_RDWR: "rw"}


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
    """Return the processes of a warden's runs.

    Zygotes and their makers stay from run to run, and each maker keeps the first process of a jail ready.
    """
    return [pid for pid in jailed(warden) if not _is_of_zygote(pid)]


def inits(warden: int) -> list[int]:
    """Return the first processes of forked jails, with or without a program beside them."""
    return [pid for pid in jailed(warden) if _is_of_zygote(pid) and _is_init(pid)]


def programs(warden: int) -> list[int]:
    """Return the processes in the jails of runs but their first ones."""
    return [pid for pid in of_runs(warden) if len(numbers_of(pid)) > 1 and numbers_of(pid)[-1] != 1]


def uid_of(pid: int) -> int:
    """Return the uid of a process, as the host counts; -1 if it is gone."""
    return int(status(pid).get("Uid", "-1").split()[0])


def oom_score(pid: int) -> int:
    """Return how soon the kernel takes a process when the machine is out of memory, up to 1000."""
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text("ascii"))


def shared_namespaces(left: int, right: int) -> set[str]:
    """Return the kinds of namespaces that two processes have in common; times are not separated."""
    return {name for name in _NAMESPACES if _namespace(left, name) == _namespace(right, name)}


def limits_of(pid: int) -> dict[str, tuple[str, str]]:
    """Return soft and hard resource limits by the kernel's names."""
    lines = Path(f"/proc/{pid}/limits").read_text("ascii").splitlines()[1:]
    return {line[:26].strip(): (line[26:47].strip(), line[47:68].strip()) for line in lines}


def open_files(pid: int) -> dict[int, str]:
    """Return what each descriptor is, such as `pipe r` or `socket rw`."""
    return {int(name): _file(pid, name) for name in os.listdir(f"/proc/{pid}/fd")}


def threads(pid: int) -> Iterator[dict[str, str]]:
    """Return what the kernel says of each thread."""
    for name in os.listdir(f"/proc/{pid}/task"):
        lines = Path(f"/proc/{pid}/task/{name}/status").read_text("utf-8").splitlines()
        yield {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def inodes(pid: int, kind: str) -> Iterator[tuple[int, str]]:
    """Return number and inode of each descriptor that is a pipe or a socket."""
    for name in os.listdir(f"/proc/{pid}/fd"):
        found, _, inode = os.readlink(f"/proc/{pid}/fd/{name}").partition(":")
        if found == kind:
            yield int(name), inode.strip("[]")


def unix_sockets(pid: int) -> dict[str, str]:
    """Return inode and name of each unix socket that was made in the network namespace of a process."""
    lines = Path(f"/proc/{pid}/net/unix").read_text("utf-8").splitlines()[1:]
    return {fields[6]: " ".join(fields[7:]) for fields in (line.split() for line in lines)}


class Mounted(NamedTuple):
    """What lies at a mount point: its options, and those of the file system."""

    options: set[str]
    inner: set[str]


def mounts(pid: int) -> dict[str, Mounted]:
    """Return what a process sees at each mount point, which is what was mounted last."""
    lines = Path(f"/proc/{pid}/mountinfo").read_text("utf-8").splitlines()
    return {
        fields[4]: Mounted(set(fields[5].split(",")), set(fields[-1].split(",")))
        for fields in (line.split() for line in lines)
    }


def variables(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with."""
    lines = Path(f"/proc/{pid}/environ").read_bytes().decode().rstrip("\0").split("\0")
    return dict(line.split("=", 1) for line in lines)


def _file(pid: int, name: str) -> str:
    kind = os.readlink(f"/proc/{pid}/fd/{name}").partition(":")[0]
    flags = Path(f"/proc/{pid}/fdinfo/{name}").read_text("ascii").partition("flags:")[2].split()[0]
    return f"{kind} {_MODES[int(flags, 8) & os.O_ACCMODE]}"


def _namespace(pid: int, name: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/{name}")


def _is_of_zygote(pid: int) -> bool:
    is_outside = len(numbers_of(pid)) <= _DEPTH_OF_ZYGOTE
    return _ZYGOTE in command_line(pid) and (is_outside or _is_init(pid))


def _is_init(pid: int) -> bool:
    numbers = numbers_of(pid)
    return len(numbers) > _DEPTH_OF_ZYGOTE and numbers[-1] == 1
