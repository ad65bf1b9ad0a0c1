"""What a broken engine may leave behind: processes, and control groups that nobody will remove."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.support.machine import is_running, wait_until

#: An engine whose warden is gone ends; so do sandboxes whose engine is gone.
END_SECONDS = 20.0
#: A control group and the process that has made it.
_OF_WARDEN = re.compile(r"isorun-(\d+)-")
#: Of the fields behind the command's name in `/proc/PID/stat`.
_BEGAN = 19


class Seen(NamedTuple):
    """A process: its number alone may be that of another one later.

    Attributes:
        pid: Its number.
        began: When it was started, as the kernel counts.
    """

    pid: int
    began: str

    def is_there(self) -> bool:
        """Whether it still runs."""
        return is_running(self.pid) and seen(self.pid) == self


def seen(pid: int) -> Seen:
    """Take note of a process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return Seen(pid, "")
    return Seen(pid, fields[_BEGAN])


def left_over(look: Callable[[], Mapping[str, Sequence[object]]]) -> list[str]:
    """Return what is still there after some patience: what was killed last may still be ending."""
    with suppress(AssertionError):
        wait_until(lambda: not any(look().values()), what="nothing is left", seconds=END_SECONDS)
    return [f"{what}: {found}" for what, found in look().items() if found]


def own_processes(folder: Path) -> set[int]:
    """Return the processes that were started with this folder in their environment or arguments."""
    found = set()
    for entry in filter(str.isdigit, os.listdir("/proc")):
        for told in ("environ", "cmdline"):
            with suppress(OSError):
                if os.fsencode(folder) in Path("/proc", entry, told).read_bytes():
                    found.add(int(entry))
    return found - {os.getpid()}


def ownerless_groups() -> set[str]:
    """Return the control groups whose warden is gone, whoever had started it."""
    groups = set()
    for parent, names, _ in os.walk("/sys/fs/cgroup"):
        for name in names:
            of_warden = _OF_WARDEN.match(name)
            if of_warden and not is_running(int(of_warden[1])):
                groups.add(os.path.join(parent, name))
    return groups
